"""The docks with the real mapping, network and simulation, on a small scan."""

import zipfile

import numpy as np
import pytest

from napari_xrf_pigments.plugin.elements.dock import ElementsDock
from napari_xrf_pigments.plugin.layers.metadata import map_layers
from napari_xrf_pigments.plugin.layers.sync import session_of
from napari_xrf_pigments.plugin.pigments.dock import PigmentsDock
from napari_xrf_pigments.plugin.spectrum.dock import SpectrumDock
from napari_xrf_pigments.plugin.state.services import CORE

from .acting import add_dock, add_scan

TIMEOUT = 180_000


@pytest.fixture(scope="module")
def cube():
    from napari_xrf_pigments import simulate_scan

    return simulate_scan(seed=1, shape=(16, 24))[0]


@pytest.fixture
def scan(viewer, cube, qtbot):
    session_of(viewer).services = CORE
    scan = add_scan(viewer, cube)
    qtbot.waitUntil(lambda: scan.checked, timeout=TIMEOUT)
    return scan


def test_elements_of_the_sample_painting(viewer, scan, qtbot):
    dock = add_dock(viewer, ElementsDock)
    dock.run()
    qtbot.waitUntil(lambda: scan.elements is not None and not dock.busy, timeout=TIMEOUT)
    names = {name for _, name in map_layers(viewer, scan, {"element"})}
    assert {"Pb L", "Hg L", "Cu K"} <= names
    assert np.isfinite(scan.elements.counts).all()
    assert scan.elements.maps().provenance["program"] == "napari-xrf-pigments"


def test_pigments_of_the_sample_painting(viewer, scan, qtbot):
    spectrum = add_dock(viewer, SpectrumDock, "Spectrum", "bottom")
    dock = add_dock(viewer, PigmentsDock)
    session_of(viewer).select_pixel(scan, 4, 4)
    qtbot.waitUntil(lambda: bool(spectrum.pixel_tab.view.bars.bars), timeout=TIMEOUT)
    before = [(bar.title, round(bar.value, 2)) for bar in spectrum.pixel_tab.view.bars.bars]
    dock.run()
    qtbot.waitUntil(lambda: not dock.busy, timeout=TIMEOUT)
    assert ("pigment", "vermilion") in map_layers(viewer, scan, {"pigment"})
    assert len(scan.pigments.maps().provenance["weights_hash"]) >= 8
    # The prediction for a pixel is the same alone and in a map.
    assert [(bar.title, round(bar.value, 2)) for bar in spectrum.pixel_tab.view.bars.bars] == before


def test_a_real_scan_opens_at_once(viewer, real_data, tmp_path, qtbot):
    archive = real_data / "hands" / "aurora-antico1-prova1.zip"
    if not archive.is_file():
        pytest.skip("needs the scan of the hands")
    with zipfile.ZipFile(archive) as file:
        file.extractall(tmp_path)
    session_of(viewer).services = CORE
    (layer,) = viewer.open(tmp_path / "aurora-antico1-prova1", plugin="napari-xrf-pigments")
    scan = session_of(viewer).scan
    assert layer.data.shape == (60, 120)
    qtbot.waitUntil(lambda: scan.checked, timeout=TIMEOUT)
    assert np.isfinite(layer.data).all()
    assert scan.uses_estimate
    assert scan.cube.energies.gain_kev == pytest.approx(0.02922, rel=0.002)
