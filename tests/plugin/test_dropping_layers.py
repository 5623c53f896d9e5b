"""Layers of earlier results are removed one per step; what the user shows and hides stays."""

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_xrf_pigments.cube import XRFCube
from napari_xrf_pigments.plugin.layers import colormaps
from napari_xrf_pigments.plugin.layers import sync as layers
from napari_xrf_pigments.plugin.layers.metadata import map_layers
from napari_xrf_pigments.plugin.layers.specs import MapSpec
from napari_xrf_pigments.plugin.layers.sync import discard_maps, show_maps
from napari_xrf_pigments.plugin.layers.visibility import iter_show_only
from napari_xrf_pigments.plugin.state.scan import Scan


def spec(name):
    image = np.zeros((4, 4), np.float32)
    return MapSpec("element", name, name, image, colormaps.black_to_colour("#ffffff", "White"))


def new_scan():
    counts = np.ones((4, 4, 256), np.uint16)
    return Scan(XRFCube.from_array(counts, gain_kev=0.04), "scan")


@pytest.fixture
def scan():
    return new_scan()


@pytest.fixture
def viewer(scan):
    shown = ViewerModel()
    for _ in show_maps(shown, scan, [spec("Fe K"), spec("Pb L"), spec("Cu K")]):
        pass
    return shown


def test_discarded_maps_are_unlisted_at_once_and_removed_one_per_step(viewer, scan):
    removal = discard_maps(viewer, scan, {"element"})
    assert map_layers(viewer, scan, {"element"}) == {}
    counts = [len(viewer.layers) for _ in removal]
    assert counts == [2, 1, 0]


def test_new_maps_get_new_layers_and_complete_an_unfinished_removal(viewer, scan):
    old = list(viewer.layers)
    next(discard_maps(viewer, scan, {"element"}))
    for _ in show_maps(viewer, scan, [spec("Fe K")], {"element"}):
        pass
    (layer,) = viewer.layers
    assert layer.name == "Fe K" and layer.visible and layer not in old


def test_layers_of_another_scan_stay(viewer, scan):
    other = new_scan()
    assert list(discard_maps(viewer, other, {"element"})) == []
    assert len(viewer.layers) == 3


def shown_after(viewer, scan, *specs):
    for _ in show_maps(viewer, scan, specs, {"element"}):
        pass
    return {layer.name for layer in viewer.layers if layer.visible}


def test_visibility_after_a_run_does_not_depend_on_its_first_tiles(viewer, scan):
    later = [replace(spec("Fe K"), visible=False), spec("Pb L"), spec("Cu K")]
    assert shown_after(viewer, scan, *later) == {"Pb L", "Cu K"}


def test_visibility_set_by_the_user_stays(viewer, scan):
    viewer.layers["Cu K"].visible = False
    later = [replace(spec("Fe K"), visible=False), spec("Pb L"), spec("Cu K")]
    assert shown_after(viewer, scan, *later) == {"Fe K", "Pb L"}


def test_a_map_hidden_by_the_user_stays_hidden_when_it_is_updated(viewer, scan):
    viewer.layers["Cu K"].visible = False
    for _ in show_maps(viewer, scan, [replace(spec("Cu K"), data=np.ones((4, 4), np.float32))]):
        pass
    assert not viewer.layers["Cu K"].visible
    assert viewer.layers["Cu K"].data.all()


def test_a_map_hidden_during_a_pass_stays_hidden(viewer, scan, monkeypatch):
    monkeypatch.setattr(layers, "_WHILE_S", 0.0)
    steps = show_maps(viewer, scan, [spec("Fe K"), spec("Pb L"), spec("Cu K")], {"element"})
    next(steps)
    viewer.layers["Cu K"].visible = False
    for _ in steps:
        pass
    assert {layer.name for layer in viewer.layers if layer.visible} == {"Fe K", "Pb L"}


def test_a_map_shown_alone_during_a_pass_stays_alone(viewer, scan):
    names = ("New", "Fe K", "Pb L", "Cu K", "Newer")
    steps = show_maps(viewer, scan, map(spec, names), {"element"})
    next(steps)
    for _ in iter_show_only(viewer, scan, {"element"}, {("element", "Cu K")}):
        pass
    for _ in steps:
        pass
    assert {layer.name for layer in viewer.layers if layer.visible} == {"Cu K"}


def test_a_decision_of_the_user_that_changes_nothing_is_kept(viewer, scan):
    names = ("New", "Fe K", "Pb L", "Cu K", "Newer")
    steps = show_maps(viewer, scan, map(spec, names), {"element"})
    next(steps)
    present = {("element", layer.name) for layer in viewer.layers}
    assert list(iter_show_only(viewer, scan, {"element"}, present)) == []
    for _ in steps:
        pass
    assert {layer.name for layer in viewer.layers if not layer.visible} == {"Newer"}
