"""Energy calibration from the lines of a summed spectrum.

The scales in files are often 50-100 eV off. Peaks are found without an axis, axes
that put them on lines of usual elements are tried by a fit of the whole spectrum,
and the best is refined together with the resolution, overlaps included.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..cube.acquisition import Acquisition, Detector
from ..cube.cube import XRFCube
from ..cube.energy import EnergyAxis
from ..fitting.conditions import Conditions
from ._axis_fit import fitted_axis
from ._axis_refinement import State

Array = NDArray[np.float64]

#: A calibration is believed with so many lines over so wide a range, so well met.
MIN_LINES, MIN_SPAN_KEV, MAX_RMS_EV = 4, 3.0, 10.0
_COARSE_KEV = 0.025


@dataclass(frozen=True)
class Calibration:
    """What the lines of a spectrum say of its energy axis.

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
        Whether the lines suffice.
    message : str
        A plain sentence on what was found.
    anode : str or None
        The anode that the scatter shows, where it was looked for.
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
    most_rms_ev: float = MAX_RMS_EV,
) -> Calibration:
    """Find the energy axis of a spectrum by its lines.

    Parameters
    ----------
    spectrum : array_like, shape (channel,)
        Sum (better than mean) of many spectra, counts.
    energies : EnergyAxis
        The axis as far as known: gain within 8 %, offset within 0.25 keV. With the
        source ``"estimated"`` it is no more than a placeholder, and all usual axes
        are tried.
    acquisition : Acquisition
        Settings of the instrument, as far as known.
    most_rms_ev : float
        How far, in eV, lines may miss their places for the axis to be believed.

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
    # Channels far finer than a peak only cost time.
    fold = max(1, int(_COARSE_KEV / energies.gain_kev)) if energies.source != "estimated" else 1
    axis = _folded_axis(energies, fold)
    found = _calibrated(_folded(counts, fold), axis, acquisition, most_rms_ev)
    return _unfolded(found, energies, fold)


def _calibrated(
    counts: Array, energies: EnergyAxis, acquisition: Acquisition, most_rms_ev: float
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
        return _untrusted(energies, "The spectrum has too few peaks to calibrate its energies by.")
    return _judged(*found, energies, most_rms_ev)


def _folded(counts: Array, fold: int) -> Array:
    folded: Array = counts[: counts.size // fold * fold].reshape(-1, fold).sum(1)
    return folded


def _folded_axis(energies: EnergyAxis, fold: int) -> EnergyAxis:
    offset = energies.offset_kev + 0.5 * (fold - 1) * energies.gain_kev
    return EnergyAxis(
        energies.n_channels // fold, energies.gain_kev * fold, offset, energies.source
    )


def _unfolded(found: Calibration, energies: EnergyAxis, fold: int) -> Calibration:
    """The answer for the axis before channels were added up."""
    if not found.trusted:
        return replace(found, energies=energies)
    gain = found.energies.gain_kev / fold
    offset = found.energies.offset_kev - 0.5 * (fold - 1) * gain
    axis = energies.recalibrated(gain, offset, "estimated")
    return replace(found, energies=axis, message=_praise(found, axis, energies))


def calibrated(cube: XRFCube) -> tuple[XRFCube, Calibration]:
    """A cube on the axis that its summed spectrum speaks for.

    The cube stays as it is where the lines do not suffice, and where the user gave
    the axis. A resolution that was unknown is filled in.

    Parameters
    ----------
    cube : XRFCube
        The scan.

    Returns
    -------
    XRFCube, Calibration
    """
    if cube.energies.source == "user":
        return cube, _untrusted(cube.energies, "The energy axis was set by hand and is kept.")
    found = calibrate(cube.sum_spectrum(), cube.energies, cube.acquisition)
    if not found.trusted:
        return cube, found
    detector = cube.acquisition.detector or Detector()
    if detector.fwhm_mn_ka_ev is None and found.fwhm_mn_ka_ev is not None:
        detector = replace(detector, fwhm_mn_ka_ev=found.fwhm_mn_ka_ev)
        cube = cube.with_acquisition(replace(cube.acquisition, detector=detector))
    return cube.with_energies(found.energies), found


def _judged(
    state: State, zero: float | None, energies: EnergyAxis, most_rms_ev: float
) -> Calibration:
    """Whether a refined axis is to be believed."""
    lines = state.lines
    shifts = np.array([found - true for _, true, found, _ in lines])
    rms = float(np.sqrt((shifts**2).mean())) * 1e3 if lines else float("nan")
    marks = [true for _, true, _, _ in lines] + ([0.0] if zero is not None else [])
    span = max(marks) - min(marks) if marks else 0.0
    elements = {name.split()[0] for name, *_ in lines}
    if len(marks) < MIN_LINES or len(elements) < 2:
        return _untrusted(
            energies,
            f"Only {len(lines)} clear lines were found in the summed spectrum, too few to "
            "calibrate its energies by; the scale is kept.",
        )
    if span < MIN_SPAN_KEV or rms > most_rms_ev:
        return _untrusted(
            energies,
            f"The lines found span {span:.1f} keV and miss their places by {rms:.0f} eV, not good "
            "enough to calibrate by; the scale is kept.",
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


def _praise(found: Calibration, axis: EnergyAxis, before: EnergyAxis) -> str:
    names = ", ".join(name for name, *_ in found.lines)
    text = (
        f"Energies calibrated by {len(found.lines)} lines ({names}): {axis.gain_kev * 1e3:.3f} eV "
        f"a channel, offset {axis.offset_kev * 1e3:.1f} eV; the lines meet their places within "
        f"{found.rms_ev:.1f} eV"
    )
    if before.source == "estimated":
        return text + "."
    off = float(np.abs(axis.kev - before.kev)[axis.kev > 1].max()) * 1e3
    return f"{text}, up to {off:.0f} eV from the scale in the file."


def _untrusted(energies: EnergyAxis, message: str) -> Calibration:
    return Calibration(energies, (), float("nan"), None, False, message)
