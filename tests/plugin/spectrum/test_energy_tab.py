"""Calibration in a real viewer: lines dragged with the mouse, undo, files, stale maps."""

import numpy as np
import pytest
from qtpy.QtCore import QPointF, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_xrf_pigments import EnergyAxis
from napari_xrf_pigments.io.calibration_file import load_calibration
from napari_xrf_pigments.plugin.elements.dock import ElementsDock
from napari_xrf_pigments.plugin.layers.metadata import LayerInfo, map_layers
from napari_xrf_pigments.plugin.spectrum.dock import SpectrumDock

from ..acting import add_dock, add_scan
from ..synthetic import GAIN, make_cube

#: The file's axis is wrong: what it calls 8.05 keV lies at 7.9 keV on it.
WRONG = EnergyAxis(1000, 0.0198, -0.02, "user")


@pytest.fixture
def dock(viewer):
    dock = add_dock(viewer, SpectrumDock, "Spectrum", "bottom")
    dock.tabs.setCurrentIndex(3)
    return dock


@pytest.fixture
def scan(viewer, dock, qtbot):
    scan = add_scan(viewer, make_cube().with_energies(WRONG))
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    return scan


def drag(dock, key, to_kev):
    """Zoom in, then drag a line with the mouse to an energy."""
    dock.plot.plot.setXRange(to_kev - 1, to_kev + 1, padding=0)
    QTest.qWait(50)  # until the plot has its place in the window
    view = dock.plot.plot.getPlotItem().vb
    low, high = view.viewRange()[1]
    middle = low + 0.4 * (high - low)
    viewport = dock.plot.plot.viewport()

    def at(kev):
        return dock.plot.plot.mapFromScene(view.mapViewToScene(QPointF(kev, middle)))

    start, end = at(dock.plot.handles[key].value()), at(to_kev)
    QTest.mouseMove(viewport, start)
    QApplication.processEvents()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    for part in np.linspace(0.1, 1.0, 8):
        QTest.mouseMove(viewport, start + (end - start) * float(part))
        QApplication.processEvents()
        QTest.qWait(5)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)
    QApplication.processEvents()


def on_wrong_axis(true_kev):
    return WRONG.offset_kev + WRONG.gain_kev * true_kev / GAIN


def place_lines(dock):
    """Put two lines on their peaks as a user would, a little beside them."""
    for label, kev in (("Cu Kα", 8.05), ("Pb Lβ", 12.61)):
        dock.energy_tab.add_line(label, kev)
        drag(dock, label, on_wrong_axis(kev) + 0.02)


def test_a_selected_line_is_added_and_cleared(dock, scan):
    panel = dock.energy_tab.panel
    panel.choice.setCurrentIndex(panel.choice.findText("Cu Kα", Qt.MatchFlag.MatchStartsWith))
    QTest.mouseClick(panel.add, Qt.MouseButton.LeftButton)
    assert list(dock.plot.handles) == ["Cu Kα"]
    assert not panel.buttons["apply"].isEnabled()
    QTest.mouseClick(panel.buttons["clear"], Qt.MouseButton.LeftButton)
    assert dock.plot.handles == {}


def test_lines_dragged_onto_their_peaks_define_the_axis(dock, scan, viewer):
    panel = dock.energy_tab.panel
    place_lines(dock)
    assert len(_off(panel)) == 2
    assert all("eV" in text for text in _off(panel))
    preview = dock.plot.curves[-1]
    assert preview.name == "After calibration"
    assert preview.kev[400] == pytest.approx(GAIN * 400, abs=0.02)
    QTest.mouseClick(panel.buttons["apply"], Qt.MouseButton.LeftButton)
    axis = scan.cube.energies
    assert axis.gain_kev == pytest.approx(GAIN, rel=1e-3)
    assert axis.offset_kev == pytest.approx(0.0, abs=0.015)
    assert LayerInfo.of(viewer.layers[0]).scan.cube.energies == axis
    assert "set by hand" in dock.energy_tab.axis_bar.sentence.text()
    assert dock.plot.handles == {}
    assert np.array_equal(dock.plot.curves[0].kev, axis.kev)


def _off(panel):
    return [panel.table.topLevelItem(i).text(3) for i in range(panel.table.topLevelItemCount())]


def test_undo_restores_the_previous_axis(dock, scan):
    panel = dock.energy_tab.panel
    assert not panel.buttons["undo"].isEnabled()
    place_lines(dock)
    panel.buttons["apply"].click()
    assert scan.cube.energies != WRONG
    QTest.mouseClick(panel.buttons["undo"], Qt.MouseButton.LeftButton)
    assert scan.cube.energies == WRONG
    assert not panel.buttons["undo"].isEnabled()


