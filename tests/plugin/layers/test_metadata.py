"""Layers are called what their maps are, in a real viewer, whatever napari makes of it."""

import numpy as np

from napari_xrf_pigments.plugin.layers.metadata import LayerInfo, map_layers
from napari_xrf_pigments.plugin.layers.specs import MapSpec
from napari_xrf_pigments.plugin.layers.sync import show_maps


def named(viewer, scan, kind, titles, kinds):
    """Show maps of a kind under some titles, in place of those of some kinds."""
    grey = np.ones((2, 2, 3), np.float32)
    specs = [MapSpec(kind, key, title, grey, None) for key, title in titles.items()]
    for _ in show_maps(viewer, scan, specs, kinds):
        pass
    return {LayerInfo.of(layer).name: layer for layer in map_layers(viewer, scan, {kind}).values()}


def test_maps_get_their_own_names_once_others_have_gone(viewer, scan):
    kinds = {"pigment", "group"}
    named(viewer, scan, "group", {"a": "Vermilion", "b": "Smalt"}, kinds)
    shown = named(viewer, scan, "pigment", {"a": "Vermilion", "b": "Smalt"}, kinds)
    assert {layer.name for layer in shown.values()} == {"Vermilion", "Smalt"}


def test_a_number_of_naparis_is_no_name_of_the_users(viewer, scan):
    named(viewer, scan, "element", {"Hg L": "Hg L"}, {"element"})
    assert named(viewer, scan, "composite", {"1": "Hg L"}, set())["1"].name == "Hg L [1]"
    mixed = named(viewer, scan, "composite", {"1": "Hg L + Pb L"}, set())["1"]
    assert mixed.name == "Hg L + Pb L"
    mixed.name = "mine"
    assert named(viewer, scan, "composite", {"1": "Hg L + Cu K"}, set())["1"].name == "mine"
