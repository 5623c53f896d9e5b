"""Screening for spectra with unexplained counts, at a tenth of the cost of the full model.

Nearly every spectrum of a scan is explained. So the model of lines, scatter and continuum of
:mod:`.unexplained` is first fitted in half as many bins, with fewer iterations, without pile-up
and without shifted or widened peaks. Its amplitudes are non-negative too, so that it explains no
more than the full model could; its residual is an upper estimate, apart from noise. A spectrum
with a small estimate needs no further fit.
"""

from __future__ import annotations

import numpy as np

from .._typing import Float32Array, FloatArray
from ..cube.acquisition import Acquisition
from .common_lines import common_line_columns, scatter_columns
from .conditions import Conditions
from .design_matrix import CoarseBins, fit_of_axis, vstack_columns
from .least_squares import BatchNNLS

#: Estimates below this value are used as the share. The network's answers change from 0.20 on.
SMALL = 0.02
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
        bins = CoarseBins(kev, borders_kev)
        self._bins = bins
        peaked = vstack_columns(
            [common_line_columns(kev, conditions), scatter_columns(kev, conditions)]
        )
        peaked = bins.integrate(peaked)
        peaked = peaked[peaked.sum(1) > 1e-3]
        continuum = bins.continuum()
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
        spectra = self._bins.merge(fine)
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
    return fit_of_axis(Screening, kev, borders_kev, acquisition)


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
