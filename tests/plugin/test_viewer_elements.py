"""The Elements dock in a real viewer: parts, units, composites, combinations, histogram, files."""

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_xrf_pigments.io.pymca_cfg import FitSettings, read_pymca_cfg, write_pymca_cfg
from napari_xrf_pigments.plugin.docks.elements import ElementsDock
from napari_xrf_pigments.plugin.layers import map_layers, results_of_metadata

from .acting import add_dock, add_scan
from .synthetic import LINES, make_cube, places

KINDS = ("element", "trial", "derived", "composite")


@pytest.fixture
def scan(viewer, qtbot):
    scan = add_scan(viewer, make_cube(pixel_mm=(0.5, 0.25)))
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    return scan


@pytest.fixture
def dock(viewer):
    return add_dock(viewer, ElementsDock, "Elements")


@pytest.fixture
def mapped(scan, dock, qtbot):
    """The dock after a run over the whole scan."""
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: scan.elements is not None, timeout=60_000)
    qtbot.waitUntil(finished(dock), timeout=60_000)
    return dock


def finished(dock):
    return lambda: not dock.busy and not dock.tools.busy and not dock._finding


def names(viewer, scan, *kinds):
    return {layer.name for layer in map_layers(viewer, scan, kinds or KINDS).values()}


def choose(box, key):
    """Choose an entry of a box, as from its list."""
    box.setCurrentIndex(box.findData(key))
    assert box.currentData() == key
    box.activated.emit(box.currentIndex())


def test_elements_are_ranked_and_can_be_counted_by_other_lines(viewer, scan, dock, qtbot):
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
    qtbot.waitUntil(finished(dock), timeout=60_000)
    assert names(viewer, scan) == {"Pb M", "Hg L", "Cu K"}


def test_elements_can_be_named(scan, dock, qtbot, notes):
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
def test_a_part_is_tried_and_says_so(viewer, scan, dock, qtbot, scope, title, scale, translate):
    choose(dock.scope_bar.scope_box, scope)
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: scan.trial is not None, timeout=60_000)
    qtbot.waitUntil(finished(dock), timeout=60_000)
    layer = map_layers(viewer, scan, ["trial"])["trial", "Pb L"]
    assert layer.name == title
    assert tuple(layer.scale) == scale
    assert tuple(layer.translate) == translate
    assert scan.elements is None
    assert "whole scan" in dock.run_bar.status.text()
    assert layer.metadata["xrf_made"]["part"]["step"] == int(scope[-1])
    # The whole scan takes the place of the trial.
    choose(dock.scope_bar.scope_box, "whole")
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: scan.elements is not None, timeout=60_000)
    qtbot.waitUntil(finished(dock), timeout=60_000)
    assert names(viewer, scan) == set(LINES)
    assert scan.trial is None


def test_a_drawn_region_is_tried(viewer, scan, dock, qtbot, notes):
    choose(dock.scope_bar.scope_box, "region")
    shapes = viewer.layers["Region to try"]
    assert shapes.mode == "add_rectangle"
    dock.find_button.click()
    assert notes() == [("Draw a region on the scan first, as a shape or a label.", "error")]
    # Rows 4 to 9, columns 8 to 19.
    shapes.add_rectangles([[3.8, 7.6], [3.8, 19.4], [9.2, 19.4], [9.2, 7.6]])
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: scan.trial is not None, timeout=60_000)
    qtbot.waitUntil(finished(dock), timeout=60_000)
    layer = map_layers(viewer, scan, ["trial"])["trial", "Pb L"]
    assert layer.name == "Pb L (Region to try 1)"
    assert layer.data.shape == (6, 12)
    assert tuple(layer.translate) == (2.0, 2.0)
    assert tuple(layer.scale) == (0.5, 0.25)


def test_uncertainty_and_normalisation_are_said_in_the_names(viewer, scan, mapped, qtbot, notes):
    bar = mapped.tools.view_bar
    choose(bar.quantity_box, "sigma")
    qtbot.waitUntil(lambda: "Pb L sigma" in names(viewer, scan), timeout=60_000)
    qtbot.waitUntil(finished(mapped), timeout=60_000)
    assert map_layers(viewer, scan, ["element"])["element", "Hg L"].data.max() == 10
    choose(bar.quantity_box, "counts")
    choose(bar.normalise_box, "scatter")
    qtbot.waitUntil(lambda: "Pb L / scatter" in names(viewer, scan), timeout=60_000)
    qtbot.waitUntil(finished(mapped), timeout=60_000)
    layer = map_layers(viewer, scan, ["element"])["element", "Pb L"]
    assert layer.metadata["xrf_made"]["normalised_to"]["to"] == "scatter"
    found, _ = results_of_metadata([layer.metadata])
    assert found.provenance["settings"]["normalised_to"]["to"] == "scatter"
    choose(bar.normalise_box, "")
    qtbot.waitUntil(lambda: names(viewer, scan) == set(LINES), timeout=60_000)
    assert notes() == []


