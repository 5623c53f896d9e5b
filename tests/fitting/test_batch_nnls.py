"""Test that batched non-negative fits equal exact single fits."""

import numpy as np
import pytest
from scipy.optimize import nnls

from napari_xrf_pigments.fitting.least_squares import BatchNNLS

X = np.arange(300.0)


def columns(spacing: float, width: float = 6.0) -> np.ndarray:
    """Make overlapping peaks and a slope of unit length, shape (column, bin)."""
    centres = np.arange(30, 270, spacing)
    shapes = np.exp(-0.5 * ((X - centres[:, None]) / width) ** 2)
    shapes = np.vstack([shapes, 1 - X / 400])
    return (shapes / np.linalg.norm(shapes, axis=1)[:, None]).astype(np.float32)


@pytest.mark.parametrize("spacing", [40.0, 10.0, 5.0])
def test_fitted_spectra_equal_those_of_an_exact_fit(spacing: float) -> None:
    shapes, rng = columns(spacing), np.random.default_rng(0)
    amplitude = rng.exponential(800, (40, len(shapes))) * (rng.random((40, len(shapes))) < 0.4)
    spectra = rng.poisson(amplitude @ shapes).astype(np.float32)
    found = BatchNNLS(shapes)(spectra)
    exact = np.array([nnls(shapes.T.astype(float), one)[0] for one in spectra])
    assert found.shape == exact.shape
    assert (found >= 0).all()
    away = np.linalg.norm((found - exact) @ shapes, axis=1)
    noise = np.sqrt(spectra.sum(1))
    assert (away <= 0.1 * noise + 1e-3).all()


def test_without_active_bounds_the_true_amplitudes_are_recovered() -> None:
    shapes = columns(40.0)
    amplitude = np.random.default_rng(1).uniform(50, 500, (5, len(shapes))).astype(np.float32)
    found = BatchNNLS(shapes)(amplitude @ shapes)
    np.testing.assert_allclose(found, amplitude, rtol=2e-3)


def test_a_spectrum_that_needs_negative_amplitudes_has_zero_amplitudes() -> None:
    shapes = columns(40.0)
    found = BatchNNLS(shapes)(-shapes[:2])
    assert found.max() < 1e-3


def test_a_spectrum_has_the_same_amplitudes_alone_and_in_a_batch() -> None:
    shapes = columns(10.0)
    spectra = np.random.default_rng(2).poisson(20, (50, 300)).astype(np.float32)
    fit = BatchNNLS(shapes)
    together = fit(spectra)
    alone = np.concatenate([fit(one[None]) for one in spectra])
    np.testing.assert_allclose(alone, together, atol=1e-2)


def test_twice_the_counts_give_twice_the_amplitudes() -> None:
    shapes = columns(10.0)
    spectra = np.random.default_rng(3).poisson(20, (5, 300)).astype(np.float32)
    fit = BatchNNLS(shapes)
    np.testing.assert_allclose(fit(2 * spectra), 2 * fit(spectra), rtol=1e-4, atol=1e-2)


def test_empty_batches_and_spectra_without_counts_are_fitted() -> None:
    fit = BatchNNLS(columns(40.0))
    assert fit(np.zeros((0, 300), np.float32)).shape == (0, 7)
    assert not fit(np.zeros((2, 300), np.float32)).any()
