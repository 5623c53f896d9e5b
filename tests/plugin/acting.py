"""Actions of a user in a real viewer: click, drop, open docks."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_xrf_pigments.plugin.layers.adding import counts_layer_data
from napari_xrf_pigments.plugin.layers.sync import session_of
from napari_xrf_pigments.plugin.spectrum.plot import DrawnCurve
from napari_xrf_pigments.plugin.state.totals import TotalCounts

from .synthetic import make_cube


def add_scan(viewer, cube=None, name="scan"):
    """Add a scan as the reader does; return its state."""
    cube = cube or make_cube()
    totals = TotalCounts(cube)
    totals.wait()
    data, settings, _ = counts_layer_data(cube, totals, name)
    viewer.add_image(data, **settings)
    return session_of(viewer).scan


def add_dock(viewer, kind, name="dock", area="right"):
    """Add a dock to the window."""
    dock = kind(viewer)
    viewer.window.add_dock_widget(dock, name=name, area=area)
    return dock


def move_mouse(viewer, point):
    """Move the mouse to a point in world coordinates (y, x); return canvas and position in it."""
    canvas = viewer.window._qt_viewer.canvas
    viewer.reset_view()
    QApplication.processEvents()
    camera = viewer.scene.camera
    offset = (np.asarray(point) - np.asarray(camera.center)[-2:]) * camera.zoom
    width, height = canvas.native.width(), canvas.native.height()
    pos = QPoint(round(width / 2 + offset[1]), round(height / 2 + offset[0]))
    assert canvas.native.rect().contains(pos)
    QTest.mouseMove(canvas.native, pos)
    QApplication.processEvents()
    return canvas.native, pos


def click_world(viewer, point):
    """Click the mouse on a point in world coordinates (y, x)."""
    native, pos = move_mouse(viewer, point)
    QTest.mouseClick(native, Qt.MouseButton.LeftButton, pos=pos)
    QApplication.processEvents()


def drop(widget, *paths):
    """Drop files on a widget; return whether it accepted them."""
    # A key of an earlier test may still count as pressed: Shift would open a stack.
    QTest.keyRelease(widget, Qt.Key.Key_Shift, Qt.KeyboardModifier.NoModifier)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    actions, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), actions, mime, button, none)
    QApplication.sendEvent(widget, enter)
    if not enter.isAccepted():
        return False
    QApplication.sendEvent(widget, QDropEvent(QPointF(5, 5), actions, mime, button, none))
    return True


def choose(box, key):
    """Select an entry of a box, as from its list."""
    box.setCurrentIndex(box.findData(key))
    assert box.currentData() == key
    box.activated.emit(box.currentIndex())


def elements_ended(dock):
    """Return whether all work of the Elements dock has ended."""
    return not dock.busy and not dock.tools.busy and not dock.searching


def map_elements(dock, scan, qtbot):
    """Map the whole scan with the Elements dock."""
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: scan.elements is not None, timeout=60_000)
    qtbot.waitUntil(lambda: elements_ended(dock), timeout=60_000)


def draw_spectrum(plot, kev, counts):
    """Draw one spectrum in a plot."""
    plot.set_curves([DrawnCurve("", "", "", kev, counts)])