def test_what_a_scan_does_not_have_is_said_and_nothing_changes(viewer, scan, mapped, qtbot, notes):
    choose(mapped.tools.view_bar.normalise_box, "live time")
    qtbot.waitUntil(finished(mapped), timeout=60_000)
    assert len(notes()) == 1
    assert "live time" in notes()[0][0]
    assert mapped.tools.view_bar.normalisation == ""
    assert names(viewer, scan) == set(LINES)


def test_a_composite_in_own_colours_with_thresholds(viewer, scan, mapped, qtbot):
    tools = mapped.tools
    tools.setCurrentWidget(tools.composite_bar)
    for box, name in zip(tools.composite_bar.boxes, ("Hg L", "Cu K"), strict=False):
        box.setCurrentText(name)
        box.activated.emit(box.currentIndex())
    qtbot.waitUntil(lambda: "Hg L + Cu K" in names(viewer, scan), timeout=60_000)
    qtbot.waitUntil(finished(mapped), timeout=60_000)
    layer = viewer.layers["Hg L + Cu K"]
    assert layer.rgb
    assert tuple(layer.scale)[:2] == (0.5, 0.25)
    mercury, copper = places()["Hg L"], places()["Cu K"]
    assert tuple(layer.data[mercury][0]) == (255, 59, 48)
    assert tuple(layer.data[copper][0]) == (52, 199, 89)
    assert (layer.data[~mercury & ~copper] == 0).all()
    assert [one for one in viewer.layers if one.visible] == [layer]
    assert layer.metadata["xrf_made"]["composite"][0]["map"] == "Hg L"
    # Twice the threshold of all there is: nothing is left of that map.
    tools.composite_bar.sliders[0].setValue((1000, 1000))
    tools.composite_bar.set_colour(1, "#0000ff")
    qtbot.waitUntil(lambda: tuple(layer.data[copper][0]) == (0, 0, 255), timeout=60_000)
    assert (layer.data[mercury] == 0).all()
    tools.composite_bar.keep.click()
    tools.composite_bar.set_colour(1, "#00ff00")
    qtbot.waitUntil(lambda: len(map_layers(viewer, scan, ["composite"])) == 2, timeout=60_000)
    assert tuple(layer.data[copper][0]) == (0, 0, 255)


@pytest.mark.parametrize(("sign", "mercury"), [("ratio", 1.0), ("sum", 2000), ("difference", 0)])
def test_two_maps_are_combined(viewer, scan, mapped, qtbot, sign, mercury):
    bar = mapped.tools.combine_bar
    mapped.tools.setCurrentWidget(bar)
    bar.first.setCurrentText("Hg L")
    bar.second.setCurrentText("Pb L")
    choose(bar.sign, sign)
    QTest.mouseClick(bar.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(map_layers(viewer, scan, ["derived"])), timeout=60_000)
    qtbot.waitUntil(finished(mapped), timeout=60_000)
    ((key, layer),) = map_layers(viewer, scan, ["derived"]).items()
    assert layer.name == key[1] == f"Hg L {bar.sign.currentText()} Pb L"
    assert layer.data[places()["Hg L"]] == pytest.approx(mercury)
    assert scan.derived[key[1]].sigma.shape == layer.data.shape


def test_the_histogram_and_the_layer_share_their_limits(viewer, scan, mapped, qtbot):
    tools = mapped.tools
    layer = map_layers(viewer, scan, ["element"])["element", "Hg L"]
    tools.setCurrentWidget(tools.histogram)
    viewer.layers.selection.active = layer
    qtbot.waitUntil(lambda: tools.histogram.title.text() == "Hg L", timeout=60_000)
    edges, shown = tools.histogram.curve.getOriginalDataset()
    assert edges[-1] >= 999
    # A third of the pixels hold mercury, the others nothing.
    assert shown[-1] == 24 * 12
    assert shown[0] == 24 * 24
    tools.histogram.region.setRegion((200, 700))
    assert tuple(layer.contrast_limits) == (200, 700)
    layer.contrast_limits = (100, 900)
    assert tuple(tools.histogram.region.getRegion()) == (100, 900)


