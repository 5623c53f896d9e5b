"""Docks in a window of 1280 x 720 pixels, their tabs, and the picture beside them."""

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication, QDockWidget, QScrollArea, QTabBar

from napari_xrf_pigments.plugin import commands
from napari_xrf_pigments.plugin.docks.window import open_dock, our_docks
from napari_xrf_pigments.plugin.layers.sync import camera_state

from .acting import click_world

TITLES = ("Compare maps", "Register a picture", "Teach pigments")


@pytest.fixture
def small(viewer, scan, qtbot):
    """The window with three docks, and then with six, made as small as a laptop's."""
    viewer.window.resize(1280, 720)
    shown = []
    commands.open_docks(viewer, lambda: shown.append(True))
    qtbot.waitUntil(lambda: bool(shown), timeout=60_000)
    yield viewer
    viewer.window.remove_dock_widget("all")
    viewer.window.resize(1400, 900)


def window_of(viewer):
    frame = our_docks(viewer)["Elements"].parent()
    return frame.parent()


def test_the_window_is_not_higher_than_a_laptop_allows(small, qtbot):
    for title in TITLES:
        open_dock(small, title)
    qtbot.wait(300)
    window = window_of(small)
    assert window.minimumSizeHint().height() <= 720
    window.resize(1280, 720)
    qtbot.wait(100)
    assert (window.width(), window.height()) == (1280, 720)
    for dock in our_docks(small).values():
        area = dock.findChild(QScrollArea)
        assert area.widget().width() >= area.widget().minimumSizeHint().width()


def test_titles_on_tabs_can_be_read(small, qtbot):
    for title in TITLES[:2]:
        open_dock(small, title)
    qtbot.wait(300)
    window = window_of(small)
    bars = [bar for bar in window.findChildren(QTabBar) if bar.parent() is window and bar.count()]
    bar = max(bars, key=lambda bar: bar.count())
    titles = [bar.tabText(i) for i in range(bar.count())]
    assert titles == ["Scan", "Elements", "Pigments", "Compare", "Register"]
    # The title bar of a dock has space for the whole title.
    frame = our_docks(small)["Register a picture"].parent()
    assert isinstance(frame, QDockWidget)
    assert frame.titleBarWidget().title.text() == "Register a picture"


def test_an_untouched_picture_is_fitted_when_a_dock_opens(viewer, scan, qtbot):
    viewer.reset_view()
    QApplication.processEvents()
    commands.fit_view(viewer)
    before = camera_state(viewer)
    open_dock(viewer, "Spectrum", "bottom")
    qtbot.waitUntil(lambda: camera_state(viewer) != before, timeout=10_000)
    fitted = camera_state(viewer)
    viewer.reset_view()
    assert np.allclose(camera_state(viewer), fitted)


def test_a_picture_that_the_user_moved_stays(viewer, scan, qtbot):
    viewer.scene.camera.zoom *= 1.7
    before = camera_state(viewer)
    open_dock(viewer, "Spectrum", "bottom")
    qtbot.wait(400)
    assert camera_state(viewer) == before


def test_a_click_scrolls_the_pixel_tab_to_its_position(small, scan, qtbot):
    dock = our_docks(small)["Spectrum"]
    area = dock.pixel_tab.view.results
    bar = area.verticalScrollBar()
    area.widget().setMinimumHeight(3000)
    qtbot.waitUntil(lambda: bar.maximum() > 0, timeout=10_000)
    bar.setValue(bar.maximum())
    click_world(small, (1.0, 1.0))
    qtbot.waitUntil(lambda: scan.pixel is not None, timeout=10_000)
    assert bar.value() == 0
