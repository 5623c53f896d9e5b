"""Test the content of the report of a scan."""

from __future__ import annotations

import numpy as np
import pytest

from napari_xrf_pigments import ElementMaps, PigmentMaps, XRFCube
from napari_xrf_pigments.physics.lines import line_family
from napari_xrf_pigments.reporting.report import WHOLE, main_lines, scan_report

LEFT = np.arange(6) < 3


def maps():
    """Make maps with mercury and vermilion on the left, and without iron."""
    left = np.broadcast_to(LEFT, (4, 6))
    counts = np.stack([1000.0 * left, np.ones((4, 6))]).astype(np.float32)
    elements = ElementMaps(("Hg L", "Fe K"), counts, np.full_like(counts, 10.0))
    probability = np.stack([0.9 * left, 0.1 * left]).astype(np.float32)
    pigments = PigmentMaps(
        ("vermilion", "azurite"), probability, probability, probability,
        ("mercury", "copper"), probability, np.zeros((4, 6), np.float32),
    )  # fmt: skip
    return elements, pigments


def cube():
    counts = np.ones((4, 6, 200), np.uint16)
    counts[:, LEFT] = 5
    return XRFCube.from_array(counts, gain_kev=0.1, tube_kv=40)


def test_the_report_has_spectra_of_the_scan_and_of_each_detected_pigment():
    made = scan_report("Panel", *maps(), cube())
    assert [entry.name for entry in made.spectra] == [WHOLE, "Pixels with Vermilion"]
    whole, found = made.spectra
    assert (whole.pixels, found.pixels) == (24, 12)
    assert np.all(whole.mean == 3) and np.all(found.mean == 5)
    assert [label for label, _ in whole.lines] == ["Hg Lα"], "iron is within its noise"


def test_regions_of_the_user_replace_the_spectra_of_pigments():
    region = np.zeros((4, 6), bool)
    region[0, 5] = True
    made = scan_report("Panel", *maps(), cube(), {"Frame": region, "Empty": ~region & region})
    assert [entry.name for entry in made.spectra] == [WHOLE, "Frame"]
    assert np.all(made.spectra[1].mean == 1) and made.spectra[1].lines == ()


def test_without_the_scan_there_are_no_spectra():
    made = scan_report("Panel", *maps(), remarks="Found in the attic.")
    assert made.spectra == () and made.remarks == "Found in the attic."
    assert made.naming.pigment("vermilion") == "Vermilion"
    assert made.naming.lines["vermilion"] == ("Hg L",)


def test_a_family_is_marked_by_its_strongest_line():
    ((label, kev),) = main_lines(["Fe K"], 40)
    assert label == "Fe Kα" and kev == pytest.approx(6.404, abs=0.01)
    family = line_family("Pb L", 40)
    strongest = family.lines[int(np.argmax(family.strength))]
    assert main_lines(["Pb L"], 40) == (("Pb Lα", strongest.kev),)


def test_families_that_the_tube_does_not_excite_are_not_marked():
    assert main_lines(["Sn K", "Fe K"], 20) == main_lines(["Fe K"], 20)
