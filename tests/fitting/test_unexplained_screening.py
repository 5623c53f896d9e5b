"""Test that the quick estimate of the unexplained share never hides a large share."""

from collections.abc import Callable

import numpy as np
import pytest

from napari_xrf_pigments.cube import Acquisition, EnergyAxis
from napari_xrf_pigments.fitting.lineshape import peaks
from napari_xrf_pigments.fitting.unexplained import unexplained_share
from napari_xrf_pigments.fitting.unexplained_screening import SMALL, screening
from napari_xrf_pigments.network.encoding import GRID_EDGES_KEV, rebin_counts
from napari_xrf_pigments.simulation import simulate_scan

Maker = Callable[..., np.ndarray]
AXIS = EnergyAxis(1024, 0.029, -0.02)
RH = Acquisition(anode="Rh", tube_kv=45.0)
PAINT = {"Ca K": 800.0, "Fe K": 900.0, "Cu K": 400.0, "Hg L": 900.0, "Pb L": 3000.0, "Ar K": 100.0}
#: Largest difference between a small estimate and the share of the full fit.
TOLERANCE = 0.03


def estimate(counts: np.ndarray, axis: EnergyAxis = AXIS, known: Acquisition = RH) -> np.ndarray:
    screen = screening(axis.kev, GRID_EDGES_KEV, known)
    assert screen is not None
    return screen(rebin_counts(counts, axis, GRID_EDGES_KEV))


def pixels(make: Maker, amounts: dict[str, float], scale: float = 1.0) -> np.ndarray:
    mean = make(AXIS.kev, amounts, scatter=900, continuum=3000) * scale
    return np.random.default_rng(0).poisson(mean, (120, mean.size))


@pytest.mark.parametrize("counts", [300, 3_000, 20_000, 100_000])
@pytest.mark.parametrize("anode", ["Rh", "Mo"])
def test_small_estimates_agree_with_the_full_fit(counts: float, anode: str) -> None:
    cube, _ = simulate_scan(2, (16, 24), counts=counts, anode=anode, tube_kv=40.0)
    spectra = np.asarray(cube.counts).reshape(-1, cube.shape[2])
    found = estimate(spectra, cube.energies, cube.acquisition)
    share = unexplained_share(spectra, cube.energies, cube.acquisition)
    small = found < SMALL
    assert np.abs(found - share)[small].max() < TOLERANCE
    assert np.abs(found - share)[small].mean() < 0.006
    if counts >= 3_000:
        assert small.mean() > 0.9


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("foreign", ["Y K", "U L", "Nb K", "W L"])
def test_foreign_elements_require_the_full_fit(
    expected_spectrum: Maker, foreign: str, scale: float
) -> None:
    counts = pixels(expected_spectrum, {**PAINT, foreign: 1200.0}, scale)
    share = unexplained_share(counts, AXIS, RH)
    suspect = share > 0.05
    assert suspect.any()
    assert (estimate(counts)[suspect] >= SMALL).all()


@pytest.mark.parametrize("kev", [5.2, 7.2, 14.4, 18.0, 28.0])
def test_peaks_at_no_known_line_require_the_full_fit(expected_spectrum: Maker, kev: float) -> None:
    bump = peaks(AXIS.kev, np.array([kev]), shelf=0, escape=False)[0] * 600
    counts = pixels(expected_spectrum, PAINT)
    counts = counts + np.random.default_rng(1).poisson(bump, counts.shape)
    assert (estimate(counts) >= SMALL).all()


def test_an_instrument_unlike_the_model_requires_the_full_fit(expected_spectrum: Maker) -> None:
    mean = expected_spectrum(AXIS.kev, PAINT, fwhm_ev=230.0, scatter=900, continuum=3000) * 5
    counts = np.random.default_rng(0).poisson(mean, (20, mean.size))
    assert (estimate(counts) >= SMALL).all()


def test_a_spectrum_has_the_same_estimate_alone_and_in_a_batch(expected_spectrum: Maker) -> None:
    counts = pixels(expected_spectrum, {**PAINT, "Y K": 300.0})
    together = estimate(counts)
    alone = np.concatenate([estimate(one[None]) for one in counts[:20]])
    assert alone == pytest.approx(together[:20], abs=1e-4)


def test_empty_batches_and_spectra_without_counts_have_an_estimate_of_zero() -> None:
    assert np.all(estimate(np.zeros((3, 1024), int)) == 0)
    assert estimate(np.zeros((0, 1024), int)).shape == (0,)


def test_an_axis_with_too_few_energies_has_no_screening() -> None:
    assert screening(EnergyAxis(64, 0.02, 0.0).kev, GRID_EDGES_KEV, None) is None
