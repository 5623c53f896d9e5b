"""Test that only foreign lines and axis errors raise the unexplained share."""

from collections.abc import Callable

import numpy as np
import pytest

from napari_xrf_pigments.cube import Acquisition, EnergyAxis
from napari_xrf_pigments.fitting.lineshape import peaks
from napari_xrf_pigments.fitting.unexplained import unexplained_share

Maker = Callable[..., np.ndarray]
AXIS = EnergyAxis(1024, 0.029, -0.02)
RH = Acquisition(anode="Rh", tube_kv=45.0)
PAINT = {"Ca K": 800.0, "Fe K": 900.0, "Cu K": 400.0, "Hg L": 900.0, "Pb L": 3000.0, "Ar K": 100.0}


def _pixels(make: Maker, amounts: dict[str, float], n: int = 120, scale: float = 1.0) -> np.ndarray:
    mean = make(AXIS.kev, amounts, scatter=900, continuum=3000) * scale
    return np.random.default_rng(0).poisson(mean, (n, mean.size))


@pytest.mark.parametrize("scale", [0.05, 1.0, 10.0])
def test_known_lines_and_noise_are_explained(expected_spectrum: Maker, scale: float) -> None:
    share = unexplained_share(_pixels(expected_spectrum, PAINT, scale=scale), AXIS, RH)
    assert share.dtype == np.float32
    assert share.mean() < 0.005
    assert np.quantile(share, 0.95) < 0.03


@pytest.mark.parametrize("foreign", ["Y K", "U L", "Nb K", "W L"])
def test_foreign_elements_raise_the_unexplained_share(
    expected_spectrum: Maker, foreign: str
) -> None:
    share = unexplained_share(_pixels(expected_spectrum, {**PAINT, foreign: 1200.0}), AXIS, RH)
    assert np.quantile(share, 0.05) > 0.04


@pytest.mark.parametrize("kev", [5.2, 7.2, 14.4, 18.0, 28.0])
def test_peaks_at_no_known_line_raise_the_unexplained_share(
    expected_spectrum: Maker, kev: float
) -> None:
    bump = peaks(AXIS.kev, np.array([kev]), shelf=0, escape=False)[0] * 600
    counts = _pixels(expected_spectrum, PAINT)
    counts = counts + np.random.default_rng(1).poisson(bump, counts.shape)
    assert np.median(unexplained_share(counts, AXIS, RH)) > 0.05


@pytest.mark.parametrize("known", ["As K", "Sn K", "Cd K", "Ba L", "Sr K", "Zr K", "Au L", "S K"])
def test_elements_of_paintings_do_not_raise_the_unexplained_share(
    expected_spectrum: Maker, known: str
) -> None:
    share = unexplained_share(_pixels(expected_spectrum, {**PAINT, known: 1200.0}), AXIS, RH)
    assert np.median(share) < 0.01


def test_small_errors_of_axis_and_resolution_do_not_raise_the_unexplained_share(
    expected_spectrum: Maker,
) -> None:
    counts = _pixels(expected_spectrum, PAINT)
    off = EnergyAxis(1024, 0.02901, -0.028)
    assert np.median(unexplained_share(counts, off, RH)) < 0.01


@pytest.mark.parametrize(("first", "last"), [(6.0, 10.0), (15.0, 29.0)])
def test_an_axis_without_pile_up_has_a_finite_unexplained_share(first: float, last: float) -> None:
    counts = np.random.default_rng(0).poisson(5.0, (3, 480))
    share = unexplained_share(counts, np.linspace(first, last, 480), RH)
    assert np.isfinite(share).all()
    assert (share < 0.2).all()


def test_an_unknown_instrument_does_not_raise_the_unexplained_share(
    expected_spectrum: Maker,
) -> None:
    counts = _pixels(expected_spectrum, PAINT)
    assert np.median(unexplained_share(counts, AXIS.kev)) < 0.01


def test_the_share_of_a_pixel_does_not_depend_on_the_batch(expected_spectrum: Maker) -> None:
    counts = _pixels(expected_spectrum, {**PAINT, "Y K": 300.0})
    whole = unexplained_share(counts, AXIS, RH)
    alone = np.concatenate([unexplained_share(c[None], AXIS, RH) for c in counts[:20]])
    assert alone == pytest.approx(whole[:20], abs=1e-4)


def test_empty_batches_and_spectra_without_counts_have_no_unexplained_share() -> None:
    assert np.all(unexplained_share(np.zeros((3, 1024), int), AXIS, RH) == 0)
    assert unexplained_share(np.zeros((0, 1024), int), AXIS, RH).shape == (0,)


def test_an_axis_with_too_few_energies_is_refused() -> None:
    with pytest.raises(ValueError, match="too little"):
        unexplained_share(np.ones((1, 64), int), EnergyAxis(64, 0.02, 0.0))
