"""The field of view of a canvas; layers that are added without being selected."""

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_xrf_pigments.plugin.compare.linked_view import View, show_view, view_of
from napari_xrf_pigments.plugin.layers.adding import unselected


@pytest.fixture
def viewer():
    model = ViewerModel()
    model.add_image(np.zeros((40, 60)), name="map")
    model.canvas.size = (400, 800)
    return model


@pytest.mark.parametrize("view", [View(20.0, 30.0, 40.0), View(-3.5, 12.25, 0.5)])
def test_a_view_is_shown_and_read_back(viewer, view):
    show_view(viewer, view)
    shown = view_of(viewer)
    assert (shown.y, shown.x, shown.span) == pytest.approx((view.y, view.x, view.span))
    # The shorter side of the canvas shows the span.
    assert viewer.scene.camera.zoom == pytest.approx(400 / view.span)


def test_the_present_view_moves_nothing(viewer):
    moved = []
    viewer.scene.camera.events.center.connect(moved.append)
    show_view(viewer, view_of(viewer))
    assert moved == []


def test_a_canvas_in_3d_mode_has_no_view(viewer):
    viewer.dims.ndisplay = 3
    assert view_of(viewer) is None


def test_a_layer_can_be_added_without_being_selected(viewer):
    with unselected(viewer):
        viewer.add_image(np.zeros((4, 4)), name="new")
    assert viewer.layers.selection.active is viewer.layers["map"]
    viewer.add_image(np.zeros((4, 4)), name="the user's")
    assert viewer.layers.selection.active is viewer.layers["the user's"]
