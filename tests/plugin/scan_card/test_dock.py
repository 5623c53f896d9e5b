"""The Scan dock in a real viewer: facts, detectors, pixel size, sawtooth, warnings."""

import numpy as np
import pytest
from napari.settings import get_plugin_settings

from napari_xrf_pigments import XRFCube
from napari_xrf_pigments.plugin import commands, dialogs
from napari_xrf_pigments.plugin.docks.window import open_dock, our_docks
from napari_xrf_pigments.plugin.layers.metadata import LayerInfo, map_layers
from napari_xrf_pigments.plugin.layers.sync import session_of
from napari_xrf_pigments.plugin.state.services import CORE

from ..acting import add_scan, map_elements
from ..synthetic import make_cube
from .folders import HALVES, detector_folder


@pytest.fixture
def card(viewer):
    return open_dock(viewer, "Scan")


def text_of(card, title):
    return card.labels[title].text()


def test_the_card_states_what_was_found(viewer, scan, card, qtbot):
    qtbot.waitUntil(lambda: "Counts" in card.labels, timeout=10_000)
    assert text_of(card, "Size") == "36 x 24 = 864 pixels, 1000 channels"
    assert "a pixel on average" in text_of(card, "Counts")
    assert "6 lines agree within 4.0 eV" in text_of(card, "Energy")
    assert "The file's own calibration is up to 5 eV off." in text_of(card, "Energy")
    assert text_of(card, "Tube") == "Rh anode, 40 kV"
    assert text_of(card, "Live time") == "not known"
    assert (card.pixel_form.across.value(), card.pixel_form.down.value()) == (0.25, 0.5)
    assert card.detectors.isHidden()
    assert card.sawtooth_button.isHidden()


def test_without_a_scan_the_card_says_how_to_open_one(card):
    assert "Drop a scan" in card.warnings.text()


def test_doubts_about_a_scan_are_listed(viewer, card, qtbot):
    cube = make_cube()
    faint = XRFCube.from_array(
        np.asarray(cube.counts)[:, :, :] // 8, gain_kev=0.02, energy_source="file"
    )
    scan = add_scan(viewer, faint)
    qtbot.waitUntil(lambda: scan.checked and "few counts" in card.warnings.text(), timeout=60_000)
    assert "from its scatter; the file states none" in text_of(card, "Tube")
    assert "voltage not known" in text_of(card, "Tube")


def test_a_pixel_size_given_in_the_card_places_all_layers(viewer, qtbot):
    scan = add_scan(viewer, make_cube(pixel_mm=None))
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    card, spectrum = open_dock(viewer, "Scan"), open_dock(viewer, "Spectrum", "bottom")
    map_elements(open_dock(viewer, "Elements"), scan, qtbot)
    shapes = viewer.add_shapes([[[2, 3], [2, 9], [8, 9], [8, 3]]], name="drawn")
    before = shapes.data_to_world((2, 3))
    card.pixel_form.across.setValue(0.2)
    card.pixel_form.across.editingFinished.emit()
    assert scan.cube.pixel_mm == (0.2, 0.2)
    for layer in map_layers(viewer, scan, ["counts", "element"]).values():
        assert tuple(layer.scale) == (0.2, 0.2)
        assert [str(unit) for unit in layer.units] == ["millimeter"] * 2
    assert shapes.data_to_world((2, 3)) == pytest.approx(0.2 * np.asarray(before))
    assert spectrum.energy_tab.pixel_form.down.value() == 0.2
    spectrum.energy_tab.pixel_form.down.setValue(0.4)
    spectrum.energy_tab.pixel_form.down.editingFinished.emit()
    assert scan.cube.pixel_mm == (0.4, 0.2)
    assert card.pixel_form.down.value() == 0.4


def test_a_sawtooth_is_offered_to_be_corrected(viewer, card, qtbot):
    rng = np.random.default_rng(0)
    picture = np.repeat(np.cumsum(rng.normal(size=(1, 60)), axis=1), 40, axis=0)
    picture = 40 + 8 * (picture - picture.mean()) + rng.normal(size=picture.shape)
    picture[1::2] = np.roll(picture[1::2], 2, axis=1)
    counts = rng.poisson(np.clip(picture, 1, None)[..., None] * np.ones(100))
    scan = add_scan(viewer, XRFCube.from_array(counts.astype(np.uint16), gain_kev=0.2))
    qtbot.waitUntil(card.sawtooth_button.isVisible, timeout=60_000)
    assert card.sawtooth.shift == pytest.approx(2, abs=0.1)
    assert "to the right" in card.sawtooth_label.text()
    card.sawtooth_button.click()
    dock = our_docks(viewer)["Correct the sawtooth"]
    qtbot.waitUntil(lambda: dock.shift.value() == pytest.approx(2, abs=0.1), timeout=60_000)
    assert scan in session_of(viewer).scans


