"""The Sawtooth dock and the Stitch dock in a real viewer."""

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from scipy.ndimage import gaussian_filter

from napari_xrf_pigments import EnergyAxis, XRFCube
from napari_xrf_pigments.plugin.layers.metadata import LayerInfo
from napari_xrf_pigments.plugin.layers.sync import session_of
from napari_xrf_pigments.plugin.row_alignment.dock import SawtoothDock
from napari_xrf_pigments.plugin.state.results import ElementResults
from napari_xrf_pigments.plugin.stitch.dock import StitchDock

from ..acting import add_dock, add_scan


def painting(shape=(40, 60), shift=0.0):
    """Make a smooth pattern of few channels, odd rows shifted `shift` columns to the right."""
    fine = gaussian_filter(np.random.default_rng(0).normal(size=(shape[0], shape[1] * 20)), (1, 30))
    fine = 60 * np.exp(0.7 * fine / fine.std())
    columns = np.arange(shape[1]) * 20.0
    rate = np.stack([
        np.interp(columns - (shift * 20 if y % 2 else 0), np.arange(fine.shape[1]), row)
        for y, row in enumerate(fine)
    ])  # fmt: skip
    counts = np.random.default_rng(1).poisson(rate[..., None] * np.ones(8)).astype(np.uint16)
    return XRFCube.from_array(counts, gain_kev=0.02, pixel_mm=(0.5, 0.5))


@pytest.fixture
def scan(viewer, qtbot):
    scan = add_scan(viewer, painting(shift=0.75), "zigzag")
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    return scan


@pytest.fixture
def sawtooth(viewer, scan, qtbot):
    dock = add_dock(viewer, SawtoothDock, "Sawtooth")
    QTest.mouseClick(dock.estimate_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dock.shift.value() != 0, timeout=30_000)
    return dock


def test_the_sawtooth_is_estimated_with_its_uncertainty(sawtooth):
    assert sawtooth.shift.value() == pytest.approx(0.75, abs=0.05)
    assert "Odd rows are shifted 0.7" in sawtooth.message.text()
    assert "±" in sawtooth.message.text()


def test_a_scan_without_a_sawtooth_is_reported(viewer, qtbot):
    scan = add_scan(viewer, painting(), "straight")
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    dock = add_dock(viewer, SawtoothDock, "Sawtooth")
    dock.estimate_button.click()
    qtbot.waitUntil(lambda: "No significant sawtooth" in dock.message.text(), timeout=30_000)
    assert dock.shift.value() == 0


def test_the_preview_is_updated_with_the_shift_and_removed(viewer, scan, sawtooth):
    sawtooth.preview.click()
    layer = viewer.layers["Preview of aligned rows"]
    one = layer.data.copy()
    assert np.array_equal(one[::2], viewer.layers["zigzag"].data[::2])
    sawtooth.shift.setValue(-1.0)
    assert not np.allclose(layer.data[1, 5:-5], one[1, 5:-5])
    sawtooth.preview.click()
    assert "Preview of aligned rows" not in viewer.layers


def test_maps_are_corrected_as_copies_and_undo_removes_them(viewer, scan, sawtooth):
    measured = viewer.layers["zigzag"].data.copy()
    sawtooth.apply_button.click()
    copy = viewer.layers["zigzag, rows aligned"]
    assert copy.visible
    assert not viewer.layers["zigzag"].visible
    assert np.array_equal(viewer.layers["zigzag"].data, measured, equal_nan=True)
    assert LayerInfo.of(copy).made["row_shift"] == sawtooth.shift.value()
    inner = np.s_[:, 3:-3]
    neighbours = (copy.data[0:-2:2] + copy.data[2::2])[inner] / 2
    before = np.corrcoef(measured[1:-1:2][inner].ravel(), neighbours.ravel())[0, 1]
    after = np.corrcoef(copy.data[1:-1:2][inner].ravel(), neighbours.ravel())[0, 1]
    assert after > before
    sawtooth.undo_button.click()
    assert [layer.name for layer in viewer.layers] == ["zigzag"]
    assert viewer.layers["zigzag"].visible
    assert viewer.layers.selection.active is viewer.layers["zigzag"]
    assert not sawtooth.undo_button.isEnabled()


