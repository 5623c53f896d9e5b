"""Claims tested by physics on simulated spectra of a known instrument."""

import json

import numpy as np
import pytest

from napari_xrf_pigments import verify_spectrum
from napari_xrf_pigments.inversion import Verification

from .instruments import ACQUISITION, AXIS, INSTRUMENT, section, spectra


def verify(recipes: list[list[tuple[str, float]]], claims: list[str]) -> Verification:
    counts = spectra([section(*recipes)], 20_000)[0]
    return verify_spectrum(counts, AXIS, ACQUISITION, claims, instrument=INSTRUMENT)


@pytest.fixture(scope="module")
def vermilion() -> Verification:
    return verify([[("lead_white", 1.0), ("vermilion", 0.5)]], ["vermilion", "lead", "cadmium"])


def test_what_is_there_is_needed_and_what_is_not_there_is_not(vermilion: Verification) -> None:
    verdicts = {claim.group: claim.verdict for claim in vermilion.claims}
    assert verdicts == {"mercury": "needed", "lead": "needed", "cadmium": "not needed"}
    mercury = vermilion.claim("mercury")
    assert mercury is not None
    assert mercury.pigments == ("vermilion",)
    assert mercury.line == "Hg L"
    assert mercury.missed_counts > 500
    assert mercury.log_ratio is not None
    assert mercury.log_ratio > 100


def test_a_mixture_with_the_same_elements_cannot_be_told_apart() -> None:
    found = verify([[("lead_white", 1.0), ("viridian", 0.2)]], ["chrome_yellow"])
    claim = found.claim("lead-chromium")
    assert claim is not None
    assert claim.verdict == "cannot tell"
    assert "chromium" in claim.alternatives


def test_thickness_and_amounts_come_with_intervals(vermilion: Verification) -> None:
    paint = next(layer for layer in vermilion.layers if layer.role == "paint")
    assert paint.thickness_um.low < paint.thickness_um.value < paint.thickness_um.high
    # On a ground of the same white, the counts leave the thickness open, and that is stated.
    assert not paint.thickness_um.constrained
    assert paint.thickness_um.low < 25.0 < 1.2 * paint.thickness_um.high
    names = [name for name, _ in paint.pigments]
    assert names[:2] == ["lead_white", "vermilion"]
    amounts = {amount.name: amount.ug_cm2 for amount in vermilion.amounts}
    truth = section([("lead_white", 1.0), ("vermilion", 0.5)])[1]
    expected = truth.fractions[80] * truth.density_g_cm3 * truth.thickness_um * 100
    assert amounts["Hg"].value == pytest.approx(expected, rel=0.3)
    assert amounts["Hg"].constrained
    assert not amounts["cadmium_yellow"].constrained


def test_fit_and_residual_belong_to_the_measured_counts(vermilion: Verification) -> None:
    assert vermilion.converged
    assert vermilion.chi2_per_dof < 1.3
    assert vermilion.expected.sum() == pytest.approx(vermilion.counts.sum(), rel=0.02)
    assert np.abs(vermilion.residual_sigma).max() < 6
    assert vermilion.energies.shape == vermilion.residual_sigma.shape


def test_the_same_input_gives_the_same_plain_values(vermilion: Verification) -> None:
    again = verify([[("lead_white", 1.0), ("vermilion", 0.5)]], ["vermilion", "lead", "cadmium"])
    assert json.dumps(again.settings, allow_nan=False) == json.dumps(vermilion.settings)


@pytest.mark.parametrize(
    ("counts", "claims", "sentence"),
    [
        (np.zeros(1024), ["lead"], "too few to test claims"),
        (np.full(1024, np.nan), ["lead"], "not finite"),
        (np.ones(100), ["lead"], "must be the same"),
        (np.ones((2, 1024)), ["lead"], "One spectrum"),
        (np.ones(1024), ["unobtainium"], "neither a pigment nor a group"),
    ],
)
def test_bad_input_gives_one_sentence(counts: np.ndarray, claims: list[str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        verify_spectrum(counts, AXIS, ACQUISITION, claims, instrument=INSTRUMENT)


def test_the_network_makes_the_claims_where_none_are_named() -> None:
    counts = spectra([section([("vermilion", 1.0)])], 20_000)[0]
    found = verify_spectrum(counts, AXIS, ACQUISITION, instrument=INSTRUMENT)
    mercury = found.claim("mercury")
    assert mercury is not None
    assert mercury.probability is not None
    assert mercury.probability > 0.5
    assert mercury.verdict == "needed"