@pytest.fixture
def detectors(viewer, tmp_path, qtbot):
    """A scan of two detectors and the folder of their sum, opened with its card."""
    session_of(viewer).services = CORE
    folder = detector_folder(tmp_path / "scan")
    viewer.open(folder, plugin="napari-xrf-pigments")
    qtbot.waitUntil(lambda: bool(session_of(viewer).scans), timeout=60_000)
    return open_dock(viewer, "Scan")


def total_of(scan):
    return int(np.asarray(scan.cube.counts).sum())


def test_a_detector_is_opened_beside_the_sum(viewer, detectors, qtbot):
    session = session_of(viewer)
    total = int(sum(half.sum() for half in HALVES))
    assert total_of(session.scan) == total
    assert "stacked is the sum of 10264 and 19511" in detectors.warnings.text()
    box = detectors.detector_box
    titles = [box.itemText(i) for i in range(box.count())]
    assert titles == ["Sum of the detectors", "10264", "19511", "stacked"]
    assert box.currentText() == "Sum of the detectors"
    assert not detectors.beside_button.isEnabled()
    box.setCurrentText("19511")
    detectors.beside_button.click()
    qtbot.waitUntil(lambda: len(session.scans) == 2, timeout=60_000)
    assert [scan.name for scan in session.scans] == ["scan", "scan 19511"]
    assert total_of(session.scans[1]) == HALVES[1].sum()
    assert detectors.detector_box.currentText() == "19511"


def test_a_detector_is_opened_instead_of_the_sum(viewer, detectors, qtbot):
    session = session_of(viewer)
    detectors.detector_box.setCurrentText("10264")
    detectors.instead_button.click()
    qtbot.waitUntil(lambda: [s.name for s in session.scans] == ["scan 10264"], timeout=60_000)
    assert total_of(session.scan) == HALVES[0].sum()
    assert len(viewer.layers) == 1


def test_folders_of_two_detectors_are_opened_one_after_the_other(viewer, tmp_path, qtbot):
    session = session_of(viewer)
    session.services = CORE
    folder = detector_folder(tmp_path / "scan")
    for name in ("10264", "19511"):
        viewer.open(folder / name, plugin="napari-xrf-pigments")
    qtbot.waitUntil(lambda: len(session.scans) == 2, timeout=60_000)
    assert [total_of(scan) for scan in session.scans] == [half.sum() for half in HALVES]


def test_docks_open_with_a_scan_if_the_user_prefers(viewer, tmp_path, qtbot):
    session_of(viewer).services = CORE
    settings = get_plugin_settings("napari-xrf-pigments").maps
    settings.open_docks = True
    try:
        viewer.open(detector_folder(tmp_path / "scan"), plugin="napari-xrf-pigments")
        qtbot.waitUntil(lambda: len(our_docks(viewer)) == 4, timeout=60_000)
        card = our_docks(viewer)["Scan"].parent()
        qtbot.waitUntil(lambda: not card.visibleRegion().isEmpty(), timeout=60_000)
    finally:
        settings.open_docks = False


def test_maps_of_a_scan_are_removed_in_one_step(viewer, scan, qtbot, monkeypatch):
    map_elements(open_dock(viewer, "Elements"), scan, qtbot)
    pigments = open_dock(viewer, "Pigments")
    pigments.run_bar.run_button.click()
    qtbot.waitUntil(lambda: not pigments.busy, timeout=60_000)
    monkeypatch.setattr(dialogs, "confirm", lambda title, sentence: False)
    commands.remove_maps(viewer)
    assert scan.elements is not None
    monkeypatch.setattr(dialogs, "confirm", lambda title, sentence: True)
    commands.remove_maps(viewer)
    assert scan.elements is None
    assert scan.pigments is None
    assert pigments.pigment_tree.tree.topLevelItemCount() == 0
    assert [LayerInfo.of(layer).kind for layer in viewer.layers] == ["counts"]
    commands.close_scan(viewer)
    assert not viewer.layers
    assert not session_of(viewer).scans


def test_layers_of_several_scans_are_named_by_their_scan(viewer, scan, qtbot, monkeypatch):
    monkeypatch.setattr(dialogs, "confirm", lambda title, sentence: True)
    dock = open_dock(viewer, "Elements")
    map_elements(dock, scan, qtbot)
    assert "Hg L" in viewer.layers
    other = add_scan(viewer, make_cube(seed=2), "hands")
    qtbot.waitUntil(lambda: other.checked, timeout=60_000)
    assert "scan / Hg L" in viewer.layers
    map_elements(dock, other, qtbot)
    names = {layer.name for layer in viewer.layers}
    assert {"scan / Hg L", "hands / Hg L", "scan", "hands"} <= names
    commands.close_scan(viewer)
    assert "Hg L" in viewer.layers
