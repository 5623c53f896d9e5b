"""Smoothing with similar neighbours in a real viewer: setting, resumed runs, selected pixels."""

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_xrf_pigments.plugin.layers.sync import session_of
from napari_xrf_pigments.plugin.pigments.dock import PigmentsDock
from napari_xrf_pigments.plugin.pigments.provenance_text import provenance_line
from napari_xrf_pigments.plugin.spectrum.dock import SpectrumDock

from .acting import add_dock, add_scan, click_world
from .synthetic import FakeTiles, explain, fake_services, make_cube


class Recording(FakeTiles):
    """Tiles that record the setting of each run."""

    contexts: list

    def pigments(self, cube, device, skip=None, before=None, context=False):
        self.contexts.append(context)
        return super().pigments(cube, device, skip, before, context)


@pytest.fixture
def tiles():
    tiles = Recording()
    tiles.contexts = []
    return tiles


@pytest.fixture
def explained():
    return []


@pytest.fixture
def scan(viewer, qtbot, tiles, explained):
    def remember(cube, spectrum):
        explained.append(spectrum)
        return explain(cube, spectrum)

    session_of(viewer).services = fake_services(
        tiles,
        explain=remember,
        pooled_spectrum=lambda cube, y, x: (7 * cube.spectrum(y, x), 7.0),
    )
    scan = add_scan(viewer, make_cube())
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    return scan


@pytest.fixture
def dock(viewer):
    return add_dock(viewer, PigmentsDock, "Pigments")


def toggle(dock):
    box = dock.settings.context_box
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))


def run(dock, scan, qtbot):
    QTest.mouseClick(dock.run_bar.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: scan.pigments is not None, timeout=60_000)
    qtbot.waitUntil(lambda: not dock.busy, timeout=60_000)


def test_smoothing_is_off_by_default(scan, dock, qtbot, tiles):
    assert not dock.settings.context
    run(dock, scan, qtbot)
    assert tiles.contexts == [False]
    assert not scan.pigments.context
    toggle(dock)
    assert dock.settings.context
    run(dock, scan, qtbot)
    assert tiles.contexts == [False, True]
    assert scan.pigments.context
    assert "similar neighbours" in provenance_line(scan.pigments.provenance)
    assert "similar neighbours" in dock.provenance_label.text()


def test_a_resumed_run_keeps_its_setting(scan, dock, qtbot, tiles):
    toggle(dock)
    tiles.pause_s = 0.2
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: tiles.begun >= 2, timeout=60_000)
    dock.run_bar.cancel_button.click()
    qtbot.waitUntil(lambda: not dock.busy, timeout=60_000)
    toggle(dock)
    tiles.pause_s = 0.0
    QTest.mouseClick(dock.run_bar.resume_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: scan.pigments.complete and not dock.busy, timeout=60_000)
    assert tiles.contexts == [True, True]
    assert scan.pigments.context


def test_the_pooled_spectrum_of_a_pixel_is_explained(viewer, scan, dock, qtbot, explained):
    spectrum = add_dock(viewer, SpectrumDock, "Spectrum", "bottom")
    toggle(dock)
    run(dock, scan, qtbot)
    click_world(viewer, (5.0, 5.0))
    label = spectrum.pixel_tab.view.position
    text = "predicted together with 6 similar neighbours"
    qtbot.waitUntil(lambda: text in label.text(), timeout=60_000)
    assert np.array_equal(explained[-1], 7 * scan.cube.spectrum(10, 10))
    # The mean over a radius is explained without its neighbours.
    spectrum.pixel_tab.view.radius.setValue(1)
    qtbot.waitUntil(lambda: "mean of 5 pixels" in label.text(), timeout=60_000)
    qtbot.waitUntil(lambda: spectrum.pixel_tab.explanation is not None, timeout=60_000)
    assert "similar neighbours" not in label.text()
