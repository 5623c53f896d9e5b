"""Steps of layer updates: one per event-loop turn, passes at most four times a second."""

import time
from itertools import pairwise

import pytest
from qtpy.QtCore import QObject, QTimer

from napari_xrf_pigments.plugin.layers.update_queue import (
    INTERVAL_S,
    LayerUpdateQueue,
    run_incrementally,
)


@pytest.fixture
def queue(qapp):
    parent = QObject()
    yield LayerUpdateQueue(parent)
    parent.deleteLater()


def steps(log, name, count=3):
    def work():
        for number in range(count):
            log.append(f"{name}{number}")
            yield

    return work


def test_prioritised_work_precedes_the_rest_of_a_pass(queue, qtbot):
    log = []
    queue.schedule(steps(log, "pass", 50))
    qtbot.waitUntil(lambda: bool(log), timeout=10_000)
    before = len(log)
    queue.prioritise(steps(log, "click", 2))
    qtbot.waitUntil(lambda: not queue.busy, timeout=10_000)
    assert log[before : before + 2] == ["click0", "click1"]
    assert len(log) == 52


def test_other_events_come_between_two_steps(queue, qtbot):
    log = []

    def tick():
        log.append("event")
        if queue.busy:
            QTimer.singleShot(0, tick)

    queue.schedule(steps(log, "a"))
    QTimer.singleShot(0, tick)
    qtbot.waitUntil(lambda: not queue.busy, timeout=10_000)
    indices = [log.index(f"a{number}") for number in range(3)]
    assert all(after - before > 1 for before, after in pairwise(indices))


def test_only_the_last_of_many_scheduled_passes_is_done_after_the_interval(queue, qtbot):
    begun, log = [], []

    def work(name):
        def run():
            begun.append(time.monotonic())
            yield from steps(log, name, 1)()

        return run

    queue.schedule(work("first"))
    qtbot.waitUntil(lambda: bool(log), timeout=10_000)
    for number in range(20):
        queue.schedule(work(f"later{number}-"))
    qtbot.waitUntil(lambda: not queue.busy, timeout=10_000)
    assert log == ["first0", "later19-0"]
    assert begun[1] - begun[0] > 0.9 * INTERVAL_S


def test_a_restart_abandons_the_pass_under_way(queue, qtbot):
    log = []
    queue.schedule(steps(log, "old", 100_000))
    qtbot.waitUntil(lambda: len(log) > 2, timeout=10_000)
    queue.schedule(steps(log, "new"), restart=True)
    qtbot.waitUntil(lambda: not queue.busy, timeout=10_000)
    assert log[-3:] == ["new0", "new1", "new2"]
    assert len(log) < 100_000


def fails_at_once():
    raise RuntimeError("the layer is gone")


def fails_later():
    yield
    raise RuntimeError("the layer is gone")


@pytest.mark.parametrize("failing", [fails_at_once, fails_later])
def test_a_pass_continues_after_prioritised_work_has_failed(queue, qtbot, failing):
    log = []
    queue.schedule(steps(log, "pass", 50))
    qtbot.waitUntil(lambda: bool(log), timeout=10_000)
    with qtbot.captureExceptions() as raised:
        queue.prioritise(failing)
        qtbot.waitUntil(lambda: not queue.busy, timeout=10_000)
    assert [str(error[1]) for error in raised] == ["the layer is gone"]
    assert len(log) == 50


def test_a_pass_that_fails_is_followed_by_the_next(queue, qtbot):
    log = []

    def failing():
        log.append("failing")
        yield
        raise RuntimeError("the layer is gone")

    with qtbot.captureExceptions() as raised:
        queue.schedule(failing)
        qtbot.waitUntil(lambda: bool(log), timeout=10_000)
        queue.schedule(steps(log, "next", 2))
        qtbot.waitUntil(lambda: not queue.busy, timeout=10_000)
    assert len(raised) == 1
    assert log == ["failing", "next0", "next1"]


def test_stop_discards_all_steps(queue, qtbot):
    log = []
    queue.schedule(steps(log, "a", 1000))
    qtbot.waitUntil(lambda: bool(log), timeout=10_000)
    queue.stop()
    assert not queue.busy
    done = len(log)
    qtbot.wait(50)
    assert len(log) == done


@pytest.mark.parametrize("fails", [False, True])
def test_a_queue_for_one_pass_is_deleted_after_it(qtbot, fails):
    parent, log = QObject(), []

    def work():
        yield from steps(log, "pass")()
        if fails:
            raise RuntimeError("broken")

    with qtbot.capture_exceptions() as errors:
        run_incrementally(parent, work())
        assert parent.findChildren(LayerUpdateQueue)
        qtbot.waitUntil(lambda: not parent.findChildren(LayerUpdateQueue), timeout=10_000)
    assert log == ["pass0", "pass1", "pass2"]
    assert [str(error) for _, error, _ in errors] == (["broken"] if fails else [])
    parent.deleteLater()


def test_a_window_that_closes_before_the_last_step_ends_the_queue(qtbot):
    parent, destroyed, steps_done = QObject(), [], []

    def endless():
        while True:
            steps_done.append(True)
            yield

    run_incrementally(parent, endless())
    qtbot.waitUntil(lambda: bool(steps_done), timeout=10_000)
    parent.destroyed.connect(lambda: destroyed.append(True))
    parent.deleteLater()
    qtbot.waitUntil(lambda: bool(destroyed), timeout=10_000)
    count = len(steps_done)
    qtbot.wait(50)
    assert len(steps_done) == count
