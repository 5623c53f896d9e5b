"""Automatic energy calibration from the lines of a summed spectrum.

The scales in files are often 50-100 eV off. Peaks are located by channel, candidate axes that put
them on lines of common elements are scored by a fit of the whole spectrum, and the best ones are
refined together with the resolution, overlaps included.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from .._parallel import on_one_thread
from .._typing import FloatArray
from ..cube.acquisition import Acquisition, Detector
from ..cube.cube import XRFCube
from ..cube.energy import EnergyAxis
from ..fitting.conditions import Conditions
from ..fitting.peak_search import Peaks, candidate_axes, find_peaks, zero_peak
from ._axis_refinement import State, misfit, refine
from .anode import estimate_anode


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
    """Fit the best axis and the channel of the zero peak; None where there are too few peaks.

    The result is cached: the resolution, the check of the axis in use and the next run share it.

    Parameters
    ----------
    spectrum : bytes
        Counts of all channels, float64.
    gain_kev, offset_kev : float
        The axis as far as known, keV.
    estimated : bool
        Whether that axis is only a placeholder, so that all common axes are tried.
    conditions : Conditions
        Anode (estimated where it is None), voltage, air path.
    known_width : bool
        Whether the resolution of `conditions` is that of the detector.
    """
    counts = np.frombuffer(spectrum)
    energies = EnergyAxis(counts.size, gain_kev, offset_kev, "estimated" if estimated else "file")
    guesses, zero = _candidate_axes(counts, energies, conditions.anode)
    tried = []
    for gain, offset in guesses:
        state = State(gain, offset, conditions.fwhm_mn_ka_ev if known_width else 150.0)
        try:
            tried.append((misfit(counts, state, conditions), state))
        except ValueError:
            continue
    refined = []
    for state in _select_candidates(tried, keep_first=not estimated) if tried else ():
        settings = conditions
        if settings.anode is None:
            anode = estimate_anode(counts, state.kev(counts.size), conditions)
            settings = replace(conditions, anode=anode)
        try:
            refined.append(refine(counts, state, settings, zero))
        except ValueError:
            continue
    if not refined:
        return None
    return min(refined, key=lambda state: state.misfit * _axis_penalty(state, energies)), zero


def _select_candidates(tried: list[tuple[float, State]], keep_first: bool) -> list[State]:
    """Select the best three of similar misfit, and the first candidate if it is similar too."""
    ranked = sorted(tried, key=lambda pair: pair[0])
    near = [pair for pair in ranked if pair[0] < 2 * ranked[0][0]]
    best = near[:3]
    if keep_first and tried[0] in near and tried[0] not in best:
        best.append(tried[0])
    return [state for _, state in best]


def _axis_penalty(state: State, energies: EnergyAxis) -> float:
    """Return the factor on the misfit of an axis for its distance from the axis in the file."""
    if energies.source == "estimated":
        return 1.0
    top = energies.kev > 1
    off = float(np.abs(state.kev(energies.n_channels) - energies.kev)[top].max())
    return 1.0 + min(off / 0.3, 1.0)


def _candidate_axes(
    counts: FloatArray, energies: EnergyAxis, anode: str | None
) -> tuple[list[tuple[float, float]], float | None]:
    """Return candidate gains and offsets, and the channel of the zero peak if there is one."""
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


#: Number of lines, range and agreement that a calibration must reach.
MIN_LINES, MIN_SPAN_KEV, MAX_RMS_EV = 4, 3.0, 10.0
_COARSE_KEV = 0.025


@dataclass(frozen=True)
class Calibration:
    """Energy axis of a spectrum as its lines determine it.

    Parameters
    ----------
    energies : EnergyAxis
        The axis found; the one given where `trusted` is False.
    lines : tuple of (str, float, float)
        Lines used: name, true energy and energy found on that axis, keV.
    rms_ev : float
        Root mean square of the differences in eV; NaN without lines.
    fwhm_mn_ka_ev : float or None
        Resolution at Mn K-alpha in eV.
    trusted : bool
        Whether the lines determine the axis.
    message : str
        The result in one plain sentence.
    anode : str or None
        The anode that the scatter shows, where it was estimated.
    """

    energies: EnergyAxis
    lines: tuple[tuple[str, float, float], ...]
    rms_ev: float
    fwhm_mn_ka_ev: float | None
    trusted: bool
    message: str
    anode: str | None = None


def calibrate(
    spectrum: ArrayLike,
    energies: EnergyAxis,
    acquisition: Acquisition = Acquisition(),
    max_rms_ev: float = MAX_RMS_EV,
) -> Calibration:
    """Calibrate the energy axis of a spectrum by its lines.

    Parameters
    ----------
    spectrum : array_like, shape (channel,)
        Sum (better than mean) of many spectra, counts.
    energies : EnergyAxis
        The axis as far as known: gain within 8 %, offset within 0.25 keV. With the
        source ``"estimated"`` it is only a placeholder, and all common axes are tried.
    acquisition : Acquisition
        Settings of the instrument, as far as known.
    max_rms_ev : float
        Largest rms deviation of the lines, eV, of an accepted axis.

    Returns
    -------
    Calibration

    Raises
    ------
    ValueError
        If the spectrum does not have the channels of the axis.
    """
    counts = np.asarray(spectrum, dtype=np.float64)
    if counts.shape != (energies.n_channels,):
        raise ValueError(
            f"The spectrum has the shape {counts.shape}, the energy axis {energies.n_channels} "
            "channels."
        )
    # Channels much finer than a peak only cost time.
    width = max(1, int(_COARSE_KEV / energies.gain_kev)) if energies.source != "estimated" else 1
    axis = _binned_axis(energies, width)
    found = _calibrate_binned(_binned(counts, width), axis, acquisition, max_rms_ev)
    return _unbinned(found, energies, width)


def _calibrate_binned(
    counts: FloatArray, energies: EnergyAxis, acquisition: Acquisition, max_rms_ev: float
) -> Calibration:
    known = acquisition.detector is not None and acquisition.detector.fwhm_mn_ka_ev is not None
    found = fitted_axis(
        counts.tobytes(),
        energies.gain_kev,
        energies.offset_kev,
        energies.source == "estimated",
        Conditions.of(acquisition),
        known,
    )
    if found is None:
        return _rejected(energies, "The spectrum has too few peaks for an energy calibration.")
    return _assess(*found, energies, max_rms_ev)


def _binned(counts: FloatArray, width: int) -> FloatArray:
    folded: FloatArray = counts[: counts.size // width * width].reshape(-1, width).sum(1)
    return folded


def _binned_axis(energies: EnergyAxis, width: int) -> EnergyAxis:
    offset = energies.offset_kev + 0.5 * (width - 1) * energies.gain_kev
    return EnergyAxis(
        energies.n_channels // width, energies.gain_kev * width, offset, energies.source
    )


def _unbinned(found: Calibration, energies: EnergyAxis, width: int) -> Calibration:
    """Return the calibration for the channels before binning."""
    if not found.trusted:
        return replace(found, energies=energies)
    gain = found.energies.gain_kev / width
    offset = found.energies.offset_kev - 0.5 * (width - 1) * gain
    axis = energies.recalibrated(gain, offset, "estimated")
    return replace(found, energies=axis, message=_success_message(found, axis, energies))


def calibrated(cube: XRFCube) -> tuple[XRFCube, Calibration]:
    """Return a cube on the energy axis that its summed spectrum determines.

    The cube is returned unchanged where the lines do not suffice, and where the user gave
    the axis. An unknown resolution is filled in.

    Parameters
    ----------
    cube : XRFCube
        The scan.

    Returns
    -------
    XRFCube, Calibration
    """
    if cube.energies.source == "user":
        return cube, _rejected(
            cube.energies, "The energy axis was set by the user and is not changed."
        )
    found = calibrate(cube.sum_spectrum(), cube.energies, cube.acquisition)
    if not found.trusted:
        return cube, found
    detector = cube.acquisition.detector or Detector()
    if detector.fwhm_mn_ka_ev is None and found.fwhm_mn_ka_ev is not None:
        detector = replace(detector, fwhm_mn_ka_ev=found.fwhm_mn_ka_ev)
        cube = cube.with_acquisition(replace(cube.acquisition, detector=detector))
    return cube.with_energies(found.energies), found


def _assess(
    state: State, zero: float | None, energies: EnergyAxis, max_rms_ev: float
) -> Calibration:
    """Accept or reject a refined axis."""
    lines = state.lines
    shifts = np.array([found - true for _, true, found, _ in lines])
    rms = float(np.sqrt((shifts**2).mean())) * 1e3 if lines else float("nan")
    marks = [true for _, true, _, _ in lines] + ([0.0] if zero is not None else [])
    span = max(marks) - min(marks) if marks else 0.0
    elements = {name.split()[0] for name, *_ in lines}
    if len(marks) < MIN_LINES or len(elements) < 2:
        return _rejected(
            energies,
            f"Only {len(lines)} clear lines were found in the summed spectrum, too few for an "
            "energy calibration; the scale of the file is kept.",
        )
    if span < MIN_SPAN_KEV or rms > max_rms_ev:
        return _rejected(
            energies,
            f"The lines found span {span:.1f} keV and deviate by {rms:.0f} eV, which is not good "
            "enough for a calibration; the scale of the file is kept.",
        )
    axis = energies.recalibrated(state.gain_kev, state.offset_kev, "estimated")
    return Calibration(
        axis,
        tuple((name, true, found) for name, true, found, _ in lines),
        rms,
        state.fwhm_ev,
        True,
        "",
    )


def _success_message(found: Calibration, axis: EnergyAxis, before: EnergyAxis) -> str:
    names = ", ".join(name for name, *_ in found.lines)
    text = (
        f"Energies calibrated by {len(found.lines)} lines ({names}): {axis.gain_kev * 1e3:.3f} eV "
        f"per channel, offset {axis.offset_kev * 1e3:.1f} eV; the lines agree within "
        f"{found.rms_ev:.1f} eV"
    )
    if before.source == "estimated":
        return text + "."
    off = float(np.abs(axis.kev - before.kev)[axis.kev > 1].max()) * 1e3
    return f"{text}, up to {off:.0f} eV from the scale in the file."


def _rejected(energies: EnergyAxis, message: str) -> Calibration:
    return Calibration(energies, (), float("nan"), None, False, message)