def test_maps_are_marked_as_stale_until_their_axis_is_restored(dock, scan, viewer, qtbot):
    elements = add_dock(viewer, ElementsDock, "Elements")
    elements.run()
    qtbot.waitUntil(
        lambda: len(map_layers(viewer, scan, {"element"})) == 3 and not elements.busy,
        timeout=60_000,
    )
    names = {layer.name for layer in map_layers(viewer, scan, {"element"}).values()}
    dock.energy_tab.form.axis_changed.emit(0.0201, 0.0)
    marked = {layer.name for layer in map_layers(viewer, scan, {"element"}).values()}
    assert marked == {f"{name} (previous calibration)" for name in names}
    dock.energy_tab.undo()
    assert {layer.name for layer in map_layers(viewer, scan, {"element"}).values()} == names


def test_a_saved_calibration_can_be_loaded(dock, scan, tmp_path):
    place_lines(dock)
    panel = dock.energy_tab.panel
    panel.buttons["apply"].click()
    axis = scan.cube.energies
    dock.energy_tab.choose_save_path = lambda: str(tmp_path / "mine")
    panel.buttons["save"].click()
    saved = load_calibration(tmp_path / "mine.json")
    assert (saved.gain_kev, saved.offset_kev, saved.anode) == (axis.gain_kev, axis.offset_kev, "Rh")
    assert {name for name, *_ in saved.lines} == {"Cu Kα", "Pb Lβ"}
    panel.buttons["undo"].click()
    dock.energy_tab.choose_load_path = lambda: str(tmp_path / "mine.json")
    panel.buttons["load"].click()
    assert scan.cube.energies.gain_kev == axis.gain_kev
    assert "from mine.json" in dock.energy_tab.axis_bar.sentence.text()
    panel.buttons["undo"].click()
    assert scan.cube.energies == WRONG


def test_a_file_that_is_no_calibration_gives_one_sentence(dock, scan, tmp_path, notes):
    path = tmp_path / "other.json"
    path.write_text("{}")
    dock.energy_tab.load(path)
    assert scan.cube.energies == WRONG
    assert any("not an energy calibration" in text for text, _ in notes())
    dock.energy_tab.save(path)
    assert path.read_text() == "{}"


def test_anode_and_voltage_can_be_set_to_known_and_unknown(dock, scan):
    settings = dock.energy_tab.form
    settings.anode.setCurrentIndex(settings.anode.findText("Mo"))
    settings.anode.activated.emit(settings.anode.currentIndex())
    assert scan.cube.acquisition.anode == "Mo"
    settings.voltage.setValue(0.0)
    settings.voltage.editingFinished.emit()
    assert scan.cube.acquisition.tube_kv is None
    dock.energy_tab.undo()
    dock.energy_tab.undo()
    assert (scan.cube.acquisition.anode, scan.cube.acquisition.tube_kv) == ("Rh", 40)


def test_the_user_selects_the_energy_axis(viewer, dock, qtbot):
    scan = add_scan(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    assert "6 lines agree" in dock.energy_tab.axis_bar.sentence.text()
    dock.energy_tab.axis_bar.button.click()
    assert "from the file" in dock.energy_tab.axis_bar.sentence.text()
    assert LayerInfo.of(viewer.layers[0]).scan.cube.energies.offset_kev == 0.0


def test_an_axis_on_which_the_lines_do_not_fit_is_reported(viewer, dock, qtbot, notes):
    scan = add_scan(viewer, make_cube())
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    field = dock.energy_tab.form.gain
    field.setFocus()
    field.setValue(25.0)
    field.editingFinished.emit()
    qtbot.waitUntil(lambda: scan.axis_check is not None, timeout=60_000)
    assert scan.axis_check.fits is False
    warnings = [text for text, severity in notes() if severity == "warning"]
    assert len(warnings) == 1
    assert "eV from their energies" in warnings[0]
    assert scan.axis_check.sentence in dock.energy_tab.axis_bar.sentence.text()
    scan.undo()
    assert scan.axis_check is None
    assert "eV from their energies" not in dock.energy_tab.axis_bar.sentence.text()


def test_an_axis_on_which_the_lines_fit_gives_no_warning(viewer, dock, qtbot, notes):
    scan = add_scan(viewer, make_cube())
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    dock.energy_tab.form.offset.setValue(8.0)
    dock.energy_tab.form.offset.editingFinished.emit()
    qtbot.waitUntil(lambda: scan.axis_check is not None, timeout=60_000)
    assert scan.axis_check.fits
    assert not [text for text, severity in notes() if severity == "warning"]
    assert "agree within" in dock.energy_tab.axis_bar.sentence.text()
