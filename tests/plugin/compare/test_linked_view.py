"""Two canvases that show the same piece of the painting; layers that do not take the choice."""

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
def test_what_is_shown_is_what_was_asked_for(viewer, view):
    show_view(viewer, view)
    shown = view_of(viewer)
    assert (shown.y, shown.x, shown.span) == pytest.approx((view.y, view.x, view.span))
    # The shorter side of the canvas shows the span.
    assert viewer.scene.camera.zoom == pytest.approx(400 / view.span)


def test_a_view_that_is_shown_already_moves_nothing(viewer):
    moved = []
    viewer.scene.camera.events.center.connect(moved.append)
    show_view(viewer, view_of(viewer))
    assert moved == []


def test_a_canvas_that_shows_no_plane_has_no_view(viewer):
    viewer.dims.ndisplay = 3
    assert view_of(viewer) is None


def test_a_layer_added_meanwhile_does_not_take_the_choice(viewer):
    with unselected(viewer):
        viewer.add_image(np.zeros((4, 4)), name="new")
    assert viewer.layers.selection.active is viewer.layers["map"]
    viewer.add_image(np.zeros((4, 4)), name="the user's")
    assert viewer.layers.selection.active is viewer.layers["the user's"]
