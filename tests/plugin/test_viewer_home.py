"""Menu commands, keys and the region table in a real viewer."""

import numpy as np
import pytest
from napari._app_model import get_app_model
from napari.layers import Shapes
from napari.utils.progress import progress
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_xrf_pigments.io import load_results
from napari_xrf_pigments.plugin import commands, dialogs
from napari_xrf_pigments.plugin.layers.metadata import map_layers
from napari_xrf_pigments.plugin.layers.specs import element_specs
from napari_xrf_pigments.plugin.layers.sync import show_maps
from napari_xrf_pigments.plugin.regions.dock import RegionTableDock
from napari_xrf_pigments.plugin.state.results import ElementResults, PigmentResults
from napari_xrf_pigments.plugin.tasks import Task
from napari_xrf_pigments.reporting.report import is_report

from .acting import add_dock, add_scan
from .synthetic import GROUPS, LINES, PIGMENTS

PLUGIN = "napari-xrf-pigments"
SQUARE = np.array([[-0.4, -0.4], [-0.4, 4.4], [3.4, 4.4], [3.4, -0.4]])


@pytest.fixture
def scan(viewer, tiles):
    """A scan with maps of both kinds."""
    scan = add_scan(viewer, name="panel")
    scan.elements = ElementResults((24, 36), tuple(LINES), scan.cube)
    for tile in tiles.elements(scan.cube, tuple(LINES)):
        scan.elements.add(tile)
    scan.pigments = PigmentResults((24, 36), PIGMENTS, GROUPS, scan.cube.energies)
    for tile in tiles.pigments(scan.cube, "cpu"):
        scan.pigments.add(tile)
    return scan


def run(command):
    get_app_model().commands.execute_command(f"{PLUGIN}.{command}")


def press(viewer, key):
    """Press a key with Shift on the canvas."""
    canvas = viewer.window._qt_viewer.canvas.native
    canvas.setFocus()
    QTest.keyClick(canvas, key, Qt.KeyboardModifier.ShiftModifier)
    QApplication.processEvents()


def test_the_menus_contain_the_commands(viewer):
    expected = {
        "napari/file/io_utilities": {"Export maps...", "Save report...", "Save session..."},
        "napari/layers/classify": {"Map elements", "Map pigments"},
        "napari/layers/project": {"Total counts", "Highest channel"},
        "napari/layers/measure": {"Measure regions"},
    }
    for menu, titles in expected.items():
        items = get_app_model().menus.get_menu(menu)
        found = {item.command.title for item in items if hasattr(item, "command")}
        assert {f"{title} (XRF Pigments)" for title in titles} <= found


@pytest.mark.parametrize(
    "command",
    ["map_elements", "map_pigments", "project_total", "measure_regions", "export_maps",
     "save_report"],
)  # fmt: skip
def test_commands_without_a_scan_show_an_error(viewer, notes, command):
    run(command)
    assert [message for message, _ in notes()] == ["Open a scan first."]


def test_export_without_maps_shows_an_error(viewer, notes):
    add_scan(viewer)
    commands.export_maps(viewer)
    assert "map elements or pigments first" in notes()[-1][0]


def test_a_projection_becomes_a_layer_of_the_scan(viewer, scan, qtbot):
    run("project_maximum")
    qtbot.waitUntil(lambda: bool(map_layers(viewer, scan, {"projection"})), timeout=60_000)
    (layer,) = map_layers(viewer, scan, {"projection"}).values()
    np.testing.assert_array_equal(layer.data, scan.cube.counts.max(axis=2).compute())
    assert tuple(layer.scale) == (0.5, 0.5)


def test_maps_are_exported_in_the_selected_format(
    viewer, scan, tmp_path, monkeypatch, qtbot, notes
):
    monkeypatch.setattr(dialogs, "ask_save", lambda *words: (tmp_path / "maps", "hdf5"))
    run("export_maps")
    qtbot.waitUntil(lambda: (tmp_path / "maps.h5").exists(), timeout=60_000)
    qtbot.waitUntil(lambda: any("Saved" in message for message, _ in notes()), timeout=60_000)
    elements, pigments = load_results(tmp_path / "maps.h5")
    assert elements.names == tuple(LINES) and pigments.names == PIGMENTS


def test_a_file_of_another_program_is_not_replaced(
    viewer, scan, tmp_path, monkeypatch, qtbot, notes
):
    (tmp_path / "maps.h5").write_text("mine")
    monkeypatch.setattr(dialogs, "ask_save", lambda *words: (tmp_path / "maps.h5", "hdf5"))
    run("export_maps")
    qtbot.waitUntil(lambda: any("was left" in message for message, _ in notes()), timeout=60_000)
    assert (tmp_path / "maps.h5").read_text() == "mine"