def test_the_edge_of_the_range_can_be_dragged(viewer, scan, mapped, qtbot):
    tools = mapped.tools
    layer = map_layers(viewer, scan, ["element"])["element", "Hg L"]
    tools.setCurrentWidget(tools.histogram)
    viewer.layers.selection.active = layer
    qtbot.waitUntil(lambda: tools.histogram.title.text() == "Hg L", timeout=60_000)
    plot = tools.histogram.plot
    layer.contrast_limits = (0, 500)
    qtbot.wait(100)

    def place(value):
        point = plot.plotItem.vb.mapViewToScene(plot.plotItem.vb.viewRect().center())
        point.setX(plot.plotItem.vb.mapViewToScene(_point(value)).x())
        return plot.mapFromScene(point)

    widget = plot.viewport()
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=place(500))
    for value in (600, 700, 800):
        QTest.mouseMove(widget, place(value))
        qtbot.wait(30)
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=place(800))
    assert layer.contrast_limits[1] == pytest.approx(800, abs=25)


def _point(value):
    from qtpy.QtCore import QPointF

    return QPointF(value, 0)


def test_a_cancelled_run_goes_on(viewer, scan, dock, qtbot, tiles):
    dock.find_button.click()
    qtbot.waitUntil(lambda: bool(dock.elements.names()), timeout=60_000)
    tiles.pause_s = 0.2
    assert not dock.run_bar.resume_button.isVisible()
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: tiles.begun >= 2, timeout=60_000)
    dock.run_bar.cancel_button.click()
    qtbot.waitUntil(finished(dock), timeout=60_000)
    done = int(scan.elements.done.sum())
    assert 0 < done < scan.elements.done.size
    assert dock.run_bar.resume_button.isVisible()
    tiles.begun = 0
    tiles.pause_s = 0.0
    QTest.mouseClick(dock.run_bar.resume_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: scan.elements.complete, timeout=60_000)
    qtbot.waitUntil(finished(dock), timeout=60_000)
    assert tiles.begun == 6 - done // (4 * 36)
    assert not dock.run_bar.resume_button.isVisible()
    layer = map_layers(viewer, scan, ["element"])["element", "Hg L"]
    assert np.array_equal(layer.data, 1000.0 * places()["Hg L"])


def test_old_maps_are_not_gone_on_with(viewer, scan, dock, qtbot, tiles):
    tiles.fail_after = 2
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: scan.elements is not None, timeout=60_000)
    qtbot.waitUntil(finished(dock), timeout=60_000)
    assert dock.run_bar.resume_button.isVisible()
    scan.use_estimate(not scan.uses_estimate)
    assert not dock.run_bar.resume_button.isVisible()
    assert "old energy axis" in dock.run_bar.status.text()
    assert all(name.endswith("(old energy axis)") for name in names(viewer, scan))
    scan.use_estimate(not scan.uses_estimate)
    assert names(viewer, scan) == set(LINES)
    assert dock.run_bar.resume_button.isVisible()


def test_fit_settings_of_pymca(scan, dock, qtbot, notes, tmp_path):
    path = tmp_path / "fit.cfg"
    write_pymca_cfg(path, FitSettings(("Fe K", "Pb L", "Pb M"), 0.021, -0.01, 150.0, 40.0, None))
    dock.files.read(path)
    assert dock.elements.ticked() == ("Fe K", "Pb L")
    assert (scan.cube.energies.gain_kev, scan.cube.energies.offset_kev) == (0.021, -0.01)
    assert "fit.cfg" in dock.run_bar.status.text()
    assert "Not used" in dock.run_bar.status.text()
    again = tmp_path / "again.cfg"
    dock.elements.set_ticked("Fe K", False)
    dock.files.write(again)
    found = read_pymca_cfg(again)
    assert found.families == ("Pb L",)
    assert found.gain_kev == 0.021
    (tmp_path / "letter.cfg").write_text("Dear Theo")
    dock.files.read(tmp_path / "letter.cfg")
    assert notes() == [("letter.cfg holds no fit settings of PyMca.", "error")]
    assert dock.elements.names() == ("Fe K", "Pb L")


def test_a_click_on_a_row_shows_that_map_alone(viewer, scan, mapped, qtbot):
    tree = mapped.elements.tree
    place = tree.visualItemRect(tree.topLevelItem(2)).center()
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(60, place.y()))
    qtbot.waitUntil(lambda: not mapped.busy, timeout=60_000)
    assert [layer.name for layer in viewer.layers if layer.visible] == ["Cu K"]


def test_a_closed_dock_listens_no_more(viewer, scan, mapped, qtbot):
    layer = map_layers(viewer, scan, ["element"])["element", "Hg L"]
    mapped.tools.setCurrentWidget(mapped.tools.histogram)
    viewer.layers.selection.active = layer
    qtbot.waitUntil(finished(mapped), timeout=60_000)
    viewer.window.remove_dock_widget(mapped)
    qtbot.wait(100)
    layer.contrast_limits = (1, 2)
    viewer.layers.selection.active = viewer.layers["scan"]
    viewer.layers.selection.active = layer
    viewer.theme = "light" if viewer.theme == "dark" else "dark"
    viewer.theme = "dark"
