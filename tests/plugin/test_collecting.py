"""Python's collector waits for the layers, and nothing waits for it twice."""

from __future__ import annotations

import gc
import sys
from types import SimpleNamespace

import pytest
from napari.components import ViewerModel

from napari_xrf_pigments.plugin.collecting import collecting, hold_off, let_go, remove_layer
from napari_xrf_pigments.plugin.feed import LayerFeed


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


def old(threshold: tuple[int, int, int]) -> int:
    return threshold[2]


def test_the_old_is_left_alone_until_the_last_has_let_go(thresholds):
    one, other = Holder(), Holder()
    hold_off(one)
    hold_off(one)
    hold_off(other)
    assert old(gc.get_threshold()) > 1_000 * old(thresholds)
    # What is young is collected as ever.
    assert gc.get_threshold()[:2] == thresholds[:2]
    let_go(one)
    assert old(gc.get_threshold()) > 1_000 * old(thresholds)
    let_go(other)
    assert gc.get_threshold() == thresholds
    let_go(other)
    assert gc.get_threshold() == thresholds


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
            seen.append(old(gc.get_threshold()))
            yield

    feed.show(steps)
    qtbot.waitUntil(lambda: not feed.busy, timeout=10_000)
    assert min(seen) > 1_000 * old(thresholds)
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
    assert gc.get_threshold() != thresholds
    feed.stop()
    assert gc.get_threshold() == thresholds


def test_who_is_gone_has_let_go(thresholds):
    one, other = Holder(), Holder()
    hold_off(one)
    hold_off(other)
    del one
    assert gc.get_threshold() != thresholds
    del other
    assert gc.get_threshold() == thresholds


def test_layers_are_removed_first_and_looked_for_once_in_a_turn_of_their_own(collected):
    viewer = ViewerModel()
    for _ in range(3):
        viewer.add_points([[0, 0]])
    assert list(collecting()) == []
    for layer in list(viewer.layers):
        remove_layer(viewer, layer)
    assert not viewer.layers
    assert not collected
    turns = collecting()
    next(turns)
    assert not collected
    next(turns)
    assert len(collected) == 1
    assert list(turns) == []
    assert list(collecting()) == []
    assert len(collected) == 1


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
    list(collecting())


def test_a_layer_that_cannot_be_removed_leaves_all_as_it_was(monkeypatch):
    canvas = SimpleNamespace(gc=gc)
    monkeypatch.setitem(sys.modules, "napari._vispy.canvas", canvas)
    with pytest.raises(ValueError):
        remove_layer(ViewerModel(), None)
    assert canvas.gc is gc
    list(collecting())
