"""Checks of the energy axis in use, or of one that the user gave, against the lines of a scan."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from ..cube.acquisition import Acquisition
from ..cube.energy import EnergyAxis
from .automatic import Calibration, calibrate

#: The network was trained on axes that are off by 8 eV (one sigma); from here on lines of
#: neighbouring elements are taken for each other.
MOST_OFF_EV = 40.0
#: Looser than for a calibration: such lines still show that an axis is wrong.
_MOST_RMS_EV = 20.0
_RANGE_KEV = (2.0, 15.0)


def axis_warning(
    spectrum: ArrayLike, energies: EnergyAxis, acquisition: Acquisition = Acquisition()
) -> str | None:
    """Warn in one sentence where known lines do not fit an axis; None where they do.

    None is also returned where too few lines are found for a check.

    Parameters
    ----------
    spectrum : array_like, shape (channel,)
        Sum of many spectra, counts.
    energies : EnergyAxis
        The axis in use.
    acquisition : Acquisition
        Settings of the instrument, as far as known.
    """
    # The axis in use is the starting point, estimated before or not.
    found = calibrate(spectrum, replace(energies, source="file"), acquisition, _MOST_RMS_EV)
    if not found.trusted:
        return None
    low, high = _RANGE_KEV
    inside = (energies.kev > low) & (energies.kev < high)
    if not inside.any():
        return None
    off = 1e3 * float(np.abs(found.energies.kev - energies.kev)[inside].max())
    if off <= MOST_OFF_EV:
        return None
    return (
        f"The lines of the scan lie up to {off:.0f} eV off the energy axis in use "
        f"({len(found.lines)} lines checked). Elements and pigments may be confused: calibrate the "
        "axis and map again."
    )


@dataclass(frozen=True)
class AxisCheck:
    """Agreement of an energy axis with the lines of a scan.

    Parameters
    ----------
    fits : bool or None
        Whether the lines lie at their energies; None where too few lines were found.
    sentence : str
        The result for the user.
    """

    fits: bool | None
    sentence: str


def check_axis(
    spectrum: ArrayLike,
    energies: EnergyAxis,
    acquisition: Acquisition = Acquisition(),
    known: Calibration | None = None,
) -> AxisCheck:
    """Check an axis that the user gave by the lines of a scan, however unusual its numbers are.

    Parameters
    ----------
    spectrum : array_like, shape (channel,)
        Sum of many spectra, counts.
    energies : EnergyAxis
        The axis.
    acquisition : Acquisition
        Settings of the instrument, as far as known.
    known : Calibration, optional
        The automatic calibration of the scan, which started from the axis in the file. It counts
        unless more lines agree with the given axis.
    """
    found = calibrate(spectrum, replace(energies, source="file"), acquisition, _MOST_RMS_EV)
    trusted = [one for one in (known, found) if one is not None and one.trusted]
    if not trusted:
        return AxisCheck(None, "Too few lines were found in the scan to check this axis.")
    # Of two calibrations that contradict each other, the one with more lines is right.
    best = max(trusted, key=lambda one: len(one.lines))
    off = max(abs(_off_ev(best, energies, true, at)) for _, true, at in best.lines)
    count = f"{len(best.lines)} lines"
    if off <= MOST_OFF_EV:
        return AxisCheck(True, f"{count} of the scan agree within {off:.0f} eV.")
    return AxisCheck(
        False,
        f"On this axis the lines of the scan lie up to {off:.0f} eV from their energies ({count} "
        "checked), so elements and pigments would be confused. Undo the change, or calibrate the "
        "axis by lines.",
    )


def _off_ev(found: Calibration, energies: EnergyAxis, true_kev: float, at_kev: float) -> float:
    """Return the deviation in eV, on another axis, of a line found on a calibrated one."""
    channel = (at_kev - found.energies.offset_kev) / found.energies.gain_kev
    return 1e3 * (energies.offset_kev + energies.gain_kev * channel - true_kev)
