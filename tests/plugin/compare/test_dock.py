"""The Compare dock and the Agreement dock in a real viewer."""

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_xrf_pigments.plugin.agreement.dock import AgreementDock
from napari_xrf_pigments.plugin.compare.dock import CompareDock
from napari_xrf_pigments.plugin.layers.sync import session_of

from .. import mapped
from ..acting import add_dock, add_scan


@pytest.fixture
def scan(viewer, qtbot):
    scan = add_scan(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    return scan


@pytest.fixture
def compare(viewer, scan, qtbot):
    other = np.full((30, 40, 3), 200, np.uint8)
    viewer.add_image(other, name="photo", rgb=True, scale=(0.4, 0.4))
    dock = add_dock(viewer, CompareDock, "Compare", "bottom")
    dock.compare(viewer.layers["scan"], viewer.layers["photo"])
    qtbot.wait(300)  # until the image is fitted into the smaller canvas
    dock.plot.fit()
    QApplication.processEvents()
    return dock


def canvas_position(dock, world, box=0):
    """Return the position on the canvas of a point in world coordinates (y, x)."""
    y, x = world
    scene = dock.plot.boxes[box].mapViewToScene(QPointF(x, y))
    return dock.plot.canvas.mapFromScene(scene)


def wheel(widget, position):
    """Turn the mouse wheel away from the user."""
    none, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    at, over = QPointF(position), QPointF(widget.mapToGlobal(position))
    turn, button = QPoint(0, 120), Qt.MouseButton.NoButton
    QApplication.sendEvent(
        widget, QWheelEvent(at, over, QPoint(), turn, button, none, phase, False)
    )
    QApplication.processEvents()


def hover(dock, position):
    canvas = dock.plot.canvas.viewport()
    QTest.mouseMove(canvas, QPoint(position.x() - 3, position.y()))
    QApplication.processEvents()
    QTest.mouseMove(canvas, position)
    QApplication.processEvents()


def test_the_topmost_maps_are_compared_at_first(viewer, scan):
    dock = add_dock(viewer, CompareDock, "Compare")
    assert dock.layers == (viewer.layers["scan"], None)
    viewer.add_image(np.ones((5, 5)), name="new")
    assert dock.layers == (viewer.layers["scan"], viewer.layers["new"])
    viewer.layers.remove("new")
    assert dock.layers[1] is None


def test_both_maps_zoom_together(compare):
    compare.plot.boxes[0].setRange(xRange=(3, 9), yRange=(2, 6), padding=0)
    QApplication.processEvents()
    one, other = (box.viewRange() for box in compare.plot.boxes)
    assert np.allclose(one, other)


def test_cross_and_values_show_the_same_position_in_both(compare):
    hover(compare, canvas_position(compare, (5.0, 8.0), box=1))
    for vertical, horizontal in compare.plot.crosses:
        assert vertical.value() == pytest.approx(8.0, abs=0.2)
        assert horizontal.value() == pytest.approx(5.0, abs=0.2)
        assert vertical.isVisible()
    assert "photo: rgb 200 200 200" in compare.values.text()
    assert "scan: " in compare.values.text()


def view_of_viewer(viewer):
    camera = viewer.scene.camera
    return (*camera.center[-2:], min(viewer.canvas.size) / camera.zoom)


def test_the_viewer_zooms_with_the_maps(viewer, compare):
    middle = canvas_position(compare, compare.plot.view()[:2])
    zoom = viewer.scene.camera.zoom
    for _ in range(3):
        wheel(compare.plot.canvas.viewport(), middle)
    assert viewer.scene.camera.zoom > 1.1 * zoom
    assert view_of_viewer(viewer) == pytest.approx(compare.plot.view(), rel=1e-3, abs=1e-2)


def test_the_maps_zoom_with_the_viewer(viewer, compare):
    viewer.scene.camera.center = (0.0, 6.0, 9.0)
    viewer.scene.camera.zoom *= 2.5
    assert compare.plot.view() == pytest.approx(view_of_viewer(viewer), rel=1e-3, abs=1e-2)
    one, other = (box.viewRange() for box in compare.plot.boxes)
    assert np.allclose(one, other)


def test_unlinked_maps_do_not_zoom_with_the_viewer(viewer, compare):
    QTest.mouseClick(compare.bar.link_button, Qt.MouseButton.LeftButton)
    before = compare.plot.view()
    viewer.scene.camera.zoom *= 2.5
    assert compare.plot.view() == pytest.approx(before)
    QTest.mouseClick(compare.bar.link_button, Qt.MouseButton.LeftButton)
    assert compare.plot.view() == pytest.approx(view_of_viewer(viewer), rel=1e-3, abs=1e-2)


def test_the_cursor_of_the_viewer_moves_the_cross(viewer, compare):
    viewer.cursor.position = (4.0, 6.0)
    vertical, horizontal = compare.plot.crosses[0]
    assert (horizontal.value(), vertical.value()) == (4.0, 6.0)


def test_a_click_selects_the_pixel(viewer, scan, compare, qtbot):
    selected = []
    session_of(viewer).pixel_selected.connect(lambda scan, y, x: selected.append((y, x)))
    position = canvas_position(compare, (5.0, 8.0))
    QTest.mouseClick(compare.plot.canvas.viewport(), Qt.MouseButton.LeftButton, pos=position)
    qtbot.waitUntil(lambda: bool(selected), timeout=10_000)
    assert selected == [(10, 16)]


def colour_at(dock, world):
    """Return red, green and blue of the canvas at a point in world coordinates (y, x)."""
    QApplication.processEvents()
    position = canvas_position(dock, world)
    image = dock.plot.canvas.viewport().grab().toImage()
    ratio = image.devicePixelRatio()
    pixel = image.pixelColor(round(position.x() * ratio), round(position.y() * ratio))
    return pixel.red(), pixel.green(), pixel.blue()


def test_the_swipe_shows_the_first_left_and_the_second_right(compare):
    compare.bar.mode_box.setCurrentIndex(1)
    compare.plot.fit()
    compare.plot.line.setValue(8.0)
    grey = (200, 200, 200)
    assert colour_at(compare, (5.0, 12.0)) == grey
    assert colour_at(compare, (5.0, 3.0)) != grey
    compare.plot.line.setValue(2.0)
    assert colour_at(compare, (5.0, 3.0)) == grey


def test_the_swipe_line_stays_in_view(compare):
    compare.bar.mode_box.setCurrentIndex(1)
    compare.plot.fit()
    for x in (2.0, 9.0):
        compare.plot.set_view(5.0, x, 2.0)
        QApplication.processEvents()
        (left, right), _ = compare.plot.boxes[0].viewRange()
        assert left < compare.plot.line.value() < right


def test_the_lens_shows_the_second_under_the_mouse(compare):
    compare.bar.mode_box.setCurrentIndex(2)
    compare.plot.fit()
    compare.bar.radius.setValue(40)
    QApplication.processEvents()
    hover(compare, canvas_position(compare, (5.0, 8.0)))
    grey = (200, 200, 200)
    assert colour_at(compare, (5.0, 8.0)) == grey
    assert colour_at(compare, (5.0, 1.0)) != grey
    hover(compare, canvas_position(compare, (5.0, 2.0)))
    assert colour_at(compare, (5.0, 2.5)) == grey


def test_swapped_maps_change_sides(compare):
    first, second = compare.layers
    compare.bar.swap_button.click()
    assert compare.layers == (second, first)
    assert compare.plot.pictures[0].name == "photo"


def test_a_changed_map_is_redrawn(viewer, compare, qtbot):
    before = compare.plot.pictures[0].pixels.copy()
    viewer.layers["scan"].colormap = "magma"
    qtbot.waitUntil(
        lambda: not np.array_equal(compare.plot.pictures[0].pixels, before), timeout=10_000
    )


def test_labels_can_be_compared_and_removed(viewer, scan, qtbot):
    painted = np.zeros(scan.cube.shape[:2], int)
    labels = viewer.add_labels(painted, name="labels", scale=viewer.layers["scan"].scale)
    dock = add_dock(viewer, CompareDock, "Compare", "bottom")
    assert dock.layers == (labels, viewer.layers["scan"])
    before = np.array(dock.plot.images[0].image)
    labels.fill((1, 1), 3)
    qtbot.waitUntil(lambda: not np.array_equal(dock.plot.images[0].image, before), timeout=10_000)
    viewer.layers.remove(labels)
    assert labels not in dock.layers


def test_a_closed_dock_ignores_events(viewer, compare, qtbot):
    viewer.window.remove_dock_widget(compare)
    QApplication.processEvents()
    viewer.layers["scan"].colormap = "magma"
    viewer.cursor.position = (1.0, 1.0)
    viewer.layers.remove("photo")


def test_disagreement_is_tabulated_and_mapped(viewer, scan, qtbot):
    scan.elements, scan.pigments = mapped.elements(), mapped.pigments()
    dock = add_dock(viewer, AgreementDock, "Agreement")
    qtbot.waitUntil(lambda: dock.comparison is not None, timeout=30_000)
    index = dock.pigment_box.findData("azurite")
    dock.pigment_box.setCurrentIndex(index)
    dock.pigment_box.activated.emit(index)
    qtbot.waitUntil(lambda: dock.comparison.pigment == "azurite", timeout=30_000)
    assert dock.table.item(0, 0).text() == "Cu K"
    assert dock.table.item(0, 1).text() == "+1.00"
    dock.button.click()
    layer = viewer.layers["Azurite against its elements"]
    assert np.array_equal(layer.data, dock.comparison.labels())
    assert tuple(layer.scale) == (0.5, 0.5)
    assert not layer.editable
    dock.threshold.setValue(0.3)
    qtbot.waitUntil(lambda: (dock.comparison.labels() == 1).any(), timeout=30_000)
    dock.button.click()
    assert (layer.data == 1).any()
    assert sum("against" in one.name for one in viewer.layers) == 1


def test_each_map_carries_its_name(compare):
    plot = compare.plot
    assert [name.toPlainText() for name in plot.names] == ["scan", "photo"]
    assert all(name.isVisible() for name in plot.names)
    assert [name.parentItem() for name in plot.names] == plot.boxes
    plot.set_mode("swipe")
    assert [name.parentItem() for name in plot.names] == [plot.boxes[0]] * 2
    assert plot.names[1].pos().x() > plot.names[0].pos().x()


@pytest.mark.parametrize("size", [(300, 900), (1000, 220)])
def test_linking_does_not_cut_maps_that_the_canvas_shows_whole(viewer, compare, size, qtbot):
    compare.plot.resize(*size)
    compare.plot.canvas.resize(*size)
    QApplication.processEvents()
    viewer.reset_view()
    QApplication.processEvents()
    assert compare.plot.shows_extent()
    compare.bar.fit_button.click()
    assert compare.plot.shows_extent()
