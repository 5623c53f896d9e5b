"""Non-negative least squares for many spectra at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._typing import Float32Array

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
