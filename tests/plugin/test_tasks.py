"""Work in threads: workers, runs over generators and tiles, tasks, latest requests."""

import gc
import threading
import time
import weakref
from types import SimpleNamespace

import pytest
from qtpy.QtCore import QThreadPool, QTimer

from napari_xrf_pigments.plugin import tasks
from napari_xrf_pigments.plugin.opening import run_blocking_in_thread
from napari_xrf_pigments.plugin.tasks import (
    Failure,
    LatestOnly,
    Progress,
    Run,
    consume_tiles,
    iterate_until_cancelled,
    start_worker,
)

TIMEOUT = 60_000


def start(work, *args):
    """Start work and collect what its slots receive."""
    seen = SimpleNamespace(items=[], results=[], errors=[], ends=[])
    worker = start_worker(
        work,
        *args,
        item=seen.items.append,
        returned=seen.results.append,
        failed=seen.errors.append,
        ended=lambda: seen.ends.append(True),
    )
    return worker, seen


@pytest.fixture
def uncollected():
    gc.disable()  # closing must not wait until Python collects the generator
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
def test_a_generator_whose_worker_is_stopped_is_closed(qtbot):
    closed, workers = [], []

    def count():
        try:
            yield 1
            workers[0].quit()  # as napari does when its window closes
            yield 2
            yield 3
        finally:
            closed.append(True)

    begin = threading.Event()

    def count_later():
        assert begin.wait(60)
        yield from count()

    worker, seen = start(count_later)
    workers.append(worker)
    begin.set()
    qtbot.waitUntil(lambda: bool(seen.ends), timeout=TIMEOUT)
    assert seen.items == [1, 2]
    assert closed == [True]
    assert seen.results == []


def test_a_generator_that_ends_returns_its_value(qtbot):
    def count():
        yield 1
        return 2

    _, seen = start(count)
    qtbot.waitUntil(lambda: bool(seen.ends), timeout=TIMEOUT)
    qtbot.wait(20)
    assert (seen.items, seen.results, seen.errors, seen.ends) == ([1], [2], [], [True])


@pytest.mark.parametrize("kind", [RuntimeError, KeyError])
@pytest.mark.parametrize("items", [[], [1, 2]])
def test_an_unexpected_error_is_shown_and_the_work_ends(qtbot, notes, kind, items):
    def count():
        yield from items
        raise kind("not enough memory")

    _, seen = start(count)
    qtbot.waitUntil(lambda: bool(seen.ends), timeout=TIMEOUT)
    assert seen.items == items
    assert [type(error) for error in seen.errors] == [kind]
    ((text, severity),) = notes()
    assert "not enough memory" in text
    assert severity == "error"


def test_the_error_of_a_function_is_shown(qtbot, notes):
    def compute():
        raise RuntimeError("not enough memory")

    _, seen = start(compute)
    qtbot.waitUntil(lambda: bool(seen.ends), timeout=TIMEOUT)
    ((text, severity),) = notes()
    assert "not enough memory" in text
    assert severity == "error"


@pytest.mark.parametrize("kind", ["function", "generator"])
def test_a_worker_that_has_ended_holds_neither_arguments_nor_slots(kind, qtbot):
    """napari keeps it until its window closes."""

    class Scan:
        pass

    def work(scan):
        return scan is not None

    def yields(scan):
        yield scan is not None

    scan, listener, ends = Scan(), Scan(), []
    gone = [weakref.ref(scan), weakref.ref(listener)]

    def end(listener=listener):
        ends.append(listener is not None)

    worker = start_worker(work if kind == "function" else yields, scan, ended=end)
    del scan, listener, end
    qtbot.waitUntil(lambda: ends == [True], timeout=TIMEOUT)

    def collected():
        gc.collect()
        return [ref() for ref in gone] == [None, None]

    qtbot.waitUntil(collected, timeout=20_000)
    worker.quit()  # as napari does when its window closes


def test_workers_leave_the_threads_of_the_pool_to_others(qtbot):
    pool, release, ends = QThreadPool.globalInstance(), threading.Event(), []
    before = pool.maxThreadCount()
    for _ in range(before):
        start_worker(lambda: release.wait(60), ended=lambda: ends.append("long"))
    start_worker(lambda: None, ended=lambda: ends.append("short"))
    qtbot.waitUntil(lambda: ends == ["short"], timeout=TIMEOUT)
    release.set()
    qtbot.waitUntil(lambda: len(ends) == before + 1, timeout=TIMEOUT)
    assert pool.maxThreadCount() == before
    qtbot.waitUntil(lambda: pool.activeThreadCount() == 0, timeout=TIMEOUT)


def test_the_window_processes_events_during_blocking_work(qapp):
    ticked = threading.Event()
    QTimer.singleShot(0, ticked.set)
    # The work only ends when the event loop has run the timer.
    assert run_blocking_in_thread(lambda: ticked.wait(60)) is True


def test_blocking_work_runs_in_another_thread(qapp):
    assert run_blocking_in_thread(threading.current_thread) is not threading.main_thread()


def test_blocking_work_raises_its_error(qapp):
    def work():
        raise ValueError("The file ends in the middle of a row.")

    with pytest.raises(ValueError, match="middle of a row"):
        run_blocking_in_thread(work)


def test_outside_the_main_thread_blocking_work_runs_at_once(qapp):
    seen = []
    thread = threading.Thread(
        target=lambda: seen.append(run_blocking_in_thread(threading.current_thread))
    )
    thread.start()
    thread.join()
    assert seen == [thread]


