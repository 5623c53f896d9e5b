"""Runs over tiles: progress, cancel, failure."""

import time
from types import SimpleNamespace

import pytest

from napari_xrf_pigments.plugin import _running as running
from napari_xrf_pigments.plugin._running import Failure, Progress, TileRun, drain


def tiles(count, pause=0.0, closed=None, error=None):
    try:
        for row in range(count):
            if error is not None and row == count - 1:
                raise error
            time.sleep(pause)
            yield SimpleNamespace(rows=slice(row, row + 1), columns=slice(0, 10))
    finally:
        if closed is not None:
            closed.append(True)


def test_every_tile_is_taken_and_the_end_is_told():
    taken = []
    states = list(drain(lambda: tiles(6), taken.append, 60))
    assert len(taken) == 6
    assert states[0] == Progress(0, 60)
    assert states[-1] == Progress(60, 60)


def test_many_fast_tiles_make_few_updates(monkeypatch):
    clock = iter(range(10_000))
    monkeypatch.setattr(running, "time", SimpleNamespace(monotonic=lambda: next(clock) * 0.01))
    states = list(drain(lambda: tiles(200), lambda tile: None, 2000))
    # 200 tiles of 10 ms are 2 s: 8 updates at most, besides the first and the last.
    assert 4 <= len(states) <= 10


def test_giving_up_closes_the_source_of_tiles():
    closed = []
    run = drain(lambda: tiles(50, closed=closed), lambda tile: None, 500)
    next(run)
    run.close()
    assert not closed  # nothing was begun yet
    run = drain(lambda: tiles(50, pause=0.05, closed=closed), lambda tile: None, 500)
    next(run)
    next(run)
    run.close()
    assert closed == [True]


@pytest.mark.parametrize("error", [ValueError("No line was found."), OSError("The disk is gone.")])
def test_what_a_user_can_understand_ends_as_a_sentence(error):
    states = list(drain(lambda: tiles(3, error=error), lambda tile: None, 30))
    assert states[-1] == Failure(str(error))


def test_a_run_in_a_thread_finishes(qtbot):
    taken, ends, states = [], [], []
    run = TileRun(lambda: tiles(4), taken.append, 40, states.append, ends.append)
    qtbot.waitUntil(lambda: bool(ends), timeout=60_000)
    assert ends == ["finished"]
    run.cancel()  # too late to matter
    assert len(taken) == 4
    assert states[-1] == Progress(40, 40)


def test_cancel_keeps_what_was_done(qtbot):
    taken, ends, closed = [], [], []
    run = TileRun(
        lambda: tiles(500, 0.02, closed), taken.append, 5000, lambda state: None, ends.append
    )
    qtbot.waitUntil(lambda: len(taken) > 2, timeout=60_000)
    run.cancel()
    qtbot.waitUntil(lambda: bool(ends), timeout=60_000)
    assert ends == ["cancelled"]
    assert 2 < len(taken) < 500
    assert closed == [True]
