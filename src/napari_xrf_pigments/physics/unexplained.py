"""How much of a spectrum nothing known accounts for.

Every spectrum is fitted by itself with non-negative amplitudes of all line families that
paintings and instruments usually show, scatter, pile-up and a smooth continuum. What then
still stands over its noise and over what is doubtful in the shapes is unexplained: lines
of foreign elements, or artefacts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from .artefacts import scatter_shapes
from .background import smooth_terms
from .conditions import Conditions, Measurement
from .design import excited_family, stack
from .lines import LineFamily
from .lineshape import FWHM_PER_SIGMA, air_transmission, family_shape, fwhm_kev

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

#: Families of the pigments of the catalogue, of usual supports, fillers and instruments.
USUAL_FAMILIES = tuple(
    "Al K,Si K,P K,S K,Cl K,Ar K,K K,Ca K,Ti K,Cr K,Mn K,Fe K,Co K,Ni K,Cu K,Zn K,As K,Se K,"
    "Rb K,Sr K,Zr K,Ag K,Cd K,Sn K,Sb K,Ba K,Ag L,Cd L,Sn L,Sb L,Ba L,Au L,Hg L,Pb L,Au M,"
    "Hg M,Pb M".split(",")
)
#: Anodes whose hard scatter lines are tried where the anode is not known.
_ANODES_UNKNOWN = ("Mo", "Rh", "Ag")
_LOW_KEV, _BIN_KEV = 1.2, 0.06
#: Factors between which the beta lines of K, and L1 and L2 against L3, may lie.
_RATIO_RANGE = (0.6, 1.6)
#: A rest counts from so many sigma on; smoothed noise alone hardly gets there.
_SIGMAS = 4.5
#: Share of a line's counts that the fitted shape may misplace.
_SHAPE_DOUBT = 0.03
_SWEEPS = 25
_BATCH = 2048


class _Axis(Protocol):
    @property
    def kev(self) -> Array: ...


def unexplained_share(
    counts: ArrayLike, energies: _Axis | ArrayLike, acquisition: Measurement | None = None
) -> Floats:
    """Share of the counts above background that nothing known accounts for.

    Each answer depends on its own spectrum alone.

    Parameters
    ----------
    counts : array_like, shape (spectrum, channel)
        Counts.
    energies : EnergyAxis or array_like, shape (channel,)
        Evenly spaced channel centres, keV.
    acquisition : Measurement, optional
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
    """Everything known of a spectrum on one axis, in bins of a third of a peak."""

    def __init__(self, kev: Array, conditions: Conditions) -> None:
        gain = float(kev[1] - kev[0])
        self.fold = max(1, int(_BIN_KEV / gain + 1e-6))
        self.first = int(np.searchsorted(kev, _LOW_KEV))
        self.bins = (kev.size - self.first) // self.fold
        if self.bins * self.fold * gain < 1.0:
            raise ValueError("The energy axis holds too little above 1.2 keV to fit lines to.")
        self.gain = gain * self.fold
        start = kev[self.first] + 0.5 * (self.fold - 1) * gain
        self.axis = start + self.gain * np.arange(self.bins)
        lines = _cones(self.axis, conditions)
        anodes = (conditions.anode,) if conditions.anode else _ANODES_UNKNOWN
        scatter = [
            part.shape
            for anode in anodes
            for part in scatter_shapes(self.axis, replace(conditions, anode=anode))
        ]
        continuum = smooth_terms(self.axis)
        self.columns = stack([lines, np.array(scatter), continuum]).astype(np.float32)
        self.columns = self.columns[self.columns.sum(1) > 1e-3]
        self.peaked = len(self.columns) - len(continuum)
        self.lines = min(len(lines), self.peaked)
        norm = np.sqrt((self.columns**2).sum(1))
        self.scaled = self.columns / norm[:, None]
        self.gram = self.scaled @ self.scaled.T
        self.sigma = float(fwhm_kev(np.array([8.0]), conditions.fwhm_mn_ka_ev)[0])
        self.sigma /= FWHM_PER_SIGMA * self.gain
        self.offset_bins = self.axis[0] / self.gain

    def share(self, counts: NDArray[np.integer]) -> Floats:
        """Unexplained share of each spectrum."""
        inside = counts[:, self.first : self.first + self.bins * self.fold]
        spectra = inside.reshape(len(counts), self.bins, self.fold).sum(2).astype(np.float32)
        amplitude = _positive(self.gram, spectra @ self.scaled.T)
        peaked = amplitude[:, : self.peaked] @ self.scaled[: self.peaked]
        model = peaked + amplitude[:, self.peaked :] @ self.scaled[self.peaked :]
        above = spectra.sum(1) - (model - peaked).sum(1)
        sums = self._pile_up(peaked)
        residual = self._straightened(spectra - model, peaked, model, sums)
        rest = self._significant(residual, model, peaked)
        share: Floats = np.clip(rest / np.maximum(above, 1.0), 0, 1).astype(np.float32)
        return share

    def _pile_up(self, peaked: Floats) -> Floats:
        """Shape of the sum peaks of a spectrum's own lines, height 1."""
        length = next_fast_len(2 * self.bins, real=True)
        spectrum = rfft(peaked, length, axis=1)
        pairs = irfft(spectrum * spectrum, length, axis=1)
        shift = round(self.offset_bins)
        sums = np.zeros_like(peaked)
        # Bins i and j sum to i + j + start / gain, since each carries the start once.
        sums[:, shift:] = pairs[:, : self.bins - shift]
        return np.asarray(sums / np.maximum(sums.max(1, keepdims=True), 1e-9), dtype=np.float32)

    def _straightened(
        self, residual: Floats, peaked: Floats, model: Floats, sums: Floats
    ) -> Floats:
        """Residual without shift, stretch and width of the peaks, and without pile-up."""
        slope = np.gradient(peaked, axis=1)
        ramp = np.linspace(-1, 1, self.bins, dtype=np.float32)
        terms = np.stack([slope, slope * ramp, np.gradient(slope, axis=1), sums], axis=1)
        weighted = terms / np.maximum(model, 1.0)[:, None]
        gram = weighted @ terms.transpose(0, 2, 1)
        size = np.trace(gram, axis1=1, axis2=2)[:, None, None]
        gram = gram + np.eye(4, dtype=np.float32) * (1e-5 * size + 1e-9)
        found = np.linalg.solve(gram, weighted @ residual[:, :, None])[..., 0]
        # Up to a fifth of a bin's width or so; more is no miscalibration but another line.
        limit = np.array([0.4, 0.4, 0.5], dtype=np.float32)
        found[:, :3] = np.clip(found[:, :3], -limit, limit)
        found[:, 3] = np.clip(found[:, 3], 0, 0.01 * peaked.max(1))
        return np.asarray(residual - (found[:, None] @ terms)[:, 0], dtype=np.float32)

    def _significant(self, residual: Floats, model: Floats, peaked: Floats) -> Array:
        """Counts of the residual around places where it stands out."""
        blur = self.sigma
        smooth = gaussian_filter1d(residual, blur, axis=1)
        # Squared, a Gaussian kernel is a narrower one of 1 / (2 sqrt(pi) sigma) of its area.
        level = np.maximum(model, 0.0) + 0.05 * np.maximum(residual, 0.0)
        noise = gaussian_filter1d(level, blur / np.sqrt(2), axis=1) / (2 * np.sqrt(np.pi) * blur)
        doubt = _SHAPE_DOUBT * gaussian_filter1d(peaked, 1.5 * blur, axis=1)
        stands_out = smooth / np.sqrt(noise + doubt**2 + 1.0 / self.bins)
        reach = int(np.ceil(2.4 * blur)) * 2 + 1
        # A ramp, not a step: rounding must not decide about a place.
        marked = np.clip(maximum_filter1d(stands_out, reach, axis=1) - _SIGMAS + 0.5, 0.0, 1.0)
        return np.asarray((np.maximum(smooth, 0.0) * marked).sum(1), dtype=np.float64)


