"""Threads give way while they work, and Python is left as it was."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from napari_xrf_pigments.plugin import _running as running
from napari_xrf_pigments.plugin import giving_way as module
from napari_xrf_pigments.plugin import warming
from napari_xrf_pigments.plugin.giving_way import (
    SWITCH_S,
    giving_way,
    wait_for_window,
    window_works,
)
from napari_xrf_pigments.plugin.state.totals import TotalCounts
from napari_xrf_pigments.plugin.tasks import in_thread

from .synthetic import make_cube


@pytest.fixture(autouse=True)
def interval(qtbot):
    # Threads of earlier tests have ended.
    if warming._thread is not None:
        warming._thread.join()
    qtbot.waitUntil(lambda: not module.at_work(), timeout=60_000)
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.004)
    yield
    after = sys.getswitchinterval()
    sys.setswitchinterval(before)
    assert after == pytest.approx(0.004, abs=2e-6)


def short() -> bool:
    return sys.getswitchinterval() == pytest.approx(SWITCH_S, abs=2e-6)


def test_the_interval_is_short_until_the_last_has_ended():
    with giving_way():
        with giving_way():
            assert short()
        assert short()
    assert not short()


def test_it_is_as_before_when_the_work_fails():
    with pytest.raises(OSError), giving_way():
        raise OSError
    assert not short()


def test_one_that_is_shorter_already_is_kept():
    sys.setswitchinterval(0.0001)
    told = sys.getswitchinterval()
    for _ in range(5):
        with giving_way():
            assert sys.getswitchinterval() == told
        assert sys.getswitchinterval() == told
    sys.setswitchinterval(0.004)


def test_who_set_it_meanwhile_is_not_overruled():
    with giving_way():
        sys.setswitchinterval(0.002)
    assert sys.getswitchinterval() == pytest.approx(0.002, abs=2e-6)
    sys.setswitchinterval(0.004)


def steps():
    yield short()
    yield short()


@pytest.mark.parametrize("work", [short, steps])
def test_workers_give_way(work, qtbot):
    seen = []
    worker = in_thread(work)
    signal = worker.yielded if work is steps else worker.returned
    signal.connect(seen.append)
    with qtbot.waitSignal(worker.finished, timeout=30_000):
        worker.start()
    qtbot.waitUntil(lambda: seen == [True] * (2 if work is steps else 1), timeout=10_000)


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only while somebody sleeps; how long they slept."""
    slept: list[float] = []
    now = SimpleNamespace(monotonic=lambda: 100.0 + sum(slept), sleep=slept.append)
    monkeypatch.setattr(module, "time", now)
    monkeypatch.setattr(module, "_last_work", 0.0)
    return slept


def test_a_thread_waits_until_the_window_has_made_its_layers(clock):
    wait_for_window()
    assert not clock
    window_works()
    wait_for_window()
    assert sum(clock) == pytest.approx(module._NEXT_S, abs=0.03)
    wait_for_window()
    assert sum(clock) == pytest.approx(module._NEXT_S, abs=0.03)


def test_every_layer_makes_it_wait_anew(clock):
    window_works()
    for _ in range(3):
        clock.append(0.1)
        window_works()
    wait_for_window()
    assert sum(clock) >= 0.3 + module._NEXT_S


def test_a_thread_that_is_to_end_does_not_wait(clock):
    window_works()
    wait_for_window(lambda: True)
    assert not clock


def test_a_run_waits_between_two_tiles(monkeypatch):
    waited = []
    monkeypatch.setattr(running, "wait_for_window", lambda cancelled: waited.append(len(taken)))
    taken: list[object] = []
    tile = SimpleNamespace(rows=slice(0, 1), columns=slice(0, 4))
    list(running.drain(lambda: [tile] * 3, taken.append, 12))
    assert waited == [1, 2, 3]


def test_imports_give_way(monkeypatch):
    during = []
    monkeypatch.setattr(warming, "_thread", None)
    monkeypatch.setattr(warming.atexit, "register", lambda stop: None)
    monkeypatch.setattr(warming, "import_module", lambda name: during.append(short()))
    warming.warm().join()
    assert during == [True] * len(warming.MODULES)


def test_sums_over_a_scan_give_way(monkeypatch):
    seen, whole = [], np.maximum
    monkeypatch.setattr(np, "maximum", lambda *a, **k: seen.append(short()) or whole(*a, **k))
    totals = TotalCounts(make_cube())
    assert totals.wait(30)
    assert seen and all(seen)
