"""Check of the energy axis in use against the lines of a scan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from ..cube.acquisition import Acquisition
from ..cube.energy import EnergyAxis
from .automatic import calibrate

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