def test_items_are_yielded_until_cancelled_and_their_source_is_closed():
    closed, seen = [], []

    def source():
        try:
            yield from range(100)
        finally:
            closed.append(True)

    for item in iterate_until_cancelled(source(), lambda: len(seen) >= 3):
        seen.append(item)
    assert seen == [0, 1, 2]
    assert closed == [True]
    assert list(iterate_until_cancelled(range(4), lambda: False)) == [0, 1, 2, 3]


def tiles(count, pause=0.0, closed=None):
    try:
        for row in range(count):
            time.sleep(pause)
            yield SimpleNamespace(rows=slice(row, row + 1), columns=slice(0, 10))
    finally:
        if closed is not None:
            closed.append(True)


def test_every_tile_is_added_and_the_last_state_is_complete():
    added = []
    states = list(consume_tiles(tiles(6), added.append, 60))
    assert len(added) == 6
    assert states[-1] == Progress(60, 60)


def test_many_fast_tiles_cause_few_updates(monkeypatch):
    clock = iter(range(10_000))
    monkeypatch.setattr(tasks, "time", SimpleNamespace(monotonic=lambda: next(clock) * 0.01))
    states = list(consume_tiles(tiles(200), lambda tile: None, 2000))
    # 200 tiles of 10 ms are 2 s: 8 updates at most, besides the last.
    assert 4 <= len(states) <= 9


def test_a_run_over_tiles_finishes(qtbot):
    added, ends, states = [], [], []
    run = Run(
        lambda cancelled: consume_tiles(tiles(4), added.append, 40), states.append, ends.append
    )
    qtbot.waitUntil(lambda: bool(ends), timeout=TIMEOUT)
    assert ends == ["finished"]
    run.cancel()  # too late to matter
    assert len(added) == 4
    assert states[-1] == Progress(40, 40)


def test_cancel_keeps_the_tiles_that_were_added(qtbot):
    added, ends, closed = [], [], []
    run = Run(
        lambda cancelled: consume_tiles(
            tiles(500, 0.02, closed), added.append, 5000, cancelled=cancelled
        ),
        lambda state: None,
        ends.append,
    )
    qtbot.waitUntil(lambda: len(added) > 2, timeout=TIMEOUT)
    run.cancel()
    qtbot.waitUntil(lambda: bool(ends), timeout=TIMEOUT)
    assert ends == ["cancelled"]
    assert 2 < len(added) < 500
    assert closed == [True]


def test_a_detached_run_stops_without_a_call(qtbot):
    calls, closed = [], []
    run = Run(lambda cancelled: tiles(500, 0.02, closed), calls.append, calls.append)
    qtbot.waitUntil(lambda: bool(calls), timeout=TIMEOUT)
    run.detach()
    calls.clear()
    qtbot.waitUntil(lambda: bool(closed), timeout=TIMEOUT)
    qtbot.wait(50)
    assert calls == []


@pytest.mark.parametrize("error", [ValueError("No line was found."), OSError("The disk is gone.")])
@pytest.mark.parametrize("at_once", [True, False])
def test_an_expected_error_ends_a_run_with_its_message(qtbot, notes, error, at_once):
    def fails_later():
        yield 1
        raise error

    def begin(cancelled):
        if at_once:
            raise error
        return fails_later()

    items, ends = [], []
    run = Run(begin, items.append, ends.append)
    qtbot.waitUntil(lambda: bool(ends), timeout=TIMEOUT)
    assert ends == [Failure(str(error))]
    assert items == ([] if at_once else [1])
    assert notes() == []
    del run


def test_an_unexpected_error_ends_a_run_and_is_shown(qtbot, notes):
    def begin(cancelled):
        raise RuntimeError("not enough memory")

    ends = []
    run = Run(begin, lambda item: None, ends.append)
    qtbot.waitUntil(lambda: bool(ends), timeout=TIMEOUT)
    assert ends == [Failure("")]
    assert "not enough memory" in notes()[0][0]
    del run


def test_only_the_latest_result_is_passed_on(qtbot):
    results = []
    latest = LatestOnly(results.append)

    def slow(value):
        def compute():
            time.sleep(0.1)
            return value

        return compute

    for value in range(5):
        latest.submit(slow(value))
    qtbot.waitUntil(lambda: not latest.busy, timeout=TIMEOUT)
    assert results == [4]


def test_after_a_failure_the_next_request_is_computed(qtbot):
    results, messages = [], []
    latest = LatestOnly(results.append, messages.append)

    def wrong():
        raise ValueError("There is no such map.")

    latest.submit(wrong)
    qtbot.waitUntil(lambda: not latest.busy, timeout=TIMEOUT)
    latest.submit(lambda: 1)
    qtbot.waitUntil(lambda: not latest.busy, timeout=TIMEOUT)
    assert (results, messages) == ([1], ["There is no such map."])


def test_an_unexpected_error_leaves_the_next_request_to_be_computed(qtbot, notes):
    results, messages = [], []
    latest = LatestOnly(results.append, messages.append)

    def wrong():
        raise RuntimeError("not enough memory")

    latest.submit(wrong)
    latest.submit(lambda: 1)
    qtbot.waitUntil(lambda: not latest.busy, timeout=TIMEOUT)
    assert (results, messages) == ([1], [])
    assert len(notes()) == 1


def test_after_cancelling_no_result_is_passed_on(qtbot):
    results = []
    latest = LatestOnly(results.append)
    latest.submit(lambda: time.sleep(0.05))
    latest.cancel()
    qtbot.waitUntil(lambda: not latest.busy, timeout=TIMEOUT)
    assert results == []
