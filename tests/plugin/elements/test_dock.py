"""The Elements dock in a real viewer: selection of lines, previews, runs, files."""

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_xrf_pigments.io.pymca_config import FitSettings, read_pymca_cfg, write_pymca_cfg
from napari_xrf_pigments.plugin.elements.dock import ElementsDock
from napari_xrf_pigments.plugin.layers.metadata import LayerInfo, map_layers

from ..acting import add_dock, choose, elements_ended, map_elements
from ..synthetic import LINES, places

KINDS = ("element", "preview", "derived", "composite")


@pytest.fixture
def dock(viewer):
    return add_dock(viewer, ElementsDock, "Elements")


@pytest.fixture
def mapped(scan, dock, qtbot):
    """The dock after a run over the whole scan."""
    map_elements(dock, scan, qtbot)
    return dock


def names(viewer, scan, *kinds):
    return {layer.name for layer in map_layers(viewer, scan, kinds or KINDS).values()}


def test_elements_are_ranked_and_can_be_mapped_by_other_lines(viewer, scan, dock, qtbot):
    QTest.mouseClick(dock.find_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dock.elements.names() == tuple(LINES), timeout=60_000)
    tree = dock.elements.tree
    assert [tree.topLevelItem(i).text(2) for i in range(3)] == ["90", "40", "12"]
    box = tree.itemWidget(tree.topLevelItem(0), 1)
    assert [box.itemText(i) for i in range(box.count())] == ["L", "M"]
    assert tree.itemWidget(tree.topLevelItem(1), 1) is None
    choose(box, "Pb M")
    assert dock.elements.ticked() == ("Pb M", "Hg L", "Cu K")
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: scan.elements is not None, timeout=60_000)
    qtbot.waitUntil(lambda: elements_ended(dock), timeout=60_000)
    assert names(viewer, scan) == {"Pb M", "Hg L", "Cu K"}


def test_elements_can_be_added_by_name(scan, dock, qtbot, notes):
    field = dock.scope_bar.add_field
    QTest.keyClicks(field, "Cr, Pb M")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert dock.elements.ticked() == ("Cr K", "Pb M")
    assert field.text() == ""
    QTest.keyClicks(field, "Zz")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert len(notes()) == 1
    assert "Zz" in notes()[0][0]
    assert dock.elements.ticked() == ("Cr K", "Pb M")


@pytest.mark.parametrize(
    ("scope", "title", "scale", "translate"),
    [
        ("bin 4", "Pb L (4 x 4 binned)", (2.0, 1.0), (0.75, 0.375)),
        ("every 2", "Pb L (every 2nd pixel)", (1.0, 0.5), (0.0, 0.0)),
    ],
)
def test_layers_of_a_preview_state_the_part_and_have_its_pixels(
    viewer, scan, dock, qtbot, scope, title, scale, translate
):
    choose(dock.scope_bar.scope_box, scope)
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: scan.preview is not None, timeout=60_000)
    qtbot.waitUntil(lambda: elements_ended(dock), timeout=60_000)
    layer = map_layers(viewer, scan, ["preview"])["preview", "Pb L"]
    assert layer.name == title
    assert tuple(layer.scale) == scale
    assert tuple(layer.translate) == translate
    assert scan.elements is None
    assert "whole scan" in dock.run_bar.status.text()
    assert LayerInfo.of(layer).made["part"]["step"] == int(scope[-1])
    # Maps of the whole scan replace the preview.
    choose(dock.scope_bar.scope_box, "whole")
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: scan.elements is not None, timeout=60_000)
    qtbot.waitUntil(lambda: elements_ended(dock), timeout=60_000)
    assert names(viewer, scan) == set(LINES)
    assert scan.preview is None


def test_a_drawn_region_is_previewed(viewer, scan, dock, qtbot, notes):
    choose(dock.scope_bar.scope_box, "region")
    shapes = viewer.layers["Preview region"]
    assert shapes.mode == "add_rectangle"
    dock.find_button.click()
    assert notes() == [("Draw a region on the scan first, in a Shapes or Labels layer.", "error")]
    # Rows 4 to 9, columns 8 to 19.
    shapes.add_rectangles([[3.8, 7.6], [3.8, 19.4], [9.2, 19.4], [9.2, 7.6]])
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: scan.preview is not None, timeout=60_000)
    qtbot.waitUntil(lambda: elements_ended(dock), timeout=60_000)
    layer = map_layers(viewer, scan, ["preview"])["preview", "Pb L"]
    assert layer.name == "Pb L (Preview region 1)"
    assert layer.data.shape == (6, 12)
    assert tuple(layer.translate) == (2.0, 2.0)
    assert tuple(layer.scale) == (0.5, 0.25)


