"""The canvas takes layers in a turn of its own, and in the end shows what it would have shown."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_xrf_pigments.plugin.scene_later import bring_scene, without_scene


@pytest.fixture
def canvas(viewer):
    return viewer.window._qt_viewer.canvas


@pytest.fixture
def ordered(canvas, monkeypatch):
    """How often the scene was put in order."""
    times, order = [], canvas._reorder_layers
    monkeypatch.setattr(canvas, "_reorder_layers", lambda: (times.append(1), order()))
    return times


def in_scene(canvas, layer) -> bool:
    return canvas.layer_to_visual[layer].node.parent is canvas.view.scene


def test_layers_are_taken_together(viewer, canvas, ordered):
    layers = []
    for name in "abc":
        with without_scene(viewer):
            layers.append(viewer.add_image(np.eye(4), name=name))
    assert not ordered
    assert bring_scene(viewer)
    assert len(ordered) == 1
    assert all(in_scene(canvas, layer) for layer in layers)
    orders = [canvas.layer_to_visual[layer].order for layer in layers]
    assert orders == sorted(orders)


def test_once_is_enough(viewer, ordered):
    with without_scene(viewer):
        viewer.add_image(np.eye(4))
    assert bring_scene(viewer)
    assert not bring_scene(viewer)
    assert len(ordered) == 1


def test_layers_go_together(viewer, canvas, ordered):
    layers = [viewer.add_image(np.eye(4)) for _ in range(3)]
    ordered.clear()
    for layer in layers[:2]:
        with without_scene(viewer):
            viewer.layers.remove(layer)
    assert not ordered
    bring_scene(viewer)
    assert len(ordered) == 1
    assert in_scene(canvas, layers[2])


def test_who_shows_a_layer_meanwhile_sees_it(viewer, canvas):
    with without_scene(viewer):
        layer = viewer.add_image(np.eye(4), visible=False)
    layer.visible = True
    assert in_scene(canvas, layer)


def test_a_layer_of_somebody_else_comes_at_once(viewer, canvas):
    with without_scene(viewer):
        hidden = viewer.add_image(np.eye(4), visible=False)
    other = viewer.add_image(np.eye(4))
    assert in_scene(canvas, other)
    assert in_scene(canvas, hidden)


def test_what_fails_leaves_the_canvas_as_it_was(viewer, canvas):
    with pytest.raises(ValueError, match="no layer"), without_scene(viewer):
        raise ValueError("no layer")
    assert in_scene(canvas, viewer.add_image(np.eye(4)))
    bring_scene(viewer)


def test_what_napari_has_put_off_stays_so(viewer, canvas, ordered):
    viewer.layers.events.begin_batch()
    with without_scene(viewer):
        layer = viewer.add_image(np.eye(4))
    assert not bring_scene(viewer)
    assert not ordered
    viewer.layers.events.end_batch()
    assert in_scene(canvas, layer)


@pytest.mark.parametrize("other", [ViewerModel(), SimpleNamespace(window=None)])
def test_without_a_window_nothing_is_put_off(other):
    with without_scene(other):
        pass
    assert not bring_scene(other)
