"""Contributions of the manifest to napari: docks, menus, sample, writer."""

import numpy as np
import pytest
from napari._app_model import get_app_model
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QTabBar

from napari_xrf_pigments.plugin import commands, dialogs
from napari_xrf_pigments.plugin.commands import dock_of
from napari_xrf_pigments.plugin.elements.dock import ElementsDock
from napari_xrf_pigments.plugin.layers.metadata import LayerInfo
from napari_xrf_pigments.plugin.layers.sync import view_is_untouched
from napari_xrf_pigments.plugin.layers.update_queue import LayerUpdateQueue

from .acting import add_dock, add_scan
from .synthetic import LINES

PLUGIN = "napari-xrf-pigments"
DIRECT = Qt.FindChildOption.FindDirectChildrenOnly


@pytest.mark.parametrize("name", ["Scan", "Elements", "Pigments", "Spectrum"])
def test_docks_open_from_the_plugins_menu(viewer, name, qtbot):
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, name)
    qtbot.waitUntil(dock.scan_bar.isVisible, timeout=60_000)


def test_one_command_shows_all_docks_once(viewer, qtbot):
    ended = []
    for _ in range(2):
        commands.open_docks(viewer, lambda: ended.append(True))
    qtbot.waitUntil(lambda: len(ended) == 2, timeout=60_000)
    assert sorted(viewer.window.dock_widgets) == [
        "Elements (XRF Pigments)",
        "Pigments (XRF Pigments)",
        "Scan (XRF Pigments)",
        "Spectrum (XRF Pigments)",
    ]


def test_titles_of_docks_are_shortened(viewer, qtbot):
    ended = []
    commands.open_docks(viewer, lambda: ended.append(True))
    qtbot.waitUntil(lambda: bool(ended), timeout=60_000)
    frame, _ = viewer.window.add_plugin_dock_widget(PLUGIN, "Compare maps")
    (tabs,) = (
        bar
        for bar in viewer.window._qt_window.findChildren(QTabBar)
        if bar.count() >= 3 and bar.parent() is viewer.window._qt_window
    )
    qtbot.waitUntil(
        lambda: (
            [tabs.tabText(i) for i in range(tabs.count())]
            == ["Scan", "Elements", "Pigments", "Compare"]
        ),
        timeout=60_000,
    )
    assert frame.titleBarWidget().title.text() == "Compare maps"
    # Also in a new title bar, as that of a floating dock.
    frame.setFloating(True)
    qtbot.waitUntil(lambda: frame.titleBarWidget().title.text() == "Compare maps", timeout=60_000)


def test_docks_opened_by_a_menu_are_tabs_and_the_window_keeps_its_size(viewer, qtbot):
    window = viewer.window._qt_window
    before = window.size()
    ended = []
    commands.open_docks(viewer, lambda: ended.append(True))
    qtbot.waitUntil(lambda: bool(ended), timeout=60_000)
    elements = viewer.window.dock_widgets["Elements (XRF Pigments)"].parent()
    for name in ("Compare maps", "Teach pigments", "Register a picture"):
        frame, _ = viewer.window.add_plugin_dock_widget(PLUGIN, name)
        qtbot.waitUntil(
            lambda frame=frame: frame in window.tabifiedDockWidgets(elements), timeout=60_000
        )
        # The dock that was opened is in front.
        qtbot.waitUntil(lambda frame=frame: not frame.visibleRegion().isEmpty(), timeout=60_000)
        qtbot.waitUntil(lambda: window.size() == before, timeout=60_000)
        qtbot.waitUntil(window.updatesEnabled, timeout=60_000)


@pytest.mark.parametrize("moved", [False, True])
def test_the_image_is_fitted_into_the_smaller_canvas_unless_it_was_moved(viewer, qtbot, moved):
    add_scan(viewer)
    qtbot.wait(300)  # until the canvas has the space of earlier docks
    viewer.reset_view()
    if moved:
        viewer.scene.camera.zoom *= 3
    before = viewer.scene.camera.zoom
    ended = []
    commands.open_docks(viewer, lambda: ended.append(True))
    qtbot.waitUntil(lambda: bool(ended), timeout=60_000)
    # The spectrum occupies a third of the height.
    assert viewer.scene.camera.zoom == before if moved else viewer.scene.camera.zoom < 0.9 * before


def test_the_image_is_fitted_again_after_the_window_was_resized(viewer, qtbot):
    add_scan(viewer)
    qtbot.waitUntil(lambda: view_is_untouched(viewer), timeout=60_000)
    window = viewer.window._qt_window
    window.resize(window.width(), window.height() - 120)
    qtbot.wait(300)
    before = viewer.scene.camera.zoom
    assert view_is_untouched(viewer)
    ended = []
    commands.open_docks(viewer, lambda: ended.append(True))
    qtbot.waitUntil(lambda: bool(ended), timeout=60_000)
    assert viewer.scene.camera.zoom < 0.9 * before
    viewer.scene.camera.zoom *= 1.2
    assert not view_is_untouched(viewer)


