"""Linear fit of line families over a continuum, for many spectra at once.

The design matrix is the same for all spectra of a scan, and so are the weights, which
follow the reference spectrum: net counts are then one matrix product. Their variance is
that of the counts propagated through the same matrix, plus the uncertainty of shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from .._parallel import on_threads, split_blocks, thread_count
from .._typing import Float32Array, FloatArray
from .conditions import Conditions
from .design_matrix import line_columns, nuisance_columns, shape_error_variance, vstack_columns
from .least_squares import expected_variance, weighted_solver

#: Softest energy that is fitted, keV.
MIN_FIT_KEV = 1.05
#: Scatter lines below this energy, keV, depend on absorption in the sample.
_SOFT_KEV = 5.0
#: Number of spectra per block, for the cache of a core.
_BLOCK = 256


@dataclass(frozen=True)
class FitResult:
    """Net counts of line families.

    Parameters
    ----------
    names : tuple of str
        The families.
    counts, sigma : ndarray, shape (spectrum, family), float32
        Net counts in the full-energy peaks, and their standard deviation.
    scatter, scatter_sigma : ndarray, shape (spectrum,), float32
        Counts of the anode's scatter, and their standard deviation; NaN where none is fitted.
    """

    names: tuple[str, ...]
    counts: Float32Array
    sigma: Float32Array
    scatter: Float32Array
    scatter_sigma: Float32Array


@dataclass(frozen=True)
class LineFit:
    """A linear fit prepared for spectra on one energy axis.

    Parameters
    ----------
    names : tuple of str
        Families whose counts are returned.
    columns : ndarray, shape (column, channel)
        Design matrix over the fitted channels.
    window : slice
        The fitted channels.
    solver : ndarray, shape (column, channel)
        Matrix from counts to the amplitudes of the columns.
    members : ndarray, shape (family, column)
        1 where a column belongs to a family.
    shape_error_variance : ndarray, shape (family, column)
        Variance of a family's counts for one squared count in a column.
    labels : tuple of str
        Kind of each column: a family, or ``"scatter"``, ``"pile-up"``, ``"continuum"``.
    scatter : ndarray, shape (column,)
        Counts of the anode's scatter for one unit of each column: its hard lines alone,
        where it has such, since the soft ones hardly leave the sample.
    """

    names: tuple[str, ...]
    columns: FloatArray
    window: slice
    solver: FloatArray
    members: FloatArray
    shape_error_variance: FloatArray
    labels: tuple[str, ...]
    scatter: FloatArray

    def amplitudes(self, counts: ArrayLike) -> FloatArray:
        """Return the amplitude of every column, shape (spectrum, column)."""
        return np.asarray(np.asarray(counts)[..., self.window] @ self.solver.T)

    def model(self, counts: ArrayLike) -> FloatArray:
        """Return the fitted spectra over the window, shape (spectrum, fitted channel)."""
        return self.amplitudes(counts) @ self.columns

    def __call__(self, counts: ArrayLike) -> FitResult:
        """Fit spectra.

        Parameters
        ----------
        counts : array_like, shape (spectrum, channel)
            Counts.

        Returns
        -------
        FitResult
        """
        spectra = np.asarray(counts)[..., self.window]
        shape, total, hard = spectra.shape[:-1], len(self.names), self.scatter.any()
        spectra = spectra.reshape(-1, spectra.shape[-1])
        matrix, columns = self._matrix, len(self.columns)
        fitted = np.empty((len(spectra), matrix.shape[1]), np.float32)

        def multiply(part: slice) -> None:
            single = np.empty((_BLOCK, spectra.shape[1]), np.float32)
            for start in range(part.start, part.stop, _BLOCK):
                block = spectra[start : min(start + _BLOCK, part.stop)]
                np.copyto(single[: len(block)], block, casting="same_kind")
                np.matmul(single[: len(block)], matrix, out=fitted[start : start + len(block)])

        threads = 1 if len(spectra) < 4 * _BLOCK else thread_count()
        with on_threads(threads) as spread:
            spread(multiply, split_blocks(len(spectra), _BLOCK, threads))
        amplitudes = fitted[:, :columns]
        net = amplitudes @ self.members.astype(np.float32).T
        variance = fitted[:, columns : columns + total]
        variance += amplitudes**2 @ self.shape_error_variance.astype(np.float32).T
        sigma = np.sqrt(np.maximum(variance, 1e-6))
        if hard:
            scatter = amplitudes @ self.scatter.astype(np.float32)
            noise = np.sqrt(np.maximum(fitted[:, -1], 1e-6))
        else:
            scatter = noise = np.full(len(spectra), np.nan, np.float32)
        return FitResult(
            self.names,
            net.reshape(*shape, total),
            sigma.reshape(*shape, total),
            scatter.reshape(shape),
            noise.reshape(shape),
        )

    @cached_property
    def _matrix(self) -> Float32Array:
        """Return everything that is linear in the counts as one matrix, shape (channel, number).

        It maps counts to the amplitudes of the columns, the counting variances of the families and
        that of the scatter. Channels of sparse spectra are empty by chance, so variances use the
        counts around them: instead of the spectra, the squared solver is smoothed.
        """
        squares = np.vstack([self.members @ self.solver, self.scatter @ self.solver]) ** 2
        return np.ascontiguousarray(np.vstack([self.solver, blurred(squares)]).T, np.float32)


def line_fit(
    axis_kev: FloatArray,
    names: Sequence[str],
    reference: ArrayLike,
    conditions: Conditions | None = None,
    *,
    nuisance: Sequence[str] = (),
) -> LineFit:
    """Prepare a fit of line families.

    Parameters
    ----------
    axis_kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    names : sequence of str
        Families whose counts are returned, such as ``("Fe K", "Pb L")``.
    reference : array_like, shape (channel,)
        Mean or sum spectrum of the scan, for the weights and the shapes of continuum, Compton
        peak and pile-up.
    conditions : Conditions, optional
        Anode, voltage, resolution, air path.
    nuisance : sequence of str
        Further families that are fitted, but not returned.

    Raises
    ------
    ValueError
        If a family does not exist or is not excited, or the axis is too short.
    """
    settings = conditions or Conditions()
    mean = np.asarray(reference, dtype=np.float64)
    window = fit_window(axis_kev, mean)
    axis, spectrum = axis_kev[window], mean[window]
    others = [name for name in nuisance if name not in names]
    families = [line_columns(axis, name, settings) for name in [*names, *others]]
    rest, labels = nuisance_columns(axis, spectrum, families, settings)
    columns = vstack_columns([*(family.shapes for family in families), rest])
    owners = tuple(family.name for family in families for _ in family.shapes)
    weights = 1 / expected_variance(axis, spectrum, settings)
    solver = weighted_solver(columns, weights)
    members = np.array([[1.0 * (owner == name) for owner in (*owners, *labels)] for name in names])
    shape_error = shape_error_variance(members @ solver, families, members)
    every = (*owners, *labels)
    scatter = _hard_scatter(axis, columns, every)
    return LineFit(tuple(names), columns, window, solver, members, shape_error, every, scatter)


def fit_window(axis_kev: FloatArray, reference: FloatArray) -> slice:
    """Return the channels above noise threshold and zero peak.

    Raises
    ------
    ValueError
        If fewer than 50 channels, or no counts, are left.
    """
    low = int(np.searchsorted(axis_kev, MIN_FIT_KEV))
    filled = np.flatnonzero(reference[low:] > 0)
    if filled.size < 10:
        raise ValueError("The spectra hold no counts above 1 keV to fit lines to.")
    if filled[0] > 2:  # the edge of a threshold is not part of the continuum
        filled = filled[2:]
    window = slice(low + int(filled[0]), low + int(filled[-1]) + 1)
    if window.stop - window.start < 50:
        raise ValueError("The spectra have too few channels above 1 keV to fit lines to.")
    return window


def _hard_scatter(axis_kev: FloatArray, columns: FloatArray, labels: Sequence[str]) -> FloatArray:
    """Return the scatter counts per unit of each column, of hard lines where there are any."""
    counts = columns.sum(1) * np.array([label == "scatter" for label in labels])
    centres = columns @ axis_kev / np.where(columns.sum(1) > 0, columns.sum(1), 1)
    hard = counts * (centres > _SOFT_KEV)
    return np.asarray(hard if hard.any() else counts)


def blurred(weights: FloatArray) -> FloatArray:
    """Smooth weights over three channels, which equals smoothing the counts."""
    smooth = 0.5 * weights
    smooth[:, 1:] += 0.25 * weights[:, :-1]
    smooth[:, :-1] += 0.25 * weights[:, 1:]
    # The first and the last channel are their own neighbours.
    smooth[:, 0] += 0.25 * weights[:, 0]
    smooth[:, -1] += 0.25 * weights[:, -1]
    return np.asarray(smooth)
