"""Regions that answer like pixels, names at peaks, and the lines of a clicked element."""

import numpy as np
import pytest

from napari_xrf_pigments.plugin.docks.window import open_dock
from napari_xrf_pigments.plugin.layers.sync import session_of
from napari_xrf_pigments.plugin.state.services import CORE

from ..acting import add_scan, map_elements
from ..synthetic import fake_services, make_cube


@pytest.fixture
def dock(viewer, scan):
    return open_dock(viewer, "Spectrum", "bottom")


@pytest.fixture
def region(viewer, scan, dock, qtbot):
    """A drawn region of 4 x 6 pixels, selected in the list of spectra."""
    corners = [[0.9, 0.7], [0.9, 2.2], [2.8, 2.2], [2.8, 0.7]]
    viewer.add_shapes([corners], name="sleeve", edge_color="#ff0000")
    dock.tabs.setCurrentIndex(1)
    items = dock.curves_tab.view.items

    def texts():
        return [items.item(i).text() for i in range(items.count())]

    qtbot.waitUntil(lambda: "sleeve 1, mean" in texts(), timeout=60_000)
    items.setCurrentRow(texts().index("sleeve 1, mean"))
    return dock


def test_a_region_is_predicted_and_explained_like_a_pixel(viewer, scan, region, qtbot):
    region.curves_tab.view.explain.click()
    tab = region.pixel_tab
    qtbot.waitUntil(lambda: tab.explanation is not None, timeout=60_000)
    assert tab.view.position.text().startswith("Region sleeve 1  ·  24 pixels")
    assert tab.view.bars.bars[0].title == "Vermilion"
    assert "Hg L" in tab.view.evidence.text()
    assert "Bi L" in tab.view.unexplained.text()
    main = scan.curves.main()
    assert main.name == "Region sleeve 1, mean"
    total = np.asarray(scan.cube.counts)[2:6, 3:9].sum((0, 1))
    np.testing.assert_allclose(24 * main.counts, total)
    assert not tab.view.pin.isEnabled()
    session_of(viewer).select_pixel(scan, 3, 4)
    qtbot.waitUntil(lambda: tab.view.position.text().startswith("Pixel x 4, y 3"), timeout=60_000)


def test_only_a_region_can_be_explained(region):
    view = region.curves_tab.view
    assert view.explain.isEnabled()
    view.items.setCurrentRow(0)
    assert not view.explain.isEnabled()


def labels_of(plot):
    return {line.label.split()[0] for line in plot.lines}


def test_peaks_of_the_whole_scan_carry_the_names_of_their_elements(viewer, tiles, qtbot):
    session_of(viewer).services = fake_services(tiles, name_peaks=CORE.name_peaks)
    scan = add_scan(viewer, make_cube())
    dock = open_dock(viewer, "Spectrum", "bottom")
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    qtbot.waitUntil(lambda: {"Pb", "Hg", "Cu"} <= labels_of(dock.plot), timeout=60_000)


def test_a_click_on_an_element_marks_its_lines(viewer, scan, dock, qtbot):
    elements = open_dock(viewer, "Elements")
    map_elements(elements, scan, qtbot)
    assert "Cu" not in labels_of(dock.plot)
    elements.elements.show_requested.emit("Cu K")
    assert "Cu" in labels_of(dock.plot)
