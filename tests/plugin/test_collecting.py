"""Python's collector waits until the user pauses, and then nothing is left."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from types import SimpleNamespace

import pytest
from napari.components import ViewerModel

from napari_xrf_pigments.plugin import collecting
from napari_xrf_pigments.plugin._activity import Task
from napari_xrf_pigments.plugin._aside import aside
from napari_xrf_pigments.plugin.collecting import (
    collect_later,
    collect_now,
    hold_off,
    let_go,
    remove_layer,
)
from napari_xrf_pigments.plugin.giving_way import at_work
from napari_xrf_pigments.plugin.layers.update_queue import LayerFeed


@pytest.fixture(autouse=True)
def pauses(qapp, monkeypatch, qtbot):
    """Short pauses, and nobody who works or waits for one from before."""
    qtbot.waitUntil(lambda: not at_work(), timeout=60_000)
    if collecting._quiet is not None:
        collecting._quiet.stop()
    collect_now()
    monkeypatch.setattr(collecting, "QUIET_MS", 300)
    monkeypatch.setattr(collecting, "_quiet", None)
    yield
    if collecting._quiet is not None:
        collecting._quiet.stop()
    collect_now()


@pytest.fixture
def thresholds():
    before = gc.get_threshold()
    yield before
    gc.set_threshold(*before)


@pytest.fixture
def collected(monkeypatch):
    """How often all of memory was looked through."""
    times: list[int] = []
    monkeypatch.setattr(gc, "collect", lambda *generation: times.append(1) or 0)
    return times


class Holder:
    pass


def held(thresholds: tuple[int, int, int]) -> bool:
    """Whether what is old is left alone, and what is young collected as ever."""
    young, middle, old = gc.get_threshold()
    assert (young, middle) == thresholds[:2]
    return old > 1_000 * thresholds[2]


def test_the_old_is_left_alone_until_the_last_has_let_go(thresholds):
    one, other = Holder(), Holder()
    hold_off(one)
    hold_off(one)
    hold_off(other)
    assert held(thresholds)
    let_go(one)
    assert held(thresholds)
    let_go(other)
    assert gc.get_threshold() == thresholds
    let_go(other)
    assert gc.get_threshold() == thresholds


def test_what_came_meanwhile_is_set_aside_for_those_who_collect(thresholds):
    gc.unfreeze()
    one = Holder()
    hold_off(one)
    came = [[number] for number in range(1000)]
    let_go(one)
    assert gc.get_freeze_count() > len(came)


def test_what_was_set_aside_is_looked_through_in_the_next_pause(collected, qtbot):
    one = Holder()
    hold_off(one)
    let_go(one)
    assert not collected
    qtbot.waitUntil(lambda: bool(collected), timeout=10_000)
    qtbot.wait(600)
    assert len(collected) == 1


def test_another_thread_touches_no_timer(thresholds, collected, qtbot):
    def die():
        hold_off(Holder())

    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    assert gc.get_threshold() == thresholds
    assert collecting._quiet is None
    qtbot.wait(600)
    assert not collected


def test_who_set_it_meanwhile_is_not_overruled(thresholds):
    one = Holder()
    hold_off(one)
    gc.set_threshold(500, 5, 7)
    let_go(one)
    assert gc.get_threshold() == (500, 5, 7)


def test_a_feed_holds_it_off_while_it_works(thresholds, qtbot, qapp):
    feed = LayerFeed(qapp)
    seen = []

    def steps():
        for _ in range(3):
            seen.append(held(thresholds))
            yield

    feed.show(steps)
    qtbot.waitUntil(lambda: not feed.busy, timeout=10_000)
    assert seen == [True] * 3
    assert gc.get_threshold() == thresholds


def test_a_feed_that_is_stopped_lets_go(thresholds, qtbot, qapp):
    feed = LayerFeed(qapp)
    begun = []

    def steps():
        while True:
            begun.append(1)
            yield

    feed.show(steps)
    qtbot.waitUntil(lambda: bool(begun), timeout=10_000)
    assert held(thresholds)
    feed.stop()
    assert gc.get_threshold() == thresholds


def test_who_is_gone_has_let_go(thresholds):
    one, other = Holder(), Holder()
    hold_off(one)
    hold_off(other)
    del one
    assert held(thresholds)
    del other
    assert gc.get_threshold() == thresholds


def test_nothing_is_collected_while_layers_are_worked_on(collected, qtbot):
    one = Holder()
    hold_off(one)
    collect_later()
    qtbot.wait(900)
    assert not collected
    let_go(one)
    qtbot.waitUntil(lambda: bool(collected), timeout=10_000)


def test_layers_are_removed_first_and_looked_for_once(collected, qtbot):
    viewer = ViewerModel()
    for _ in range(3):
        viewer.add_points([[0, 0]])
    for layer in list(viewer.layers):
        remove_layer(viewer, layer)
    assert not viewer.layers
    assert not collected
    qtbot.waitUntil(lambda: bool(collected), timeout=10_000)
    qtbot.wait(600)
    assert len(collected) == 1


def test_what_died_while_it_was_set_aside_goes_too(qtbot):
    ring = Holder()
    ring.itself = ring
    gone = weakref.ref(ring)
    collect_now()
    assert gc.get_freeze_count() > 0
    del ring
    gc.collect()
    assert gone() is not None
    collect_later()
    qtbot.waitUntil(lambda: gone() is None, timeout=10_000)


@pytest.mark.parametrize(("platform", "waits"), [("linux", True), ("win32", False)])
def test_the_canvas_waits_but_where_drivers_need_it(platform, waits, monkeypatch, collected):
    canvas = SimpleNamespace(gc=gc)
    monkeypatch.setitem(sys.modules, "napari._vispy.canvas", canvas)
    monkeypatch.setattr(sys, "platform", platform)
    viewer = ViewerModel()
    layer = viewer.add_points([[0, 0]])
    viewer.layers.events.removed.connect(lambda event: canvas.gc.collect())
    remove_layer(viewer, layer)
    assert len(collected) == (0 if waits else 1)
    assert canvas.gc is gc


def test_a_layer_that_cannot_be_removed_leaves_all_as_it_was(monkeypatch):
    canvas = SimpleNamespace(gc=gc)
    monkeypatch.setitem(sys.modules, "napari._vispy.canvas", canvas)
    with pytest.raises(ValueError):
        remove_layer(ViewerModel(), None)
    assert canvas.gc is gc


def test_it_waits_while_an_answer_is_waited_for(thresholds):
    assert aside(lambda: held(thresholds))
    assert gc.get_threshold() == thresholds


def test_it_waits_while_a_task_is_under_way(thresholds, qtbot):
    seen = []
    Task("Test", lambda watch: held(thresholds), seen.append)
    qtbot.waitUntil(lambda: bool(seen), timeout=10_000)
    assert seen == [True]
    assert gc.get_threshold() == thresholds


def test_it_waits_no_more_when_a_task_has_failed(thresholds, qtbot):
    told = []

    def fail(watch):
        raise ValueError("The disk is full.")

    Task("Test", fail, lambda answer: None, told.append)
    qtbot.waitUntil(lambda: bool(told), timeout=10_000)
    assert gc.get_threshold() == thresholds
