"""The instrument of a scan: fitted from its spectra, saved as plain values."""

import json
from dataclasses import replace

import numpy as np
import pytest

from napari_xrf_pigments.cube import Acquisition
from napari_xrf_pigments.inversion.instrument import FittedInstrument
from napari_xrf_pigments.inversion.instrument_fit import fit_instrument

from .instruments import ACQUISITION, AXIS, INSTRUMENT, section, spectra


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    return spectra([section([("lead_white", 1.0), ("vermilion", 0.5)])], 60_000)


def test_resolution_and_axis_are_recovered_from_one_spectrum(counts: np.ndarray) -> None:
    off = AXIS.recalibrated(0.04004, 0.006)
    found = fit_instrument(counts[0], off, ACQUISITION)
    assert found.fwhm_mn_ka_ev == pytest.approx(INSTRUMENT.fwhm_mn_ka_ev, rel=0.03)
    assert found.energies.kev[250] == pytest.approx(INSTRUMENT.energies.kev[250], abs=0.006)
    assert found.chi2_per_dof is not None
    assert found.chi2_per_dof < 1.3
    assert found == fit_instrument(counts[0], off, ACQUISITION), "the same input, the same result"


def test_plain_values_give_the_same_instrument() -> None:
    made = replace(INSTRUMENT, filters=(("Al", 0.1),), housing=(("Ni", 1e-3),), notes=("Why.",))
    assert FittedInstrument.of(json.loads(json.dumps(made.settings))) == made
    with pytest.raises(ValueError, match="settings of a fitted instrument"):
        FittedInstrument.of({"anode": "Rh"})


@pytest.mark.parametrize(
    ("total", "acquisition", "sentence"),
    [
        (50.0, ACQUISITION, "too few to test claims"),
        (40.0, Acquisition(tube_kv=40.0), "too few"),
        (60_000.0, Acquisition(anode="Fe", tube_kv=40.0), "no tube model for the anode Fe"),
        (60_000.0, Acquisition(anode="Rh", tube_kv=90.0), "covers 10 to 50 kV"),
    ],
)
def test_what_cannot_be_fitted_gives_one_sentence(
    counts: np.ndarray, total: float, acquisition: Acquisition, sentence: str
) -> None:
    thinned = np.random.default_rng(0).binomial(counts[0].astype(int), total / counts[0].sum())
    with pytest.raises(ValueError, match=sentence):
        fit_instrument(thinned, AXIS, acquisition)


def test_a_spectrum_without_scatter_needs_a_stated_anode(counts: np.ndarray) -> None:
    soft = np.where(AXIS.kev < 14.0, counts[0], 0.0)
    with pytest.raises(ValueError, match="anode of the tube is not known"):
        fit_instrument(soft, AXIS, Acquisition(tube_kv=40.0))
