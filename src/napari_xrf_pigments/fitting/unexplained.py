"""Share of the counts of a spectrum that no known component explains.

Every spectrum is fitted by itself with non-negative amplitudes of all line families that are
common in paintings and instruments, scatter, pile-up and a smooth continuum. A residual that is
significant against noise and the uncertainty of shapes is unexplained: lines of foreign elements,
or artefacts.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import irfft, next_fast_len, rfft

from .._typing import Float32Array, FloatArray
from ..cube.acquisition import Acquisition
from ..cube.energy import EnergyAxis
from ..physics.detector import FWHM_PER_SIGMA
from .background import smooth_terms
from .common_lines import common_line_columns, scatter_columns
from .conditions import Conditions
from .design_matrix import binned_axis, vstack_columns
from .least_squares import BatchNNLS
from .lineshape import fwhm_kev

_LOW_KEV, _BIN_KEV = 1.2, 0.06
#: Significance of a residual, in sigma; smoothed noise alone hardly reaches it.
_SIGMAS = 4.5
#: Relative error of a fitted shape.
_SHAPE_ERROR = 0.03
#: Number of spectra per batch, so that intermediate arrays stay in the cache of a core.
_BATCH = 256


def unexplained_share(
    counts: ArrayLike, energies: EnergyAxis | ArrayLike, acquisition: Acquisition | None = None
) -> Float32Array:
    """Compute the share of the counts above background that the model leaves unexplained.

    Each result depends on its own spectrum alone.

    Parameters
    ----------
    counts : array_like, shape (spectrum, channel)
        Counts.
    energies : EnergyAxis or array_like, shape (channel,)
        Evenly spaced channel centres, keV.
    acquisition : Acquisition, optional
        Settings of the instrument, as far as known.

    Returns
    -------
    ndarray, shape (spectrum,), float32
        Between 0 and 1; 0 for an empty spectrum.

    Raises
    ------
    ValueError
        If the axis reaches less than 1 keV above 1.2 keV.
    """
    kev = np.asarray(getattr(energies, "kev", energies), dtype=np.float64)
    spectra = np.atleast_2d(np.asarray(counts))
    gain = float(kev[-1] - kev[0]) / (kev.size - 1)
    model = _model(kev.size, gain, float(kev[0]), Conditions.of(acquisition))
    parts = [model.share(spectra[i : i + _BATCH]) for i in range(0, len(spectra), _BATCH)]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


@lru_cache(maxsize=8)
def _model(n_channels: int, gain: float, offset: float, conditions: Conditions) -> _Model:
    return _Model(offset + gain * np.arange(n_channels, dtype=np.float64), conditions)


class _Model:
    """Model of lines, scatter, continuum and pile-up on one axis, in bins of a third of a peak."""

    def __init__(self, kev: FloatArray, conditions: Conditions) -> None:
        gain = float(kev[1] - kev[0])
        self.first, self.fold, self.axis = binned_axis(kev, gain, _LOW_KEV, _BIN_KEV)
        self.gain, self.bins = gain * self.fold, self.axis.size
        lines = common_line_columns(self.axis, conditions)
        scatter = scatter_columns(self.axis, conditions)
        continuum = smooth_terms(self.axis)
        self.columns = vstack_columns([lines, scatter, continuum]).astype(np.float32)
        self.columns = self.columns[self.columns.sum(1) > 1e-3]
        self.peaked = len(self.columns) - len(continuum)
        self.lines = min(len(lines), self.peaked)
        norm = np.sqrt((self.columns**2).sum(1))
        self.scaled = self.columns / norm[:, None]
        self.scaled[self.scaled < 1e-12] = 0.0  # denormal numbers are slow
        self.fit = BatchNNLS(self.scaled)
        self.areas = self.scaled.sum(1)
        self.areas[: self.peaked] = 0.0
        sigma = float(fwhm_kev(np.array([8.0]), conditions.fwhm_mn_ka_ev)[0])
        sigma /= FWHM_PER_SIGMA * self.gain
        self.smooth = _Gaussian(sigma)
        # Squared, a Gaussian kernel is a narrower one of 1 / (2 sqrt(pi) sigma) of its area.
        self.smooth_noise = _Gaussian(sigma / np.sqrt(2), 1 / (2 * np.sqrt(np.pi) * sigma))
        self.shape_uncertainties = _Gaussian(1.5 * sigma, _SHAPE_ERROR)(self.scaled[: self.peaked])
        self.reach = int(np.ceil(2.4 * sigma))
        self.offset_bins = self.axis[0] / self.gain
        self.ramp = np.linspace(-1, 1, self.bins, dtype=np.float32)

    def share(self, counts: NDArray[np.integer]) -> Float32Array:
        """Return the unexplained share of each spectrum, shape (spectrum,)."""
        spectra = self._folded(counts)
        amplitude = self.fit(spectra)
        lines = amplitude[:, : self.peaked]
        peaked = lines @ self.scaled[: self.peaked]
        model = amplitude[:, self.peaked :] @ self.scaled[self.peaked :]
        model += peaked
        above = spectra.sum(1) - amplitude @ self.areas
        spectra -= model
        residual = self._straightened(spectra, peaked, model, self._pile_up(peaked))
        rest = self._significant(residual, model, lines @ self.shape_uncertainties)
        share: Float32Array = np.clip(rest / np.maximum(above, 1.0), 0, 1).astype(np.float32)
        return share

    def _folded(self, counts: NDArray[np.integer]) -> Float32Array:
        """Sum whole channels into the bins of the model, shape (spectrum, bin)."""
        stop = self.first + self.bins * self.fold
        folded = counts[:, self.first : stop : self.fold].astype(np.float32)
        for start in range(self.first + 1, self.first + self.fold):
            folded += counts[:, start : stop : self.fold]
        return folded

    def _pile_up(self, peaked: Float32Array) -> Float32Array:
        """Return the shape of the sum peaks of each spectrum, height 1; zero beyond the axis."""
        sums = np.zeros_like(peaked)
        shift = round(self.offset_bins)
        if shift >= self.bins:
            return sums
        length = next_fast_len(2 * self.bins, real=True)
        spectrum = rfft(peaked, length, axis=1)
        spectrum *= spectrum
        pairs = irfft(spectrum, length, axis=1, overwrite_x=True)
        # Bins i and j sum to i + j + start / gain, since each carries the start once.
        inside = pairs[:, : self.bins - shift]
        np.multiply(inside, 1 / np.maximum(inside.max(1, keepdims=True), 1e-9), out=sums[:, shift:])
        return sums

    def _straightened(
        self, residual: Float32Array, peaked: Float32Array, model: Float32Array, sums: Float32Array
    ) -> Float32Array:
        """Remove shift, stretch and width of the peaks, and pile-up, from the residual."""
        slope = _slope(peaked)
        terms = (slope, slope * self.ramp, _slope(slope), sums)
        weight = 1 / np.maximum(model, 1.0)
        gram = np.empty((len(peaked), 4, 4), np.float32)
        goal = np.empty((len(peaked), 4, 1), np.float32)
        for i, term in enumerate(terms):
            weighted = term * weight
            goal[:, i, 0] = np.einsum("nb,nb->n", weighted, residual)
            for j in range(i + 1):
                gram[:, i, j] = gram[:, j, i] = np.einsum("nb,nb->n", weighted, terms[j])
        size = np.trace(gram, axis1=1, axis2=2)[:, None, None]
        gram = gram + np.eye(4, dtype=np.float32) * (1e-5 * size + 1e-9)
        found = np.linalg.solve(gram, goal)[..., 0]
        # A miscalibration is up to about a fifth of a bin; a larger shift is another line.
        limit = np.array([0.4, 0.4, 0.5], dtype=np.float32)
        found[:, :3] = np.clip(found[:, :3], -limit, limit)
        found[:, 3] = np.clip(found[:, 3], 0, 0.01 * peaked.max(1))
        straight = residual.copy()
        for i, term in enumerate(terms):
            straight -= found[:, i, None] * term
        return straight

    def _significant(
        self, residual: Float32Array, model: Float32Array, error: Float32Array
    ) -> Float32Array:
        """Return the counts of the residual around bins where it is significant."""
        smooth = self.smooth(residual)
        level = np.maximum(residual, 0.0)
        level *= 0.05
        level += np.maximum(model, 0.0)
        error *= error
        error += self.smooth_noise(level)
        error += 1.0 / self.bins
        # A ramp, not a step, so that rounding decides nothing.
        marked = _widened(np.divide(smooth, np.sqrt(error, out=error)), self.reach)
        marked += 0.5 - _SIGMAS
        np.clip(marked, 0.0, 1.0, out=marked)
        rest: Float32Array = np.einsum("nb,nb->n", np.maximum(smooth, 0.0, out=smooth), marked)
        return rest


class _Gaussian:
    """Gaussian filter of `sigma` bins and a given area; edges are mirrored.

    Sums of shifted arrays in single precision: several times as fast as a general filter.
    """

    def __init__(self, sigma: float, area: float = 1.0) -> None:
        reach = int(4.0 * sigma + 0.5)
        kernel = np.exp(-0.5 * (np.arange(reach + 1) / sigma) ** 2)
        kernel *= area / (kernel[0] + 2 * kernel[1:].sum())
        self._kernel = kernel.astype(np.float32)

    def __call__(self, spectra: Float32Array) -> Float32Array:
        reach, bins = len(self._kernel) - 1, spectra.shape[1]
        padded = np.pad(spectra, ((0, 0), (reach, reach)), mode="symmetric")
        blurred: Float32Array = spectra * self._kernel[0]
        pair = np.empty_like(blurred)
        for i in range(1, reach + 1):
            left = padded[:, reach - i : reach - i + bins]
            np.add(left, padded[:, reach + i : reach + i + bins], out=pair)
            pair *= self._kernel[i]
            blurred += pair
        return blurred


def _widened(spectra: Float32Array, reach: int) -> Float32Array:
    """Return the largest value within `reach` bins around each bin."""
    bins, window, width = spectra.shape[1], 2 * reach + 1, 1
    largest = np.pad(spectra, ((0, 0), (reach, reach)), mode="edge")
    while width < window:  # double the window by combining two that touch or overlap
        step = min(width, window - width)
        largest = np.maximum(largest[:, :-step], largest[:, step:])
        width += step
    return largest[:, :bins]


def _slope(spectra: Float32Array) -> Float32Array:
    """Return the slope in counts per bin, as :func:`numpy.gradient` does."""
    slope = np.empty_like(spectra)
    np.subtract(spectra[:, 2:], spectra[:, :-2], out=slope[:, 1:-1])
    slope[:, 1:-1] *= 0.5
    slope[:, 0] = spectra[:, 1] - spectra[:, 0]
    slope[:, -1] = spectra[:, -1] - spectra[:, -2]
    return slope