def _positive(gram: Floats, target: Floats) -> Floats:
    """Non-negative least squares from normal equations, by coordinate descent.

    Parameters
    ----------
    gram : ndarray, shape (column, column)
        Products of columns of length one.
    target : ndarray, shape (spectrum, column)
        Products of columns and spectra.

    Returns
    -------
    ndarray, shape (spectrum, column)
    """
    goal = np.ascontiguousarray(target.T)
    size = len(gram)
    start = np.linalg.solve(gram + 1e-3 * np.eye(size, dtype=np.float32), goal)
    found = np.maximum(start, 0.0)
    for _ in range(_SWEEPS):
        for i in range(size):
            found[i] = np.maximum(found[i] + goal[i] - gram[i] @ found, 0.0)
    return np.ascontiguousarray(found.T)


def _cones(axis: Array, conditions: Conditions) -> Array:
    """Columns whose non-negative sums are families with line ratios within a range."""
    shapes = []
    for name in USUAL_FAMILIES:
        try:
            family = excited_family(name, conditions)
        except ValueError:
            continue
        if name == f"{conditions.anode} {name[-1]}":
            continue  # the tube's own lines are among its scatter
        if not axis[0] + 0.1 < family.main.kev < axis[-1] - 0.1:
            continue
        air = air_transmission(family.kev, conditions.air_mm)
        for factors in ratio_extremes(family):
            shapes.append(family_shape(axis, family, air * factors, conditions.fwhm_mn_ka_ev))
    return np.array(shapes)


def ratio_extremes(family: LineFamily) -> Sequence[Array]:
    """Factors on the lines at both ends of the range of ratios."""
    if family.family == "K":
        varied = np.array([line.siegbahn.startswith("Kb") for line in family.lines])
    elif family.family == "L" and family.z >= 56:
        varied = np.array([not line.iupac.startswith("L3") for line in family.lines])
    else:
        return [np.ones(len(family.lines))]
    return [np.where(varied, factor, 1.0) for factor in _RATIO_RANGE]
