"""The energy axis that fits a spectrum best, of all that its peaks suggest."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .._parallel import on_one_thread
from ..cube.energy import EnergyAxis
from ..fitting.conditions import Conditions
from ..fitting.line_search import estimate_anode
from ..fitting.peak_search import Peaks, candidate_axes, find_peaks, zero_peak
from ._axis_refinement import State, misfit, refine

Array = NDArray[np.float64]


@lru_cache(maxsize=8)
@on_one_thread()
def fitted_axis(
    spectrum: bytes,
    gain_kev: float,
    offset_kev: float,
    estimated: bool,
    conditions: Conditions,
    known_width: bool,
) -> tuple[State, float | None] | None:
    """The best axis and the channel of the zero peak; None where there are too few peaks.

    It is fitted once, however often it is asked for: for the resolution, for the check of the axis
    in use, by the next run.

    Parameters
    ----------
    spectrum : bytes
        Counts of all channels, float64.
    gain_kev, offset_kev : float
        The axis as far as known, keV.
    estimated : bool
        Whether that is no more than a placeholder, and all usual axes are tried.
    conditions : Conditions
        Anode (looked for where it is None), voltage, air path.
    known_width : bool
        Whether the resolution of `conditions` is that of the detector.
    """
    counts = np.frombuffer(spectrum)
    energies = EnergyAxis(counts.size, gain_kev, offset_kev, "estimated" if estimated else "file")
    guesses, zero = _guesses(counts, energies, conditions.anode)
    tried = []
    for gain, offset in guesses:
        state = State(gain, offset, conditions.fwhm_mn_ka_ev if known_width else 150.0)
        try:
            tried.append((misfit(counts, state, conditions), state))
        except ValueError:
            continue
    refined = []
    for state in _most_likely(tried, keep_first=not estimated) if tried else ():
        settings = conditions
        if settings.anode is None:
            seen = estimate_anode(counts, state.kev(counts.size), conditions)
            settings = replace(conditions, anode=seen)
        try:
            refined.append(refine(counts, state, settings, zero))
        except ValueError:
            continue
    if not refined:
        return None
    return min(refined, key=lambda state: state.misfit * _strangeness(state, energies)), zero


def _most_likely(tried: list[tuple[float, State]], keep_first: bool) -> list[State]:
    """The best three that are not far behind the best; the first as well if it is not either."""
    ranked = sorted(tried, key=lambda pair: pair[0])
    near = [pair for pair in ranked if pair[0] < 2 * ranked[0][0]]
    best = near[:3]
    if keep_first and tried[0] in near and tried[0] not in best:
        best.append(tried[0])
    return [state for _, state in best]


def _strangeness(state: State, energies: EnergyAxis) -> float:
    """How much better an axis has to fit for lying off the one in the file."""
    if energies.source == "estimated":
        return 1.0
    top = energies.kev > 1
    off = float(np.abs(state.kev(energies.n_channels) - energies.kev)[top].max())
    return 1.0 + min(off / 0.3, 1.0)


def _guesses(
    counts: Array, energies: EnergyAxis, anode: str | None
) -> tuple[list[tuple[float, float]], float | None]:
    """Gains and offsets worth a fit, and the channel of the zero peak if there is one."""
    gain, offset, n = energies.gain_kev, energies.offset_kev, energies.n_channels
    if energies.source == "estimated":
        best: list[tuple[float, float]] = []
        for span in (15.0, 25.0, 40.0, 60.0):
            peaks = find_peaks(counts, span / n, 0)
            gains = span / n * np.exp(np.arange(-0.26, 0.26, 0.0012))
            if peaks.channel.size >= 3:
                best += candidate_axes(peaks, gains, np.arange(-1.1, 0.3, 0.03), anode, 6)
        return best, None
    zero = zero_peak(counts, gain, -offset / gain)
    first = int(max(0, (0.9 - offset) / gain))
    peaks = find_peaks(counts, gain, first)
    gains = gain * np.linspace(0.92, 1.08, 161)
    offsets = offset + np.arange(-0.25, 0.2501, 0.0125)
    if zero is not None:
        shifted, no_offset = Peaks(peaks.channel - zero, peaks.weight), np.array([0.0])
        many = peaks.channel.size > 0
        found = candidate_axes(shifted, gains, no_offset, anode, 5) if many else []
        return [(gain, offset), *((g, -g * zero) for g, _ in found)], zero
    found = candidate_axes(peaks, gains, offsets, anode) if peaks.channel.size else []
    return [(gain, offset), *found], None
