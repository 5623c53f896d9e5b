"""Generators in threads: closed and told of, however they end."""

import gc
import weakref

import pytest

from napari_xrf_pigments.plugin.tasks import in_thread


def start(generator):
    worker = in_thread(generator)
    seen = {"items": [], "errors": [], "finished": 0}

    def finish():
        seen["finished"] += 1

    worker.yielded.connect(seen["items"].append)
    worker.errored.connect(seen["errors"].append)
    worker.finished.connect(finish)
    return worker, seen


@pytest.fixture
def uncollected():
    gc.disable()  # closing must not wait until Python collects the generator
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
def test_a_generator_stopped_between_two_items_is_closed(qtbot):
    closed = []

    def count():
        try:
            yield 1
            worker.quit()  # what napari does when its window closes
            yield 2
            yield 3
        finally:
            closed.append(True)

    worker, seen = start(count)
    worker.start()
    qtbot.waitUntil(lambda: seen["finished"] == 1, timeout=60_000)
    assert seen["items"] == [1, 2]
    assert closed == [True]


def test_one_that_ends_is_finished_once(qtbot):
    def count():
        yield 1
        return 2

    worker, seen = start(count)
    returned = []
    worker.returned.connect(returned.append)
    worker.start()
    qtbot.waitUntil(lambda: seen["finished"] == 1, timeout=60_000)
    assert (seen["items"], returned, seen["errors"]) == ([1], [2], [])


@pytest.mark.parametrize("kind", [RuntimeError, KeyError])
@pytest.mark.parametrize("items", [[], [1, 2]])
def test_an_error_is_told_and_the_work_is_finished(qtbot, notes, kind, items):
    def count():
        yield from items
        raise kind("not enough memory")

    worker, seen = start(count)
    worker.start()
    qtbot.waitUntil(lambda: seen["finished"] == 1, timeout=60_000)
    assert seen["items"] == items
    assert [type(error) for error in seen["errors"]] == [kind]
    (told,) = notes()
    assert "not enough memory" in told[0]
    assert told[1] == "error"


def test_so_is_the_error_of_a_function(qtbot, notes):
    def compute():
        raise RuntimeError("not enough memory")

    ends = []
    worker = in_thread(compute)
    worker.finished.connect(lambda: ends.append(True))
    worker.start()
    qtbot.waitUntil(lambda: bool(ends), timeout=60_000)
    ((text, severity),) = notes()
    assert "not enough memory" in text
    assert severity == "error"


@pytest.mark.parametrize("kind", ["function", "generator"])
def test_one_that_has_ended_holds_nothing(kind, qtbot):
    """napari keeps it until the window closes: not what it worked on."""

    class Scan:
        pass

    def work(scan):
        return scan is not None

    def yields(scan):
        yield scan is not None

    scan, heard = Scan(), []
    worker = in_thread(work if kind == "function" else yields, scan)
    worker.finished.connect(lambda: heard.append("end"))
    gone = weakref.ref(scan)
    del scan
    worker.start()
    qtbot.waitUntil(lambda: heard == ["end"], timeout=60_000)

    def collected():
        gc.collect()
        return gone() is None

    qtbot.waitUntil(collected, timeout=20_000)
    worker.quit()  # what napari does when its window closes
