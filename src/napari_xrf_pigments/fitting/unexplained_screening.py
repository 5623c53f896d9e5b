"""Screening for spectra with unexplained counts, at a tenth of the cost of the full model.

Nearly every spectrum of a scan is explained. So the model of lines, scatter and continuum of
:mod:`.unexplained` is first fitted in half as many bins, with fewer iterations, without pile-up
and without shifted or widened peaks. Its amplitudes are non-negative too, so that it explains no
more than the full model could; its residual is an upper estimate, apart from noise. A spectrum
with a small estimate needs no further fit.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .._typing import Float32Array, FloatArray
from ..cube.acquisition import Acquisition
from .background import smooth_terms
from .common_lines import common_line_columns, scatter_columns
from .conditions import Conditions
from .design_matrix import vstack_columns
from .least_squares import BatchNNLS

#: Estimates below this value are used as the share. The network's answers change from 0.20 on.
SMALL = 0.02
_LOW_KEV = 1.19
_ITERATIONS = 5
#: Significance of a residual: lower than in the full model, since bins are wider.
_SIGMAS = 3.5
#: Relative error of a fitted shape, as in the full model.
_SHAPE_ERROR = 0.03
#: Variance for each count per bin when neighbours are summed with the weights 1, 2, 1.
_NOISE = 6.0


class Screening:
    """A cheap estimate of the unexplained share of spectra on coarse bins.

    Parameters
    ----------
    kev : ndarray, shape (channel,)
        Evenly spaced channel centres of the spectra, keV.
    borders_kev : tuple of float
        Edges of the fine bins of the counts; two of them make a coarse one.
    conditions : Conditions
        Anode, voltage, resolution and air path.

    Raises
    ------
    ValueError
        If fewer than 16 coarse bins lie on the axis above 1.2 keV.
    """

    def __init__(
        self, kev: FloatArray, borders_kev: tuple[float, ...], conditions: Conditions
    ) -> None:
        gain = float(kev[-1] - kev[0]) / (len(kev) - 1)
        borders = np.array(borders_kev[::2])
        start, end = kev[0] - gain / 2, kev[-1] + gain / 2
        first = int(np.searchsorted(borders, max(_LOW_KEV, start)))
        last = int(np.searchsorted(borders, end, side="right")) - 1
        if last - first < 16:
            raise ValueError("The energy axis holds too little above 1.2 keV to fit lines to.")
        self._fine = slice(2 * first, 2 * last)
        borders = borders[first : last + 1]
        peaked = vstack_columns(
            [common_line_columns(kev, conditions), scatter_columns(kev, conditions)]
        )
        peaked = integrate_bins(peaked, (borders - start) / gain)
        peaked = peaked[peaked.sum(1) > 1e-3]
        continuum = smooth_terms((borders[1:] + borders[:-1]) / 2) * np.diff(borders)
        columns = np.concatenate([peaked, continuum])
        columns /= np.sqrt((columns**2).sum(1, keepdims=True))
        columns[columns < 1e-12] = 0.0  # denormal numbers are slow
        self._fit = BatchNNLS(columns, _ITERATIONS)
        self._peaked = columns[: len(peaked)].astype(np.float32)
        self._continuum = columns[len(peaked) :].astype(np.float32)
        self._areas = self._continuum.sum(1)

    def __call__(self, fine: Float32Array) -> Float32Array:
        """Estimate the unexplained share, shape (spectrum,), from fine bins (spectrum, bin).

        About a hundred spectra at once are fastest: intermediate arrays stay in the cache.
        """
        inside = fine[:, self._fine]
        spectra = inside[:, ::2] + inside[:, 1::2]
        amplitude = self._fit(spectra)
        lines, smooth = np.split(amplitude, [len(self._peaked)], axis=1)
        peaked = lines @ self._peaked
        model = smooth @ self._continuum
        model += peaked
        above = spectra.sum(1) - smooth @ self._areas
        spectra -= model
        share: Float32Array = _rest(spectra, model, peaked) / np.maximum(above, 1.0)
        return share


def screening(
    kev: FloatArray, borders_kev: tuple[float, ...], acquisition: Acquisition | None
) -> Screening | None:
    """Return the screening for an energy axis; None where the axis is too short.

    Parameters
    ----------
    kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    borders_kev : tuple of float
        Edges of the fine bins.
    acquisition : Acquisition, optional
        Settings of the instrument, as far as known.
    """
    conditions = Conditions.of(acquisition)
    return _screening(len(kev), float(kev[0]), float(kev[-1]), borders_kev, conditions)


@lru_cache(maxsize=8)
def _screening(
    channels: int, first: float, last: float, borders_kev: tuple[float, ...], conditions: Conditions
) -> Screening | None:
    try:
        return Screening(np.linspace(first, last, channels), borders_kev, conditions)
    except ValueError:
        return None


def integrate_bins(shapes: FloatArray, positions: FloatArray) -> FloatArray:
    """Integrate shapes (column, channel) between positions in channels from the start."""
    sums = np.concatenate([np.zeros((len(shapes), 1)), np.cumsum(shapes, axis=1)], axis=1)
    channel = np.minimum(positions.astype(int), shapes.shape[1] - 1)
    share = np.clip(positions - channel, 0.0, 1.0)
    at = sums[:, channel] + share * shapes[:, channel]
    return np.diff(at, axis=1)


def _rest(residual: Float32Array, model: Float32Array, peaked: Float32Array) -> Float32Array:
    """Return the counts of the residual around bins where it is significant.

    `residual` and `peaked` are overwritten.
    """
    smooth = 2 * residual  # four times the mean with weights 1, 2, 1
    smooth[:, 1:] += residual[:, :-1]
    smooth[:, :-1] += residual[:, 1:]
    variance = np.maximum(residual, 0.0, out=residual)
    variance *= 0.05
    variance += model
    variance *= _NOISE
    variance += 16.0 / residual.shape[1]
    peaked *= 4 * _SHAPE_ERROR
    peaked *= peaked
    variance += peaked
    np.sqrt(variance, out=variance)
    sigmas = np.divide(smooth, variance, out=peaked)
    pairs = np.maximum(sigmas[:, 1:], sigmas[:, :-1])
    marked = variance
    np.maximum(pairs[:, 1:], pairs[:, :-1], out=marked[:, 1:-1])
    marked[:, 0], marked[:, -1] = pairs[:, 0], pairs[:, -1]
    # A ramp, not a step, so that rounding decides nothing.
    marked += 0.5 - _SIGMAS
    np.clip(marked, 0.0, 1.0, out=marked)
    np.maximum(smooth, 0.0, out=smooth)
    smooth *= 0.25
    rest: Float32Array = np.einsum("nb,nb->n", smooth, marked)
    return rest
