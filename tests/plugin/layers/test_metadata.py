"""The names of layers in a real viewer: those of maps, of napari and of the user."""

import numpy as np

from napari_xrf_pigments.plugin.layers.metadata import LayerInfo, map_layers
from napari_xrf_pigments.plugin.layers.specs import MapSpec
from napari_xrf_pigments.plugin.layers.sync import show_maps


def show(viewer, scan, kind, titles, kinds):
    """Show maps of a kind, replacing those of some kinds; return the layers by key."""
    grey = np.ones((2, 2, 3), np.float32)
    specs = [MapSpec(kind, key, title, grey, None) for key, title in titles.items()]
    for _ in show_maps(viewer, scan, specs, kinds):
        pass
    return {LayerInfo.of(layer).name: layer for layer in map_layers(viewer, scan, {kind}).values()}


def test_maps_get_their_titles_after_others_were_removed(viewer, scan):
    kinds = {"pigment", "group"}
    show(viewer, scan, "group", {"a": "Vermilion", "b": "Smalt"}, kinds)
    shown = show(viewer, scan, "pigment", {"a": "Vermilion", "b": "Smalt"}, kinds)
    assert {layer.name for layer in shown.values()} == {"Vermilion", "Smalt"}


def test_a_number_appended_by_napari_is_not_a_name_of_the_user(viewer, scan):
    show(viewer, scan, "element", {"Hg L": "Hg L"}, {"element"})
    assert show(viewer, scan, "composite", {"1": "Hg L"}, set())["1"].name == "Hg L [1]"
    mixed = show(viewer, scan, "composite", {"1": "Hg L + Pb L"}, set())["1"]
    assert mixed.name == "Hg L + Pb L"
    mixed.name = "mine"
    assert show(viewer, scan, "composite", {"1": "Hg L + Cu K"}, set())["1"].name == "mine"