@pytest.mark.parametrize("name", ["Elements", "Spectrum"])
def test_a_dock_that_is_closed_while_the_others_open_stays_closed(viewer, qtbot, name):
    ended, title = [], f"{name} (XRF Pigments)"

    def close(dock):
        if dock.name == title:
            viewer.window.remove_dock_widget(dock.inner_widget())

    add = viewer.window.add_dock_widget

    def added(*arguments, **settings):
        dock = add(*arguments, **settings)
        # Like a click, which the event loop processes later.
        QTimer.singleShot(0, lambda: close(dock))
        return dock

    viewer.window.add_dock_widget = added
    try:
        commands.open_docks(viewer, lambda: ended.append(True))
        qtbot.waitUntil(lambda: bool(ended), timeout=60_000)
    finally:
        del viewer.window.add_dock_widget
    assert title not in viewer.window.dock_widgets
    assert len(viewer.window.dock_widgets) == 3


def test_no_update_queue_stays_in_the_window(viewer, qtbot):
    ended, window = [], viewer.window._qt_window
    before = len(window.findChildren(LayerUpdateQueue, options=DIRECT))
    commands.open_docks(viewer, lambda: ended.append(True))
    qtbot.waitUntil(lambda: bool(ended), timeout=60_000)
    qtbot.waitUntil(
        lambda: len(window.findChildren(LayerUpdateQueue, options=DIRECT)) == before, timeout=60_000
    )


def test_docks_that_cannot_be_imported_give_an_error(viewer, qtbot, monkeypatch, notes):
    def fails(name):
        raise ImportError("No module named 'pyqtgraph'")

    monkeypatch.setattr(commands, "dock_class", fails)
    commands.open_docks(viewer)
    qtbot.waitUntil(lambda: bool(notes()), timeout=60_000)
    assert notes() == [("No module named 'pyqtgraph'", "error")]
    assert not viewer.window.dock_widgets


def test_open_scan_is_in_the_file_menu(viewer):
    menu = get_app_model().menus.get_menu("napari/file/io_utilities")
    titles = {item.command.title for item in menu if hasattr(item, "command")}
    assert {"Open scan... (XRF Pigments)", "Open scan folder... (XRF Pigments)"} <= titles


def test_the_menu_command_opens_the_selected_files(viewer, tmp_path, monkeypatch, qtbot):
    path = tmp_path / "scan.rpl"
    path.write_text("the stand-in does not read it")
    monkeypatch.setattr(dialogs, "ask_for_files", lambda parent: [str(path)])
    get_app_model().commands.execute_command(f"{PLUGIN}.open_scan")
    qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=60_000)
    assert viewer.layers[0].name == "scan"


def test_nothing_happens_when_no_folder_was_selected(viewer, monkeypatch):
    monkeypatch.setattr(dialogs, "ask_for_folder", lambda parent: [])
    commands.open_scan_folder(viewer)
    assert len(viewer.layers) == 0


def test_the_writer_saves_all_maps_of_the_scan(viewer, tmp_path, qtbot):
    from napari_xrf_pigments.io import load_results

    scan = add_scan(viewer)
    dock = add_dock(viewer, ElementsDock)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    dock.run()
    qtbot.waitUntil(lambda: scan.elements is not None and not dock.busy, timeout=60_000)
    out = tmp_path / "maps.h5"
    assert viewer.layers.save(str(out), plugin=PLUGIN) == [str(out)]
    elements, pigments = load_results(out)
    assert tuple(elements.names) == tuple(LINES)
    assert np.array_equal(np.asarray(elements.counts), scan.elements.counts)
    assert pigments is None


def test_without_maps_the_writer_raises_an_error(viewer, tmp_path):
    add_scan(viewer)
    with pytest.raises(RuntimeError, match="map the scan first"):
        viewer.layers.save(str(tmp_path / "maps.h5"), plugin=PLUGIN)
    assert list(tmp_path.iterdir()) == []


def test_the_sample_is_a_scan_in_mm(viewer):
    (layer,) = viewer.open_sample(PLUGIN, "hidden_layer")
    cube = LayerInfo.of(layer).scan.cube
    assert cube.acquisition.anode == "Rh"
    assert cube.pixel_mm is not None
    assert np.array_equal(layer.data, cube.total_counts().compute())


def test_a_command_opens_the_dock_that_the_plugins_menu_opens(viewer):
    dock = dock_of(viewer, "Region table")
    assert list(viewer.window.dock_widgets) == ["Region table (XRF Pigments)"]
    assert dock_of(viewer, "Region table") is dock