def test_a_corrected_scan_is_opened_only_on_demand(viewer, scan, sawtooth, qtbot):
    counts = scan.cube.counts.compute()
    sawtooth.scan_button.click()
    session = session_of(viewer)
    assert [one.name for one in session.scans] == ["zigzag", "zigzag, rows aligned"]
    corrected = session.scans[1]
    qtbot.waitUntil(lambda: corrected.checked, timeout=60_000)
    assert np.array_equal(scan.cube.counts.compute(), counts)
    moved = corrected.cube.counts.compute()
    assert moved.dtype == counts.dtype
    assert np.array_equal(moved[::2], counts[::2])
    assert not np.array_equal(moved[1], counts[1])


@pytest.fixture
def sections(viewer, qtbot):
    whole = painting()
    session = session_of(viewer)
    for name, window in (("left", np.s_[:, :36]), ("right", np.s_[3:, 24:])):
        part = replace(whole, counts=whole.counts[window])
        add_scan(viewer, part, name)
    qtbot.waitUntil(lambda: all(scan.checked for scan in session.scans), timeout=60_000)
    return whole


def test_positions_are_estimated_and_sections_joined(viewer, sections, qtbot):
    dock = add_dock(viewer, StitchDock, "Stitch")
    QTest.mouseClick(dock.estimate_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "agree with their overlaps" in dock.message.text(), timeout=60_000)
    assert [dock.table.offset(i) for i in range(2)] == [(0, 0), (3, 24)]
    QTest.mouseClick(dock.join_button, Qt.MouseButton.LeftButton)
    joined = session_of(viewer).scans[-1]
    assert joined.name == "left + right"
    assert "40 x 60 pixels" in dock.message.text()
    assert "those of the first section" in dock.message.text()
    valid = joined.cube.valid
    assert (~valid).sum() == 3 * 24
    counts = joined.cube.counts.compute()
    assert np.array_equal(counts[valid], sections.counts.compute()[valid])
    # The joined scan is listed without a tick.
    assert [dock.table.used(i) for i in range(3)] == [True, True, False]


def test_maps_of_the_sections_are_joined_one_by_one(viewer, sections, qtbot):
    for scan in session_of(viewer).scans:
        scan.elements = ElementResults(scan.cube.shape[:2], ("Fe K", "Pb L"), scan.cube)
        scan.elements.counts[:] = 1.0
    dock = add_dock(viewer, StitchDock, "Stitch")
    QTest.mouseClick(dock.join_button, Qt.MouseButton.LeftButton)
    assert "Fe K, joined" not in viewer.layers  # they are added one per turn of the event loop
    assert "2 elemental maps joined" in dock.message.text()
    qtbot.waitUntil(lambda: not dock.busy, timeout=60_000)
    joined = [layer for layer in viewer.layers if layer.name.endswith(", joined")]
    assert [layer.name for layer in joined] == ["Fe K, joined", "Pb L, joined"]
    assert np.nanmax(joined[0].data) == 1.0


def test_positions_can_be_typed(viewer, sections, qtbot):
    dock = add_dock(viewer, StitchDock, "Stitch")
    dock.table.cellWidget(1, 1).setValue(50)
    dock.join_button.click()
    assert session_of(viewer).scans[-1].cube.shape[:2] == (87, 36)


def test_at_least_two_sections_are_needed(viewer, sections):
    dock = add_dock(viewer, StitchDock, "Stitch")
    dock.table.item(0, 0).setCheckState(Qt.CheckState.Unchecked)
    dock.join_button.click()
    assert dock.message.text() == "Tick at least two sections."
    assert len(session_of(viewer).scans) == 2


def test_sections_with_different_channels_are_joined_as_maps(viewer, sections, qtbot):
    short = XRFCube(sections.counts[..., :4], EnergyAxis(4, 0.02), pixel_mm=(0.5, 0.5))
    add_scan(viewer, short, "short")
    dock = add_dock(viewer, StitchDock, "Stitch")
    dock.table.item(0, 0).setCheckState(Qt.CheckState.Unchecked)
    dock.join_button.click()
    assert "only their maps can be joined" in dock.message.text()
    assert len(session_of(viewer).scans) == 3
    assert "right + short" in viewer.layers