def test_the_report_has_the_regions_and_lists_hidden_pigments(
    viewer, scan, tmp_path, monkeypatch, qtbot
):
    viewer.add_layer(Shapes([SQUARE], shape_type="polygon", name="Sky", scale=(0.5, 0.5)))
    scan.palette = scan.palette.excluding("vermilion").excluding("malachite")
    path = tmp_path / "panel.html"
    monkeypatch.setattr(dialogs, "ask_text", lambda *words: "Seen in May & June.")
    monkeypatch.setattr(dialogs, "ask_save", lambda *words: (path, "html"))
    run("save_report")
    qtbot.waitUntil(path.exists, timeout=120_000)
    page = path.read_text(encoding="utf-8")
    assert is_report(path) and "Seen in May &amp; June." in page
    assert "Sky 1" in page
    # Each reason is given once.
    hidden = page.partition("Not shown in this report: ")[2].partition(".")[0]
    assert sorted(hidden.removesuffix(" (excluded by the user)").split(", ")) == [
        "Malachite",
        "Vermilion",
    ]
    assert ">Vermilion</td>" not in page


def test_the_region_table_is_filled_copied_and_saved_by_clicks(viewer, scan, tmp_path, qtbot):
    dock = add_dock(viewer, RegionTableDock)
    button = Qt.MouseButton.LeftButton
    QTest.mouseClick(dock.measure_button, button)
    assert dock.view.rowCount() == 0 and not dock.save_button.isEnabled()
    viewer.add_layer(Shapes([SQUARE], shape_type="polygon", name="Sky", scale=(0.5, 0.5)))
    QTest.mouseClick(dock.measure_button, button)
    assert dock.view.rowCount() == 1 and dock.view.item(0, 0).text() == "Sky 1"
    assert dock.view.item(0, 1).text() == "20"
    QTest.mouseClick(dock.copy_button, button)
    assert QApplication.clipboard().text().splitlines()[1].startswith("Sky 1\t20\t5.0")
    dock.save_to(tmp_path / "regions")
    assert (tmp_path / "regions.csv").read_text(encoding="utf-8").startswith("Region,Pixels")


def test_keys_step_through_the_maps(viewer, scan, qtbot):
    for _ in show_maps(viewer, scan, element_specs(scan.elements)):
        pass
    layers = map_layers(viewer, scan, {"element"})
    visible = []
    for key in (Qt.Key.Key_N, Qt.Key.Key_N, Qt.Key.Key_B):
        press(viewer, key)
        visible.append([name for (_, name), layer in layers.items() if layer.visible])
    assert [len(names) for names in visible] == [1, 1, 1]
    assert visible[0] == visible[2] != visible[1]


def test_the_undo_key_reverts_a_change_of_the_axis(viewer, scan, qtbot, notes):
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    before = scan.cube.energies
    scan.use_estimate(False)
    assert scan.cube.energies != before
    press(viewer, Qt.Key.Key_U)
    assert scan.cube.energies == before
    scan.change(scan.settings)
    while scan.can_undo:
        press(viewer, Qt.Key.Key_U)
    press(viewer, Qt.Key.Key_U)
    assert notes()[-1][0] == "Nothing to undo."


def test_long_work_is_in_the_activity_dock_and_can_be_cancelled(viewer, qtbot):
    import time

    results = []

    def work(watch):
        for step in range(10_000):
            if watch(step, 10_000):
                return step
            time.sleep(0.01)
        return None

    Task("Something long", work, results.append)
    (bar,) = [entry for entry in progress._all_instances if entry.desc.startswith("Something")]
    qtbot.wait(400)
    commands.cancel_all(viewer)
    qtbot.waitUntil(lambda: bool(results), timeout=60_000)
    assert 0 < results[0] < 10_000
    assert bar not in progress._all_instances


def test_the_bar_of_the_activity_dock_cancels_a_task(viewer, qtbot):
    import threading

    stop, results = threading.Event(), []

    def work(watch):
        while not watch(0, 1):
            stop.wait(0.01)
        return "stopped"

    Task("Another", work, results.append)
    (bar,) = [entry for entry in progress._all_instances if entry.desc.startswith("Another")]
    bar.cancel()
    qtbot.waitUntil(lambda: results == ["stopped"], timeout=60_000)


def test_an_error_in_a_task_is_one_message(viewer, qtbot, notes):
    def work(watch):
        raise ValueError("The disk is\n full.")

    Task("Bad", work, lambda result: pytest.fail("it failed"))
    qtbot.waitUntil(lambda: bool(notes()), timeout=60_000)
    assert notes()[-1][0] == "The disk is full."
