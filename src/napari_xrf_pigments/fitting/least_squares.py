"""Weighted least squares of spectra: weights and solvers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from .._typing import Float32Array, FloatArray
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


#: Weight of the distance between the two halves of an iteration, for columns of length one.
_STEP = 0.1
_RELAX = 1.9
_ITERATIONS = 36


class BatchNNLS:
    """Non-negative amplitudes of the same columns in many spectra.

    The alternating direction method of multipliers (Boyd et al., Foundations and Trends in
    Machine Learning 3 (2011) 1, section 5.2): an iteration is one product of small matrices for
    all spectra, so that the cost hardly depends on correlations of the columns. Of the two arrays
    that it alternates between, one is the positive part and the other the negative part of a
    single array, and both steps together are ``h <- b + |h| M + (1 - r / 2) h``.

    Parameters
    ----------
    columns : ndarray, shape (column, bin)
        Columns of length one.
    iterations : int
        With few iterations the amplitudes are non-negative but not yet optimal.
    """

    def __init__(self, columns: NDArray[np.floating], iterations: int = _ITERATIONS) -> None:
        self._iterations = iterations
        size = len(columns)
        exact = columns.astype(np.float64)
        gram = exact @ exact.T
        inverse = np.linalg.inv(gram + _STEP * np.eye(size))
        self._columns = np.ascontiguousarray(columns.T, dtype=np.float32)
        self._start = np.linalg.inv(gram + 1e-3 * np.eye(size)).astype(np.float32)
        self._base = (_RELAX * inverse).astype(np.float32)
        self._mixing = (_RELAX * _STEP * inverse - _RELAX / 2 * np.eye(size)).astype(np.float32)

    def __call__(self, spectra: Float32Array) -> Float32Array:
        """Fit spectra of shape (spectrum, bin); return amplitudes of shape (spectrum, column)."""
        target = spectra @ self._columns
        base = target @ self._base
        # Start from the solution without bounds.
        state = np.maximum(target @ self._start, 0)
        size, mixed = np.empty_like(state), np.empty_like(state)
        for _ in range(self._iterations):
            np.abs(state, out=size)
            np.matmul(size, self._mixing, out=mixed)
            state *= 1 - _RELAX / 2
            state += mixed
            state += base
        found: Float32Array = np.maximum(state, 0)
        return found
