"""Weighted least squares of spectra: weights and solvers."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from .._typing import FloatArray
from .conditions import Conditions

#: Relative error of an expected spectrum, as a share of the counts of a channel.
MODEL_ERROR = 0.015


def expected_variance(
    axis_kev: FloatArray, reference: FloatArray, conditions: Conditions
) -> FloatArray:
    """Return the variance of channels: counts smoothed over a third of a peak, shape (channel,)."""
    gain = axis_kev[1] - axis_kev[0]
    reach = max(1, round(0.3e-3 * conditions.fwhm_mn_ka_ev / gain))
    blurred = np.convolve(np.pad(reference, reach, mode="edge"), np.ones(2 * reach + 1), "valid")
    blurred /= 2 * reach + 1
    return np.asarray(np.maximum(blurred, 1e-3 * reference.mean() + 1e-12))


def model_variance(
    axis_kev: FloatArray, reference: FloatArray, conditions: Conditions
) -> FloatArray:
    """Return the variance of channels with the relative error of the model, shape (channel,)."""
    smooth = expected_variance(axis_kev, reference, conditions)
    return np.asarray(smooth + (MODEL_ERROR * smooth) ** 2)


def positive_fit(columns: FloatArray, spectrum: FloatArray, variance: FloatArray) -> FloatArray:
    """Solve non-negative weighted least squares; return amplitudes of shape (column,)."""
    root = 1 / np.sqrt(variance)
    scale = np.sqrt(((columns * root) ** 2).sum(1))
    scale[scale == 0] = 1.0
    solution, _ = nnls(
        ((columns * root) / scale[:, None]).T, spectrum * root, maxiter=50 * len(columns)
    )
    return np.asarray(solution / scale)


def weighted_solver(columns: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weighted pseudo-inverse from counts to amplitudes, shape (column, channel)."""
    scale = np.sqrt(columns**2 @ weights)
    scale[scale == 0] = 1.0
    scaled = columns / scale[:, None]
    gram = (scaled * weights) @ scaled.T
    return np.asarray(
        (np.linalg.pinv(gram, rcond=1e-10, hermitian=True) @ (scaled * weights)) / scale[:, None]
    )