def test_a_cancelled_run_can_be_resumed(viewer, scan, dock, qtbot, tiles):
    dock.find_button.click()
    qtbot.waitUntil(lambda: bool(dock.elements.names()), timeout=60_000)
    tiles.pause_s = 0.2
    assert not dock.run_bar.resume_button.isVisible()
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: tiles.begun >= 2, timeout=60_000)
    dock.run_bar.cancel_button.click()
    qtbot.waitUntil(lambda: elements_ended(dock), timeout=60_000)
    done = int(scan.elements.done.sum())
    assert 0 < done < scan.elements.done.size
    assert dock.run_bar.resume_button.isVisible()
    tiles.begun = 0
    tiles.pause_s = 0.0
    QTest.mouseClick(dock.run_bar.resume_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: scan.elements.complete, timeout=60_000)
    qtbot.waitUntil(lambda: elements_ended(dock), timeout=60_000)
    assert tiles.begun == 6 - done // (4 * 36)
    assert not dock.run_bar.resume_button.isVisible()
    layer = map_layers(viewer, scan, ["element"])["element", "Hg L"]
    assert np.array_equal(layer.data, 1000.0 * places()["Hg L"])


def test_stale_maps_cannot_be_resumed(viewer, scan, dock, qtbot, tiles):
    tiles.fail_after = 2
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: scan.elements is not None, timeout=60_000)
    qtbot.waitUntil(lambda: elements_ended(dock), timeout=60_000)
    assert dock.run_bar.resume_button.isVisible()
    scan.use_estimate(not scan.uses_estimate)
    assert not dock.run_bar.resume_button.isVisible()
    assert "previous calibration" in dock.run_bar.status.text()
    assert all(name.endswith("(previous calibration)") for name in names(viewer, scan))
    scan.use_estimate(not scan.uses_estimate)
    assert names(viewer, scan) == set(LINES)
    assert dock.run_bar.resume_button.isVisible()


def test_fit_settings_of_pymca(scan, dock, qtbot, notes, tmp_path):
    path = tmp_path / "fit.cfg"
    write_pymca_cfg(path, FitSettings(("Fe K", "Pb L", "Pb M"), 0.021, -0.01, 150.0, 40.0, None))
    dock.read_fit_settings(path)
    assert dock.elements.ticked() == ("Fe K", "Pb L")
    assert (scan.cube.energies.gain_kev, scan.cube.energies.offset_kev) == (0.021, -0.01)
    assert "fit.cfg" in dock.run_bar.status.text()
    assert "Not used" in dock.run_bar.status.text()
    again = tmp_path / "again.cfg"
    dock.elements.set_ticked("Fe K", False)
    dock.write_fit_settings(again)
    found = read_pymca_cfg(again)
    assert found.families == ("Pb L",)
    assert found.gain_kev == 0.021
    (tmp_path / "letter.cfg").write_text("Dear Theo")
    dock.read_fit_settings(tmp_path / "letter.cfg")
    assert notes() == [("letter.cfg holds no fit settings of PyMca.", "error")]
    assert dock.elements.names() == ("Fe K", "Pb L")


def test_fit_settings_of_pymca_keep_significance_and_other_lines(scan, dock, qtbot, tmp_path):
    QTest.mouseClick(dock.find_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dock.elements.names() == tuple(LINES), timeout=60_000)
    path = tmp_path / "fit.cfg"
    write_pymca_cfg(path, FitSettings(("Fe K", "Pb L"), 0.021, -0.01, 150.0, 40.0, None))
    dock.read_fit_settings(path)
    tree = dock.elements.tree
    assert [tree.topLevelItem(i).text(2) for i in range(2)] == ["", "90"]
    box = tree.itemWidget(tree.topLevelItem(1), 1)
    assert [box.itemText(i) for i in range(box.count())] == ["L", "M"]
    status = dock.run_bar.status.text()
    assert "2 elements, the energy axis and the tube voltage" in status


def test_added_elements_stay_when_elements_are_found(scan, dock, qtbot):
    dock.add("Cr, Fe, Cu")
    dock.elements.set_ticked("Fe K", False)
    QTest.mouseClick(dock.find_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(dock.elements.names()) == 5, timeout=60_000)
    assert dock.elements.names() == (*LINES, "Cr K", "Fe K")
    assert dock.elements.ticked() == (*LINES, "Cr K")
    assert "you added remain listed (2)" in dock.run_bar.status.text()


def test_a_click_on_a_row_shows_that_map_alone(viewer, scan, mapped, qtbot):
    tree = mapped.elements.tree
    centre = tree.visualItemRect(tree.topLevelItem(2)).center()
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(60, centre.y()))
    qtbot.waitUntil(lambda: not mapped.busy, timeout=60_000)
    assert [layer.name for layer in viewer.layers if layer.visible] == ["Cu K"]
