"""Design matrix of a linear fit: line families, scatter, pile-up and continuum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..physics.lines import LineFamily, line_family
from .conditions import Conditions
from .lineshape import air_transmission, family_shape

Array = NDArray[np.float64]

#: How well a line's energy, its width and the ratios within a family are known.
ENERGY_KEV, WIDTH_SHARE, RATIO_SHARE = 0.004, 0.02, 0.08
#: From here on the ratios between the L sub-shells tell of depth, and are left free.
_SPLIT_Z = 47


@dataclass(frozen=True)
class LineColumns:
    """The columns of a line family and how they may be wrong.

    Parameters
    ----------
    name : str
        The family, such as ``"Pb L"``.
    shapes : ndarray, shape (column, channel)
        Counts in each channel for one count in the full-energy peaks.
    doubts : ndarray, shape (column, doubt, channel)
        Changes of each shape by one standard deviation of what is known of its energy,
        its width and its line ratios.
    """

    name: str
    shapes: Array
    doubts: Array


def line_columns(
    axis_kev: Array,
    name: str,
    conditions: Conditions,
    *,
    split: bool = True,
    doubtful: bool = True,
) -> LineColumns:
    """Columns of a line family on an energy axis.

    Parameters
    ----------
    axis_kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    name : str
        Element and shell, such as ``"Fe K"``.
    conditions : Conditions
        Resolution, voltage and air path.
    split : bool
        Whether heavy L families are two columns: sub-shell L3, and L1 with L2.
    doubtful : bool
        Whether the doubts are wanted, which cost most of the time; else there are none.

    Raises
    ------
    ValueError
        If there is no such family, or the voltage does not excite it.
    """
    family = excited_family(name, conditions)
    air = air_transmission(family.kev, conditions.air_mm)
    if split and family.family == "L" and family.z >= _SPLIT_Z:
        third = np.array([line.iupac.startswith("L3") for line in family.lines])
        parts = [third, ~third]
    else:
        parts = [np.ones(len(family.lines), dtype=bool)]
    parts = [part for part in parts if (family.strength * air)[part].sum() > 0]
    shapes, doubts = [], []
    for part in parts:
        weight = air * part
        shape = family_shape(axis_kev, family, weight, conditions.fwhm_mn_ka_ev)
        shapes.append(shape)
        if doubtful:
            doubts.append(_doubts(axis_kev, family, weight, shape, conditions))
        else:
            doubts.append(np.zeros((0, len(axis_kev))))
    return LineColumns(name, np.array(shapes), np.array(doubts))


def excited_family(name: str, conditions: Conditions) -> LineFamily:
    """The family of a name at the voltage of the tube.

    Raises
    ------
    ValueError
        If there is no such family, or the voltage does not excite it.
    """
    family = line_family(name, 120.0)
    edges = [line.edge_kev for line in family.lines]
    if not conditions.excites(min(edges)):
        raise ValueError(f"{name} is not excited by a tube at {conditions.tube_kv:g} kV.")
    # Just above its edges a family would lose sub-shells for lack of a spectrum.
    return line_family(name, max(conditions.excitation_kev, 1.05 * max(edges)))


def _doubts(
    axis_kev: Array, family: LineFamily, weight: Array, shape: Array, conditions: Conditions
) -> Array:
    gain = axis_kev[1] - axis_kev[0]
    shifted = np.gradient(shape, gain) * ENERGY_KEV
    wider = family_shape(axis_kev, family, weight, conditions.fwhm_mn_ka_ev * (1 + WIDTH_SHARE))
    main = family.lines[int(np.argmax(family.strength * weight))]
    first = np.array([line.siegbahn[1] == main.siegbahn[1] for line in family.lines])
    tilted = family_shape(
        axis_kev, family, weight * (1 + RATIO_SHARE * ~first), conditions.fwhm_mn_ka_ev
    )
    return np.array([shifted, wider - shape, tilted - shape])


def stack(parts: Sequence[Array]) -> Array:
    """Put groups of columns under one another, shape (column, channel)."""
    return np.concatenate([np.atleast_2d(part) for part in parts if len(part)], axis=0)
