"""Which spectra hold next to nothing unexplained, at a tenth of the cost of finding out how much.

Nearly every spectrum of a scan is explained. So the same model of lines, scatter and continuum
as in :mod:`.unexplained` is first fitted in half as many bins, for fewer iterations, without
pile-up and without shifted or widened peaks. Its amplitudes are not negative either, so that it
explains no more than the full model could; what it leaves is an upper estimate, but for noise. A
spectrum in which that is small needs no further context.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .._typing import Float32Array, FloatArray
from ._batch_nnls import BatchNNLS
from .background import smooth_terms
from .common_lines import common_line_columns, scatter_columns
from .conditions import Conditions, Measurement
from .design_matrix import vstack_columns

#: Estimates under this stand for the share itself. Doubt of the network begins at ten times it.
SMALL = 0.02
_LOW_KEV = 1.19
_ITERATIONS = 5
#: A rest counts from so many sigma on: fewer than in the full model, since bins are wider.
_SIGMAS = 3.5
#: Share of a line's counts that the fitted shape may misplace, as in the full model.
_SHAPE_ERROR = 0.03
#: Noise of neighbours that are added up with weights 1, 2, 1: variance for each count in a bin.
_NOISE = 6.0


class Screening:
    """A cheap estimate of the unexplained share of spectra on coarse bins.

    Parameters
    ----------
    kev : ndarray, shape (channel,)
        Evenly spaced channel centres of the spectra, keV.
    borders_kev : tuple of float
        Borders of the fine bins that the counts come in; two make a coarse one.
    conditions : Conditions
        What is known of the measurement.

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
        peaked = _between(peaked, (borders - start) / gain)
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
        """Estimates, shape (spectrum,), from counts in the fine bins (spectrum, bin).

        A hundred spectra or so at once are fastest: what is made of them stays in the cache.
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
    kev: FloatArray, borders_kev: tuple[float, ...], measurement: Measurement | None
) -> Screening | None:
    """The screening of an axis; None where the axis is too short for one.

    Parameters
    ----------
    kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    borders_kev : tuple of float
        Borders of the fine bins.
    measurement : Measurement, optional
        Settings of the instrument, as far as known.
    """
    conditions = Conditions.of(measurement)
    return _screening(len(kev), float(kev[0]), float(kev[-1]), borders_kev, conditions)


@lru_cache(maxsize=8)
def _screening(
    channels: int, first: float, last: float, borders_kev: tuple[float, ...], conditions: Conditions
) -> Screening | None:
    try:
        return Screening(np.linspace(first, last, channels), borders_kev, conditions)
    except ValueError:
        return None


def _between(shapes: FloatArray, places: FloatArray) -> FloatArray:
    """Shapes (column, channel) added up between places, counted in channels from the start."""
    sums = np.concatenate([np.zeros((len(shapes), 1)), np.cumsum(shapes, axis=1)], axis=1)
    channel = np.minimum(places.astype(int), shapes.shape[1] - 1)
    share = np.clip(places - channel, 0.0, 1.0)
    at = sums[:, channel] + share * shapes[:, channel]
    return np.diff(at, axis=1)


def _rest(residual: Float32Array, model: Float32Array, peaked: Float32Array) -> Float32Array:
    """Counts of the residual around bins where it stands out from noise and doubt.

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
    # A ramp, not a step: rounding must not decide about a bin.
    marked += 0.5 - _SIGMAS
    np.clip(marked, 0.0, 1.0, out=marked)
    np.maximum(smooth, 0.0, out=smooth)
    smooth *= 0.25
    rest: Float32Array = np.einsum("nb,nb->n", smooth, marked)
    return rest
