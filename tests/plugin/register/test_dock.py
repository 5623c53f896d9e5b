"""The Register dock in a real viewer: points by mouse, fit, apply, undo, save, load."""

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_xrf_pigments.mapping.registration.registration import transformed
from napari_xrf_pigments.plugin.layers.metadata import LayerInfo
from napari_xrf_pigments.plugin.layers.rendering import data_and_matrix
from napari_xrf_pigments.plugin.register.dock import RegisterDock

from ..acting import add_dock, add_scan
from ..synthetic import SHAPE

PICTURE = np.random.default_rng(0).integers(0, 255, (120, 200, 3), dtype=np.uint8)
#: From pixels of the picture to pixels of the scan: rotated and scaled.
TRUE = np.array([[0.18, 0.02, 1.5], [-0.02, 0.18, 2.0], [0.0, 0.0, 1.0]])
TILTED = np.array([[0.18, 0.02, 1.5], [-0.02, 0.18, 2.0], [1e-4, 2e-4, 1.0]])
POINTS = np.array([[10.0, 12], [15, 180], [100, 20], [110, 190], [60, 100], [30, 60]])


@pytest.fixture
def scan(viewer, qtbot):
    scan = add_scan(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    return scan


@pytest.fixture
def photo(viewer, scan):
    return viewer.add_image(PICTURE, name="photo", rgb=True)


@pytest.fixture
def dock(viewer, photo):
    return add_dock(viewer, RegisterDock, "Register")


def place_points(dock, matrix, qtbot, points=POINTS):
    """Place pairs of points that a matrix maps onto each other."""
    dock.bar.place_button.setChecked(True)
    on_picture, on_scan = dock.points
    on_picture.data, on_scan.data = points, transformed(matrix, points)
    qtbot.waitUntil(lambda: dock.registration is not None, timeout=10_000)


def click_in_grid(viewer, box, point):
    """Click into a cell of napari's grid, at a point in world coordinates (y, x)."""
    canvas = viewer.window._qt_viewer.canvas
    view = canvas.grid_views[box]
    x, y = view.scene.transform.map((point[1], point[0], 0, 1))[:2]
    left, top = view.transform.translate[:2]
    pos = QPoint(round(x + left), round(y + top))
    QTest.mouseMove(canvas.native, QPoint(pos.x() - 2, pos.y()))
    QTest.mouseMove(canvas.native, pos)
    QTest.mouseClick(canvas.native, Qt.MouseButton.LeftButton, pos=pos)
    QApplication.processEvents()


def test_without_a_picture_no_points_can_be_placed(viewer, scan):
    dock = add_dock(viewer, RegisterDock, "Register")
    assert not dock.bar.place_button.isEnabled()
    assert "picture of the same painting" in dock.message.text()


def test_maps_of_the_scan_are_not_listed_as_pictures(dock):
    box = dock.bar.picture_box
    assert [box.itemText(i) for i in range(box.count())] == ["photo"]


def test_placing_points_shows_both_side_by_side_and_restores_the_viewer(viewer, dock, photo):
    order, visible = list(viewer.layers), [layer.visible for layer in viewer.layers]
    QTest.mouseClick(dock.bar.place_button, Qt.MouseButton.LeftButton)
    assert viewer.canvas.grid.enabled
    assert viewer.canvas.grid.actual_shape(viewer.layers) == (1, 2)
    where = {
        layer.name: viewer.canvas.grid.position(i, viewer.layers)
        for i, layer in enumerate(viewer.layers)
    }
    assert where["photo"] == where["Control points on photo"] == (0, 0)
    assert where["scan"] == where["Control points on scan"] == (0, 1)
    # The picture was scaled to the extent of the scan, so that one zoom fits both.
    (top, left), (bottom, right) = photo.extent.world
    assert (bottom - top) <= 12.5
    assert (right - left) <= 18.5
    QTest.mouseClick(dock.bar.place_button, Qt.MouseButton.LeftButton)
    assert not viewer.canvas.grid.enabled
    assert list(viewer.layers)[: len(order)] == order
    assert [layer.visible for layer in order] == visible


def test_clicks_add_numbered_points_on_either_side(viewer, dock, qtbot):
    dock.bar.place_button.click()
    qtbot.wait(300)
    click_in_grid(viewer, 0, (5.0, 6.0))
    click_in_grid(viewer, 1, (4.0, 7.0))
    click_in_grid(viewer, 1, (6.0, 9.0))
    on_picture, on_scan = dock.points
    assert len(on_picture.data) == 1
    assert len(on_scan.data) == 2
    assert np.allclose(on_scan.data_to_world(on_scan.data[0]), (4.0, 7.0), atol=0.3)
    assert np.allclose(on_picture.data_to_world(on_picture.data[0]), (5.0, 6.0), atol=0.3)
    qtbot.waitUntil(lambda: dock.table.rowCount() == 2, timeout=10_000)
    assert dock.table.item(1, 1).text() == "click it on the picture"
    assert list(on_scan.features["number"]) == [1, 2]


def test_residuals_are_shown_in_pixels_and_mm_and_a_wrong_point_is_red(dock, qtbot):
    place_points(dock, TRUE, qtbot)
    assert dock.table.item(0, 1).text() == "0.00"
    assert "residual: 0.00 pixels of the scan, 0.00 mm." in dock.message.text()
    on_scan = dock.points[1]
    moved = np.array(on_scan.data) + np.random.default_rng(0).normal(0, 0.05, POINTS.shape)
    moved[4] += (3, 2)
    on_scan.data = moved
    qtbot.waitUntil(lambda: "Point 5 does not fit" in dock.message.text(), timeout=10_000)
    red = dock.table.item(4, 0).foreground().color()
    assert red.red() > 2 * red.green()
    in_px, in_mm = (float(dock.table.item(4, k).text()) for k in (1, 2))
    assert in_mm == pytest.approx(in_px / 2, abs=0.01)


def test_the_delete_key_removes_a_pair(dock, qtbot):
    place_points(dock, TRUE, qtbot)
    dock.table.setCurrentCell(1, 0)
    QTest.keyClick(dock.table, Qt.Key.Key_Delete)
    assert dock.table.rowCount() == 5
    assert np.allclose(dock.points[0].data, np.delete(POINTS, 1, axis=0))


def test_an_affine_fit_is_applied_and_undone(viewer, dock, photo, qtbot):
    place_points(dock, TRUE, qtbot)
    before = data_and_matrix(photo)[1]
    dock.bar.apply_button.click()
    assert np.allclose(data_and_matrix(photo)[1], np.diag([0.5, 0.5, 1]) @ TRUE, atol=1e-6)
    assert photo.data is not None and photo.data.shape == PICTURE.shape
    assert photo.units == viewer.layers["scan"].units
    assert LayerInfo.of(photo).made["registration"]["points"] == 6
    assert not viewer.canvas.grid.enabled
    dock.bar.undo_button.click()
    assert np.allclose(data_and_matrix(photo)[1], before)
    assert not dock.bar.undo_button.isEnabled()


def test_a_projective_fit_resamples_the_picture_onto_the_scan(viewer, dock, photo, qtbot):
    place_points(dock, TILTED, qtbot)
    dock.bar.model_box.setCurrentIndex(1)
    assert dock.registration.model == "projective"
    dock.bar.apply_button.click()
    qtbot.waitUntil(lambda: "photo on scan" in viewer.layers, timeout=60_000)
    layer = viewer.layers["photo on scan"]
    factor = layer.data.shape[0] // SHAPE[0]
    assert layer.data.shape == (SHAPE[0] * factor, SHAPE[1] * factor, 4)
    # It covers the scan exactly.
    borders = [
        one.extent.world + np.outer([-0.5, 0.5], one.extent.step)
        for one in (layer, viewer.layers["scan"])
    ]
    assert np.allclose(*borders, atol=1e-6)
    assert not photo.visible
    point = transformed(TILTED, [[60.0, 100.0]])[0]
    row, column = np.rint((point + 0.5) * factor - 0.5).astype(int)
    assert layer.data[row, column, 3] == 255
    dock.bar.undo_button.click()
    assert "photo on scan" not in viewer.layers
    assert photo.visible


def test_points_are_saved_and_loaded(dock, qtbot, tmp_path):
    place_points(dock, TRUE, qtbot)
    dock.bar.set_model("projective")
    dock.save_points(tmp_path / "points.json")
    for layer in dock.points:
        layer.data = np.zeros((0, 2))
    dock.bar.set_model("affine")
    dock.load_points(tmp_path / "points.json")
    assert np.allclose(dock.points[0].data, POINTS)
    assert dock.bar.model == "projective"
    assert dock.registration is not None


def test_a_file_without_control_points_is_reported_and_changes_nothing(
    dock, qtbot, tmp_path, notes
):
    place_points(dock, TRUE, qtbot)
    bad = tmp_path / "notes.json"
    bad.write_text("{}")
    dock.load_points(bad)
    assert notes() == [("notes.json does not hold control points.", "error")]
    assert len(dock.points[0].data) == 6
    dock.save_points(bad)
    assert bad.read_text() == "{}"
    assert len(notes()) == 2


def test_a_picture_is_opened_from_its_file(viewer, dock, tmp_path, notes, qtbot):
    from PIL import Image as Pillow

    Pillow.fromarray(PICTURE).save(tmp_path / "infrared.png")
    dock.open_picture(tmp_path / "infrared.png")
    qtbot.waitUntil(lambda: "infrared" in viewer.layers, timeout=10_000)
    layer = viewer.layers["infrared"]
    assert dock.picture is layer
    assert np.array_equal(layer.data, PICTURE)
    # It is centred on the scan, in its units.
    assert layer.units == viewer.layers["scan"].units
    assert np.allclose(
        layer.extent.world.mean(axis=0), viewer.layers["scan"].extent.world.mean(axis=0)
    )
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    dock.open_picture(tmp_path / "broken.jpg")
    text = ("broken.jpg is not a picture that can be read.", "error")
    qtbot.waitUntil(lambda: text in notes(), timeout=10_000)


def test_removing_the_picture_ends_the_registration(viewer, dock, qtbot):
    place_points(dock, TRUE, qtbot)
    viewer.layers.remove("photo")
    qtbot.wait(100)
    assert not viewer.canvas.grid.enabled
    assert dock.picture is None
    assert not dock.bar.apply_button.isEnabled()


def test_neither_a_saved_map_nor_a_grey_image_is_taken_for_the_picture(viewer, scan, photo):
    info = LayerInfo("element", "Fe K")  # opened from a file of results, without its scan
    viewer.add_image(np.zeros(SHAPE), name="Fe K", metadata=info.as_metadata())
    viewer.add_image(np.zeros((50, 60)), name="infrared")
    dock = add_dock(viewer, RegisterDock, "Register")
    box = dock.bar.picture_box
    assert [box.itemText(i) for i in range(box.count())] == ["infrared", "photo"]
    assert dock.picture is photo
