"""Fit of a single spectrum: net counts of each element, and the residual.

All line families that are common in paintings and instruments, scatter, a sum-peak column and a
continuum get non-negative amplitudes. A pixel can thus be fitted before any map is computed, and
a family can be removed from a spectrum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._typing import FloatArray
from .artefacts import pile_up_shape
from .background import smooth_terms, snip
from .common_lines import COMMON_FAMILIES, family_columns, scatter_columns
from .conditions import Conditions
from .design_matrix import binned_axis, vstack_columns
from .least_squares import model_variance, positive_fit

_LOW_KEV = 1.2


@dataclass(frozen=True)
class PixelFit:
    """Components of a spectrum.

    Parameters
    ----------
    kev : ndarray, shape (bin,)
        Centres of the fitted bins, keV.
    counts : ndarray, shape (bin,)
        The spectrum in these bins.
    first, fold : int
        First fitted channel, and channels in a bin.
    names : tuple of str
        Line families with a column of their own.
    columns : ndarray, shape (column, bin)
        Families first, then scatter, pile-up and continuum.
    owners : tuple of int
        Index of the family of each of the first columns.
    amplitudes : ndarray, shape (column,)
        Counts in each column.
    variance : ndarray, shape (bin,)
        Variance of the counts, including the uncertainty of shapes.
    smooth : int
        Number of continuum columns, which come last.
    """

    kev: FloatArray
    counts: FloatArray
    first: int
    fold: int
    names: tuple[str, ...]
    columns: FloatArray
    owners: tuple[int, ...]
    amplitudes: FloatArray
    variance: FloatArray
    smooth: int

    @property
    def model(self) -> FloatArray:
        """The fitted spectrum, shape (bin,)."""
        return np.asarray(self.amplitudes @ self.columns)

    @property
    def continuum(self) -> FloatArray:
        """The fitted continuum alone, shape (bin,)."""
        start = len(self.columns) - self.smooth
        return np.asarray(self.amplitudes[start:] @ self.columns[start:])

    def family(self, name: str) -> FloatArray:
        """Return the fitted counts of one family, shape (bin,)."""
        rows = self._rows(name)
        return np.asarray(self.amplitudes[rows] @ self.columns[rows])

    def net(self, name: str) -> tuple[float, float]:
        """Return the net counts of a family and their standard deviation."""
        rows = self._rows(name)
        index, covariance = self._covariance
        chosen = index[rows][index[rows] >= 0]
        error = float(covariance[np.ix_(chosen, chosen)].sum())
        if chosen.size == 0:  # zero amplitude: the standard deviation of noise alone
            shape = self.columns[rows].sum(0)
            error = rows.size**2 / float(shape**2 @ (1 / self.variance))
        return float(self.amplitudes[rows].sum()), float(np.sqrt(max(error, 1e-12)))

    @cached_property
    def _covariance(self) -> tuple[NDArray[np.intp], FloatArray]:
        """Return the index of each column among the positive ones (-1: none), and covariance."""
        positive = np.flatnonzero(self.amplitudes > 0)
        index = np.full(len(self.columns), -1, dtype=np.intp)
        index[positive] = np.arange(positive.size)
        columns = self.columns[positive]
        scale = np.sqrt((columns**2 / self.variance).sum(1))
        scale[scale == 0] = 1.0
        scaled = columns / scale[:, None]
        gram = (scaled / self.variance) @ scaled.T
        inverse = np.linalg.pinv(gram, rcond=1e-10, hermitian=True)
        return index, np.asarray(inverse / np.outer(scale, scale))

    def remaining_share(self, names: Sequence[str], n_channels: int) -> FloatArray:
        """Return the share of each channel's counts without some families, shape (channel,).

        A spectrum times this share is the spectrum without them: unlike a difference it is never
        negative, and the noise of a peak is removed with it.
        """
        removed = np.sum([self.family(name) for name in names], axis=0) if names else 0.0
        model = self.model
        share = np.ones(n_channels)
        remaining = np.clip(1 - removed / np.maximum(model, 1e-9), 0.0, 1.0)
        inside = np.repeat(np.where(model > 0, remaining, 1.0), self.fold)
        share[self.first : self.first + inside.size] = inside
        return share

    def _rows(self, name: str) -> NDArray[np.intp]:
        if name not in self.names:
            raise ValueError(f"{name} was not fitted.")
        wanted = self.names.index(name)
        return np.flatnonzero(np.array(self.owners) == wanted)


def fit_pixel(
    spectrum: ArrayLike,
    axis_kev: FloatArray,
    conditions: Conditions | None = None,
    *,
    more: Sequence[str] = (),
    bin_kev: float = 0.04,
) -> PixelFit:
    """Fit one spectrum.

    Parameters
    ----------
    spectrum : array_like, shape (channel,)
        Counts of a pixel, or a sum or mean of many.
    axis_kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    conditions : Conditions, optional
        Anode, voltage, resolution, air path.
    more : sequence of str
        Further families, beyond the common ones.
    bin_kev : float
        Channels are summed into bins of at most this width; 0 leaves them as they are.

    Raises
    ------
    ValueError
        If the axis covers less than 1 keV above 1.2 keV, or no counts lie there.
    """
    values = np.asarray(spectrum, dtype=np.float64)
    gain = float(axis_kev[-1] - axis_kev[0]) / (axis_kev.size - 1)
    settings = conditions or Conditions()
    design = _design(axis_kev.size, gain, float(axis_kev[0]), settings, tuple(more), bin_kev)
    counts = design.folded(values)
    if counts.sum() <= 0:
        raise ValueError("The spectrum holds no counts above 1.2 keV to fit lines to.")
    variance = model_variance(design.axis, counts, settings)
    base = snip(counts, design.axis, settings.fwhm_mn_ka_ev)[None]
    continuum = vstack_columns([design.continuum, base / max(float(base.sum()), 1e-9)])
    first = positive_fit(vstack_columns([design.peaked, continuum]), counts, variance)
    lines = first[: len(design.owners)] @ design.peaked[: len(design.owners)]
    sums = pile_up_shape(design.axis, lines, lines)[None]
    columns = vstack_columns([design.peaked, sums, continuum])
    amplitudes = positive_fit(columns, counts, variance)
    return PixelFit(
        design.axis,
        counts,
        design.first,
        design.fold,
        design.names,
        columns,
        design.owners,
        amplitudes,
        variance,
        len(continuum),
    )


@dataclass(frozen=True)
class _Design:
    axis: FloatArray
    first: int
    fold: int
    names: tuple[str, ...]
    owners: tuple[int, ...]
    peaked: FloatArray
    continuum: FloatArray

    def folded(self, spectrum: FloatArray) -> FloatArray:
        """Sum the counts into the fitted bins, shape (bin,)."""
        inside = spectrum[self.first : self.first + self.axis.size * self.fold]
        return np.asarray(inside.reshape(-1, self.fold).sum(1))


@lru_cache(maxsize=8)
def _design(
    n_channels: int,
    gain: float,
    offset: float,
    conditions: Conditions,
    more: tuple[str, ...],
    bin_kev: float,
) -> _Design:
    kev = offset + gain * np.arange(n_channels, dtype=np.float64)
    first, fold, axis = binned_axis(kev, gain, _LOW_KEV, bin_kev)
    names: list[str] = []
    owners: list[int] = []
    shapes: list[FloatArray] = []
    for name in dict.fromkeys((*COMMON_FAMILIES, *more)):
        found = family_columns(axis, name, conditions)
        if found:
            owners += [len(names)] * len(found)
            names.append(name)
            shapes += found
    peaked = vstack_columns([np.array(shapes), scatter_columns(axis, conditions)])
    return _Design(axis, first, fold, tuple(names), tuple(owners), peaked, smooth_terms(axis))
