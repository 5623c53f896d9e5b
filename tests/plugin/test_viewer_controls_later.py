"""Controls of layers that were added without: there as soon as a layer is chosen."""

from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.settings import get_settings

from napari_xrf_pigments.plugin.controls_later import without_controls
from napari_xrf_pigments.plugin.layers.sync import unselected


@pytest.fixture
def controls(viewer):
    return viewer.window._qt_viewer.controls


@pytest.fixture
def chosen(viewer):
    """A layer of the user's, which is the chosen one."""
    return viewer.add_image(np.eye(4), name="chosen")


def add(viewer, name):
    with unselected(viewer):
        return viewer.add_image(np.eye(4), name=name)


def test_controls_come_when_a_layer_is_chosen(viewer, controls, chosen):
    layer = add(viewer, "map")
    assert layer not in controls.widgets
    assert controls.currentWidget().layer is chosen
    viewer.layers.selection.active = layer
    shown = controls.currentWidget()
    assert shown.layer is layer
    viewer.layers.selection.active = chosen
    assert controls.currentWidget().layer is chosen
    viewer.layers.selection.active = layer
    assert controls.currentWidget() is shown


def test_they_follow_the_viewer_as_others_do(viewer, controls, chosen):
    layer = add(viewer, "map")
    viewer.dims.ndisplay = 3
    viewer.layers.selection.active = layer
    assert controls.currentWidget().ndisplay == 3
    viewer.dims.ndisplay = 2
    assert controls.currentWidget().ndisplay == 2


def test_several_may_be_chosen_together(viewer, controls, chosen):
    layers = [add(viewer, name) for name in "ab"]
    viewer.layers.selection.update(layers)
    viewer.layers.selection.active = layers[0]
    assert controls.currentWidget().layer is layers[0]


def test_who_is_chosen_at_once_has_controls_at_once(viewer, controls):
    layer = add(viewer, "map")
    assert viewer.layers.selection.active is layer
    assert controls.currentWidget().layer is layer


def test_others_layers_are_left_alone(viewer, controls, chosen):
    add(viewer, "map")
    assert viewer.add_image(np.eye(4)) in controls.widgets


def test_a_layer_that_nobody_chose_goes_without_a_trace(viewer, controls, chosen, monkeypatch):
    before, made = controls.count(), []
    layers = [add(viewer, name) for name in "abc"]
    monkeypatch.setattr(controls, "_add", made.append)
    viewer.layers.remove(layers[1])
    viewer.layers.clear()
    assert not made
    assert not controls.widgets
    assert controls.count() == before - 1


def test_where_napari_keeps_no_controls_none_are_kept(viewer, controls, chosen, monkeypatch):
    monkeypatch.setattr(get_settings().experimental, "dynamic_layer_controls", True)
    layer = add(viewer, "map")
    viewer.layers.selection.active = layer
    viewer.layers.remove(layer)
    assert layer not in controls.widgets
    viewer.layers.selection.active = chosen


def test_a_layer_that_is_gone_has_none(viewer, controls, chosen):
    layer = add(viewer, "map")
    viewer.layers.remove(layer)
    with pytest.raises(KeyError):
        controls.widgets[layer]


def test_an_error_leaves_all_as_it_was(viewer, controls, chosen):
    with pytest.raises(ZeroDivisionError), without_controls(viewer):
        raise ZeroDivisionError
    assert viewer.add_image(np.eye(4)) in controls.widgets


@pytest.mark.parametrize("strange", [None, SimpleNamespace(), SimpleNamespace(widgets=[])])
def test_another_napari_makes_them_at_once(strange):
    model = ViewerModel()
    window = SimpleNamespace(_qt_viewer=SimpleNamespace(controls=strange))
    viewer = SimpleNamespace(layers=model.layers, window=window)
    with without_controls(viewer):
        model.add_image(np.eye(4))
    assert len(model.layers) == 1
