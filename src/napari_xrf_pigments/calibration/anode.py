"""The anode of a scan that does not name it, from its scattered lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..cube.cube import XRFCube
from ..fitting.conditions import Conditions
from ._anode import estimate_anode


def with_estimated_anode(
    cube: XRFCube, spectrum: NDArray[np.float64] | None = None
) -> tuple[XRFCube, str]:
    """A cube that knows its anode, if its summed spectrum tells it.

    Parameters
    ----------
    cube : XRFCube
        The scan, on a right energy axis.
    spectrum : ndarray, shape (channel,), optional
        Its summed spectrum, if that is known already.

    Returns
    -------
    XRFCube, str
        The cube, changed only where the anode was unknown and now is not, and a plain
        sentence on what was found; empty where the anode was known.
    """
    if cube.acquisition.anode is not None:
        return cube, ""
    summed = cube.sum_spectrum() if spectrum is None else spectrum
    try:
        anode = estimate_anode(summed, cube.energies.kev, Conditions.of(cube.acquisition))
    except ValueError:  # next to nothing was counted
        anode = None
    if anode is None:
        return cube, "The scan does not name its anode, and its scatter does not tell it."
    told = f"The scan does not name its anode; its scattered lines are those of {anode}."
    return cube.with_acquisition(cube.acquisition.updated(anode=anode)), told
