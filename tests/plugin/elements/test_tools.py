"""Tools for elemental maps in a real viewer: quantities, composites, combinations, histogram."""

import pytest
from qtpy.QtCore import QPointF, Qt
from qtpy.QtTest import QTest

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


def test_layer_names_state_quantity_and_normalisation(viewer, scan, mapped, qtbot, notes):
    bar = mapped.tools.view_bar
    choose(bar.quantity_box, "sigma")
    qtbot.waitUntil(lambda: "Pb L sigma" in names(viewer, scan), timeout=60_000)
    qtbot.waitUntil(lambda: elements_ended(mapped), timeout=60_000)
    assert map_layers(viewer, scan, ["element"])["element", "Hg L"].data.max() == 10
    choose(bar.quantity_box, "counts")
    choose(bar.normalise_box, "scatter")
    qtbot.waitUntil(lambda: "Pb L / scatter" in names(viewer, scan), timeout=60_000)
    qtbot.waitUntil(lambda: elements_ended(mapped), timeout=60_000)
    layer = map_layers(viewer, scan, ["element"])["element", "Pb L"]
    assert LayerInfo.of(layer).made["normalised_to"]["to"] == "scatter"
    assert scan.elements.maps().provenance["settings"]["normalised_to"]["to"] == "scatter"
    choose(bar.normalise_box, "")
    qtbot.waitUntil(lambda: names(viewer, scan) == set(LINES), timeout=60_000)
    assert notes() == []


def test_a_normalisation_that_the_scan_lacks_is_reported_and_nothing_changes(
    viewer, scan, mapped, qtbot, notes
):
    choose(mapped.tools.view_bar.normalise_box, "live time")
    qtbot.waitUntil(lambda: elements_ended(mapped), timeout=60_000)
    assert len(notes()) == 1
    assert "live time" in notes()[0][0]
    assert mapped.tools.view_bar.normalisation == ""
    assert names(viewer, scan) == set(LINES)


def test_a_composite_has_the_selected_colours_and_thresholds(viewer, scan, mapped, qtbot):
    tools = mapped.tools
    tools.setCurrentWidget(tools.composite_bar)
    for box, name in zip(tools.composite_bar.boxes, ("Hg L", "Cu K"), strict=False):
        box.setCurrentText(name)
        box.activated.emit(box.currentIndex())
    qtbot.waitUntil(lambda: "Hg L + Cu K" in names(viewer, scan), timeout=60_000)
    qtbot.waitUntil(lambda: elements_ended(mapped), timeout=60_000)
    layer = viewer.layers["Hg L + Cu K"]
    assert layer.rgb
    assert tuple(layer.scale)[:2] == (0.5, 0.25)
    mercury, copper = places()["Hg L"], places()["Cu K"]
    assert tuple(layer.data[mercury][0]) == (255, 59, 48)
    assert tuple(layer.data[copper][0]) == (52, 199, 89)
    assert (layer.data[~mercury & ~copper] == 0).all()
    assert [one for one in viewer.layers if one.visible] == [layer]
    assert LayerInfo.of(layer).made["composite"][0]["map"] == "Hg L"
    # A threshold at the top of the range leaves nothing of that map.
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
    qtbot.waitUntil(lambda: elements_ended(mapped), timeout=60_000)
    ((key, layer),) = map_layers(viewer, scan, ["derived"]).items()
    assert layer.name == key[1] == f"Hg L {bar.sign.currentText()} Pb L"
    assert layer.data[places()["Hg L"]] == pytest.approx(mercury)
    assert scan.derived[key[1]].sigma.shape == layer.data.shape


def test_without_a_map_there_is_no_empty_histogram(viewer, scan, mapped, qtbot):
    tools = mapped.tools
    viewer.layers.selection.clear()
    tools.setCurrentWidget(tools.histogram)
    qtbot.waitUntil(lambda: "Select a map" in tools.histogram.title.text(), timeout=60_000)
    assert not tools.histogram.plot.isVisible()
    viewer.layers.selection.active = viewer.layers["Hg L"]
    qtbot.waitUntil(tools.histogram.plot.isVisible, timeout=60_000)


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

    def position(value):
        point = plot.plotItem.vb.mapViewToScene(plot.plotItem.vb.viewRect().center())
        point.setX(plot.plotItem.vb.mapViewToScene(_point(value)).x())
        return plot.mapFromScene(point)

    widget = plot.viewport()
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=position(500))
    for value in (600, 700, 800):
        QTest.mouseMove(widget, position(value))
        qtbot.wait(30)
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=position(800))
    assert layer.contrast_limits[1] == pytest.approx(800, abs=25)


def _point(value):
    return QPointF(value, 0)


def test_a_closed_dock_ignores_events(viewer, scan, mapped, qtbot):
    layer = map_layers(viewer, scan, ["element"])["element", "Hg L"]
    mapped.tools.setCurrentWidget(mapped.tools.histogram)
    viewer.layers.selection.active = layer
    qtbot.waitUntil(lambda: elements_ended(mapped), timeout=60_000)
    viewer.window.remove_dock_widget(mapped)
    qtbot.wait(100)
    layer.contrast_limits = (1, 2)
    viewer.layers.selection.active = viewer.layers["scan"]
    viewer.layers.selection.active = layer
    viewer.theme = "light" if viewer.theme == "dark" else "dark"
    viewer.theme = "dark"
