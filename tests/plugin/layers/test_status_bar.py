"""Predictions in the status bar, and the names of stale maps."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_xrf_pigments.plugin.layers.metadata import LayerInfo, mark_stale
from napari_xrf_pigments.plugin.layers.status_bar import show_predictions_in_status_bar, text_at
from napari_xrf_pigments.plugin.state.results import PigmentResults
from napari_xrf_pigments.plugin.state.scan import Scan

from ..synthetic import GROUPS, PIGMENTS, SHAPE, FakeTiles, make_cube


@pytest.fixture
def mapped():
    """A scan with pigment maps, and layers of vermilion and of the copper group."""
    viewer = ViewerModel()
    scan = Scan(make_cube(), "scan")
    results = PigmentResults(SHAPE, PIGMENTS, GROUPS)
    for tile in FakeTiles().pigments(scan.cube, "cpu"):
        results.add(tile)
    scan.pigments = results
    for kind, name in (("pigment", "vermilion"), ("group", "copper")):
        metadata = LayerInfo(kind, name, scan=scan).as_metadata()
        layer = Image(np.zeros(SHAPE), scale=(0.5, 0.5), metadata=metadata, name=name)
        viewer.add_layer(layer)
    return viewer, scan


@pytest.fixture
def status_at(mapped):
    """The status of the viewer with the cursor at a position over a layer."""
    viewer, _ = mapped

    def move(layer, position):
        viewer.layers.selection.active = layer
        viewer.mouse_over_canvas = True
        viewer.cursor.position = position
        viewer.update_status_from_cursor()
        return viewer.status

    return move


def test_the_status_bar_shows_the_predictions_at_the_cursor(mapped, status_at):
    viewer, _ = mapped
    show_predictions_in_status_bar(viewer)
    vermilion, copper = viewer.layers
    status = status_at(vermilion, (1.0, 1.0))
    assert "Vermilion 90 %, top 9 %, below 90 %" in status["coordinates"]
    status = status_at(copper, (1.0, 14.0))
    assert "Copper pigments 80 %: azurite or malachite" in status["coordinates"]


def test_the_overview_names_groups_whose_members_cannot_be_told_apart(mapped):
    _, scan = mapped
    metadata = LayerInfo("overview", "pigments", scan=scan).as_metadata()
    layer = Image(np.zeros((*SHAPE, 4), np.uint8), scale=(0.5, 0.5), metadata=metadata)
    assert text_at(layer, (1.0, 14.0)) == (
        "Lead white 100 %; Copper pigments 80 %: azurite or malachite"
    )
    assert text_at(layer, (1.0, 1.0)) == "Lead white 100 %; Vermilion 90 %"


def test_outside_the_scan_the_status_is_that_of_napari(mapped, status_at):
    viewer, _ = mapped
    layer = viewer.layers[0]
    before = status_at(layer, (-5.0, 1.0))
    show_predictions_in_status_bar(viewer)
    status_at(layer, (1.0, 1.0))
    assert status_at(layer, (-5.0, 1.0)) == before


def test_layers_of_other_kinds_keep_the_status_of_napari(mapped, status_at):
    viewer, _ = mapped
    show_predictions_in_status_bar(viewer)
    picture = viewer.add_image(np.zeros(SHAPE), name="picture")
    assert text_at(picture, (1.0, 1.0)) == ""
    assert "Vermilion" not in status_at(picture, (1.0, 1.0))["coordinates"]


def test_names_of_stale_maps_state_the_reason_until_undo(mapped):
    viewer, scan = mapped
    assert mark_stale(viewer, scan) == 0
    settings = scan.settings
    axis = settings.energies.recalibrated(0.0203, 0.0)
    scan.change(type(settings)(axis, settings.acquisition, "set by hand"))
    assert mark_stale(viewer, scan) == 2
    assert viewer.layers[0].name == "vermilion (previous calibration)"
    scan.undo()
    assert mark_stale(viewer, scan) == 0
    assert viewer.layers[0].name == "vermilion"
    tube = settings.acquisition.updated(tube_kv=30.0)
    scan.change(type(settings)(settings.energies, tube))
    mark_stale(viewer, scan)
    assert viewer.layers[0].name == "vermilion (previous tube settings)"
