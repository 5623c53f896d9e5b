"""Layers of earlier results go one at a time, and are forgotten at once."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_xrf_pigments.plugin.layers import colormaps
from napari_xrf_pigments.plugin.layers import sync as layers
from napari_xrf_pigments.plugin.layers.metadata import map_layers
from napari_xrf_pigments.plugin.layers.specs import MapSpec
from napari_xrf_pigments.plugin.layers.sync import discard_maps, show_maps
from napari_xrf_pigments.plugin.layers.visibility import iter_show_only


def spec(name):
    image = np.zeros((4, 4), np.float32)
    return MapSpec("element", name, name, image, colormaps.black_to_colour("#ffffff", "White"))


@pytest.fixture
def scan():
    return SimpleNamespace(cube=SimpleNamespace(pixel_mm=None))


@pytest.fixture
def viewer(scan):
    shown = ViewerModel()
    for _ in show_maps(shown, scan, [spec("Fe K"), spec("Pb L"), spec("Cu K")]):
        pass
    return shown


def test_they_are_forgotten_at_once_and_removed_one_a_step(viewer, scan):
    dropping = discard_maps(viewer, scan, {"element"})
    assert map_layers(viewer, scan, {"element"}) == {}
    left = [len(viewer.layers) for _ in dropping]
    assert left == [2, 1, 0]


def test_the_next_maps_get_layers_of_their_own_and_end_an_unfinished_removal(viewer, scan):
    old = list(viewer.layers)
    next(discard_maps(viewer, scan, {"element"}))
    for _ in show_maps(viewer, scan, [spec("Fe K")], {"element"}):
        pass
    (layer,) = viewer.layers
    assert layer.name == "Fe K" and layer.visible and layer not in old


def test_layers_of_another_scan_stay(viewer, scan):
    other = SimpleNamespace(cube=scan.cube)
    assert list(discard_maps(viewer, other, {"element"})) == []
    assert len(viewer.layers) == 3


def shown_after(viewer, scan, *specs):
    for _ in show_maps(viewer, scan, specs, {"element"}):
        pass
    return {layer.name for layer in viewer.layers if layer.visible}


def test_what_a_run_shows_does_not_depend_on_its_first_tiles(viewer, scan):
    later = [replace(spec("Fe K"), visible=False), spec("Pb L"), spec("Cu K")]
    assert shown_after(viewer, scan, *later) == {"Pb L", "Cu K"}


def test_what_a_user_shows_and_hides_stays_so(viewer, scan):
    viewer.layers["Cu K"].visible = False
    later = [replace(spec("Fe K"), visible=False), spec("Pb L"), spec("Cu K")]
    assert shown_after(viewer, scan, *later) == {"Fe K", "Pb L"}


def test_a_single_map_that_the_user_hid_stays_hidden_when_it_is_made_anew(viewer, scan):
    viewer.layers["Cu K"].visible = False
    for _ in show_maps(viewer, scan, [replace(spec("Cu K"), data=np.ones((4, 4), np.float32))]):
        pass
    assert not viewer.layers["Cu K"].visible
    assert viewer.layers["Cu K"].data.all()


def test_a_map_hidden_during_a_pass_stays_hidden(viewer, scan, monkeypatch):
    monkeypatch.setattr(layers, "_WHILE_S", 0.0)
    passing = show_maps(viewer, scan, [spec("Fe K"), spec("Pb L"), spec("Cu K")], {"element"})
    next(passing)
    viewer.layers["Cu K"].visible = False
    for _ in passing:
        pass
    assert {layer.name for layer in viewer.layers if layer.visible} == {"Fe K", "Pb L"}


def test_a_map_chosen_during_a_pass_stays_alone(viewer, scan):
    names = ("New", "Fe K", "Pb L", "Cu K", "Newer")
    steps = show_maps(viewer, scan, map(spec, names), {"element"})
    next(steps)
    for _ in iter_show_only(viewer, scan, {"element"}, {("element", "Cu K")}):
        pass
    for _ in steps:
        pass
    assert {layer.name for layer in viewer.layers if layer.visible} == {"Cu K"}


def test_a_choice_that_changes_nothing_is_one_too(viewer, scan):
    names = ("New", "Fe K", "Pb L", "Cu K", "Newer")
    steps = show_maps(viewer, scan, map(spec, names), {"element"})
    next(steps)
    there = {("element", layer.name) for layer in viewer.layers}
    assert list(iter_show_only(viewer, scan, {"element"}, there)) == []
    for _ in steps:
        pass
    assert {layer.name for layer in viewer.layers if not layer.visible} == {"Newer"}
