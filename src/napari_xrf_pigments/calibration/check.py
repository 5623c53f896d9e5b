"""Whether the lines of a scan fit the energy axis that is in use."""

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
#: Lines that miss their places by more than a calibration may leave can still tell so much.
_MOST_RMS_EV = 20.0
_RANGE_KEV = (2.0, 15.0)


def axis_warning(
    spectrum: ArrayLike, energies: EnergyAxis, acquisition: Acquisition = Acquisition()
) -> str | None:
    """One plain sentence where known lines do not fit an axis; None where they do.

    Too few lines tell nothing, and then nothing is said.

    Parameters
    ----------
    spectrum : array_like, shape (channel,)
        Sum of many spectra, counts.
    energies : EnergyAxis
        The axis in use, wherever it comes from.
    acquisition : Acquisition
        Settings of the instrument, as far as known.
    """
    # An axis that was estimated before is held for right here: it is the one in use.
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
        f"The lines of the scan lie up to {off:.0f} eV off the energy axis that was used "
        f"({len(found.lines)} lines tell it): calibrate it, or elements and pigments are "
        "mistaken for others."
    )
