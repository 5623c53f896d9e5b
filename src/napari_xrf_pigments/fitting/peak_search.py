"""Peaks of an uncalibrated spectrum, and candidate energy axes from known lines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.ndimage import convolve1d, gaussian_filter1d

from .._typing import FloatArray
from ..physics.detector import FWHM_PER_SIGMA
from ..physics.lines import line_family
from .artefacts import compton_kev
from .lineshape import fwhm_kev

#: Distance of a peak from its line on the right axis, keV.
_TOLERANCE_KEV = 0.035
#: Families that are common in paintings, supports and instruments, with their likelihood.
_USUAL = {
    "Ca K": 1.0, "K K": 0.6, "Ti K": 0.8, "Cr K": 0.5, "Mn K": 0.7, "Fe K": 1.0, "Co K": 0.4,
    "Ni K": 0.6, "Cu K": 0.9, "Zn K": 0.9, "Pb L": 1.0, "Hg L": 0.9, "Ar K": 0.6, "As K": 0.3,
    "Sr K": 0.6, "S K": 0.4, "Si K": 0.3, "Cd K": 0.4, "Sn K": 0.5, "Sn L": 0.3, "Ba L": 0.5,
    "Ba K": 0.3, "Zr K": 0.4, "Au L": 0.4, "Sb K": 0.3, "Se K": 0.3,
}  # fmt: skip
_ANODES = {"Rh K": 0.7, "Ag K": 0.5, "Mo K": 0.5, "W L": 0.3}


@dataclass(frozen=True)
class Peaks:
    """Peaks of a spectrum.

    Parameters
    ----------
    channel : ndarray, shape (peak,)
        Positions, fractions of a channel included.
    weight : ndarray, shape (peak,)
        Weight of each: the logarithm of its significance.
    """

    channel: FloatArray
    weight: FloatArray


@lru_cache
def strong_lines(anode: str | None) -> tuple[FloatArray, FloatArray]:
    """Return the energies (keV) of strong lines that a scan may show, and their likelihoods."""
    kev: list[float] = []
    prior: list[float] = []
    scattered = _ANODES if anode is None else {f"{anode} K": 0.9, f"{anode} L": 0.5}
    for name, likely in {**_USUAL, **scattered}.items():
        try:
            family = line_family(name, 60.0)
        except ValueError:
            continue
        for group, share in (("a", 1.0), ("b", 0.7)):
            chosen = np.array([line.siegbahn[1] == group for line in family.lines])
            strength = family.strength * chosen
            if strength.sum() < 0.05:
                continue
            # The strongest line of the group, weighted with the lines within its peak.
            top = family.kev[int(np.argmax(strength))]
            near = strength * (np.abs(family.kev - top) < 0.08)
            kev.append(float(family.kev @ near / near.sum()))
            prior.append(likely * share)
            if name in scattered and kev[-1] > 12:
                kev.append(compton_kev(kev[-1], 125.0))
                prior.append(0.4 * likely * share)
    return np.array(kev), np.array(prior)


def find_peaks(spectrum: FloatArray, gain_kev: float, first: int = 0, most: int = 20) -> Peaks:
    """Find the peaks of a spectrum by a matched second-derivative filter.

    Parameters
    ----------
    spectrum : ndarray, shape (channel,)
        Counts.
    gain_kev : float
        Rough width of a channel, keV.
    first : int
        First channel of the search.
    most : int
        Maximum number of peaks; the strongest are returned.
    """
    sigma = max(1.0, float(fwhm_kev(np.array([8.0]))[0]) / FWHM_PER_SIGMA / gain_kev)
    curvature = -gaussian_filter1d(spectrum, sigma, order=2, mode="nearest")
    impulse = np.zeros(int(12 * sigma) * 2 + 1)
    impulse[impulse.size // 2] = 1.0
    kernel = gaussian_filter1d(impulse, sigma, order=2, mode="nearest")
    noise = np.sqrt(convolve1d(np.maximum(spectrum, 0), kernel**2, mode="nearest") + 1e-9)
    score = curvature / noise
    top = np.flatnonzero(
        (score[1:-1] > 6) & (score[1:-1] >= score[:-2]) & (score[1:-1] > score[2:])
    )
    top = top[top + 1 >= first + 2 * sigma] + 1
    top = top[np.argsort(-score[top])[:most]]
    if top.size == 0:
        return Peaks(np.zeros(0), np.zeros(0))
    left, middle, right = curvature[top - 1], curvature[top], curvature[top + 1]
    shift = 0.5 * (left - right) / np.minimum(left - 2 * middle + right, -1e-12)
    return Peaks(top + np.clip(shift, -0.5, 0.5), np.log(score[top]))


def zero_peak(spectrum: FloatArray, gain_kev: float, about: float) -> float | None:
    """Find the channel of the zero-energy peak that some processors add; None without one.

    Parameters
    ----------
    spectrum : ndarray, shape (channel,)
        Counts.
    gain_kev : float
        Rough width of a channel, keV.
    about : float
        Channel where zero energy is expected.
    """
    reach = 0.3 / gain_kev
    low, high = int(max(about - reach, 0)), int(about + reach) + 1
    if about < 3 or high - low < 5 or high > spectrum.size:
        return None
    part = spectrum[low:high]
    top = low + int(np.argmax(part))
    half = max(2, round(0.1 / gain_kev))
    near = np.arange(max(top - half, 0), top + half + 1)
    outside = spectrum[min(top + 3 * half, spectrum.size - 1)]
    if spectrum[top] < 50 or spectrum[top] < 5 * max(outside, 1) or top - half < 0:
        return None
    return float(near @ spectrum[near] / spectrum[near].sum())


def candidate_axes(
    peaks: Peaks, gains: FloatArray, offsets: FloatArray, anode: str | None, most: int = 12
) -> list[tuple[float, float]]:
    """Return gains and offsets (keV) that put the peaks on strong lines, the best first.

    Parameters
    ----------
    peaks : Peaks
        Peaks of the spectrum.
    gains, offsets : ndarray
        Values to try, keV.
    anode : str or None
        Chemical symbol of the anode.
    most : int
        Maximum number of axes, all of them distinct.
    """
    lines, prior = strong_lines(anode)
    grid_gain, grid_offset = (g.ravel() for g in np.meshgrid(gains, offsets, indexing="ij"))
    score = np.zeros(grid_gain.size)
    for channel, weight in zip(peaks.channel, peaks.weight, strict=True):
        kev = grid_offset + grid_gain * channel
        match = np.zeros(kev.size)
        for line, likely in zip(lines, prior, strict=True):
            z = (kev - line) / _TOLERANCE_KEV
            np.maximum(match, likely * np.exp(-0.5 * z**2), out=match)
        score += weight * match
    ends = np.array([peaks.channel.min(), peaks.channel.max()])
    chosen: list[tuple[float, float]] = []
    for index in np.argsort(-score)[:5000]:
        kev = grid_offset[index] + grid_gain[index] * ends
        if all(np.abs(offset + gain * ends - kev).max() > 0.06 for gain, offset in chosen):
            chosen.append((float(grid_gain[index]), float(grid_offset[index])))
        if len(chosen) == most:
            break
    return chosen
