"""Test the identification of a peak: the true line is the first candidate."""

import numpy as np
import pytest

from napari_xrf_pigments.fitting.artefacts import compton_kev
from napari_xrf_pigments.fitting.conditions import Conditions
from napari_xrf_pigments.fitting.lineshape import family_shape, peaks
from napari_xrf_pigments.fitting.peak_identification import name_peak
from napari_xrf_pigments.physics.lines import line_family

AXIS = 0.02 * np.arange(1500)
RH = Conditions("Rh", 45.0)


def spectrum(seed=1, extra=(), **families):
    """Simulate counts of families, named ``Fe_K=5000``, over a continuum, with noise."""
    counts = np.full(AXIS.size, 6.0)
    for name, much in families.items():
        family = line_family(name.replace("_", " "), 40.0)
        counts = counts + much * family_shape(AXIS, family, np.ones(len(family.kev)))
    for kev, much in extra:
        counts = counts + much * peaks(AXIS, np.array([kev]), escape=False, shelf=0)[0]
    return np.random.default_rng(seed).poisson(counts).astype(float)


@pytest.mark.parametrize(
    ("kev", "families", "label"),
    [
        (6.40, {"Fe_K": 5000}, "Fe Kα"),
        (7.06, {"Fe_K": 20000}, "Fe Kβ"),
        (10.55, {"Pb_L": 9000}, "Pb Lα"),
        (9.99, {"Hg_L": 9000}, "Hg Lα"),
        (10.53, {"As_K": 9000}, "As Kα"),
        (8.05, {"Cu_K": 4000}, "Cu Kα"),
        (4.51, {"Ti_K": 4000}, "Ti Kα"),
        (4.47, {"Ba_L": 9000}, "Ba Lα"),
        (5.90, {"Mn_K": 3000}, "Mn Kα"),
        (14.16, {"Sr_K": 3000}, "Sr Kα"),
    ],
)
def test_the_true_line_is_the_first_candidate(kev, families, label):
    assert name_peak(kev, spectrum(**families), AXIS, RH)[0].label == label


def test_lead_and_arsenic_are_distinguished_by_their_other_lines():
    of_lead = {n.label: n for n in name_peak(10.55, spectrum(Pb_L=9000), AXIS, RH)}
    assert of_lead["Pb Lα"].score > 2 * of_lead["As Kα"].score
    assert "missing" in of_lead["As Kα"].reason


def test_a_click_beside_a_peak_identifies_the_peak():
    names = name_peak(6.46, spectrum(Fe_K=5000), AXIS, RH)
    assert names[0].label == "Fe Kα"
    assert names[0].family == "Fe K"


def test_an_escape_peak_is_named_with_its_parent():
    counts = spectrum(Ca_K=400_000)
    names = name_peak(3.69 - 1.74, counts, AXIS, Conditions("Rh", 45.0))
    escape = [name for name in names if name.kind == "escape"]
    assert escape
    assert "3.69" in escape[0].label
    assert names.index(escape[0]) < 3


def test_a_sum_peak_is_named_with_its_two_parents():
    names = name_peak(12.8, spectrum(Fe_K=100_000, extra=[(12.81, 600)]), AXIS, RH)
    sums = [name for name in names if name.kind == "sum"]
    assert sums
    assert sums[0].label == "Sum peak 6.40 + 6.40 keV"


def test_rayleigh_and_compton_peaks_of_the_tube_are_named():
    line = line_family("Rh K", 40.0).main.kev
    counts = spectrum(extra=[(line, 4000), (compton_kev(line, 110.0), 9000)])
    assert name_peak(line, counts, AXIS, RH)[0].label == "Rh Kα, Rayleigh scatter of the tube"
    names = name_peak(compton_kev(line, 110.0), counts, AXIS, RH)
    assert names[0].label == "Rh Kα, Compton scatter of the tube"


def test_lines_that_the_tube_cannot_excite_are_left_out():
    counts = spectrum(extra=[(25.27, 2000)])
    at_45 = {n.label for n in name_peak(25.27, counts, AXIS, Conditions("Rh", 45.0))}
    at_25 = {n.label for n in name_peak(25.27, counts, AXIS, Conditions("Rh", 25.0))}
    assert "Sn Kα" in at_45
    assert "Sn Kα" not in at_25


def test_candidates_are_sorted_by_score_and_have_distinct_labels():
    names = name_peak(9.0, spectrum(Cu_K=3000, Zn_K=2000), AXIS, RH)
    scores = [name.score for name in names]
    assert scores == sorted(scores, reverse=True)
    assert len({name.label for name in names}) == len(names) > 0
    assert all(0 <= score <= 1 and name.reason for score, name in zip(scores, names, strict=True))


def test_an_empty_spectrum_raises_no_error():
    assert isinstance(name_peak(6.4, np.zeros(AXIS.size), AXIS, RH), tuple)
