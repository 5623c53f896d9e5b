"""Columns of the lines and scatter peaks that are common in spectra of paintings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .._typing import FloatArray
from ..physics.detector import path_transmission
from ..physics.lines import LineFamily
from .artefacts import scatter_shapes
from .conditions import Conditions
from .design_matrix import excited_family
from .lineshape import family_shape

#: Families of the pigments of the catalogue, of common supports, fillers and instruments.
COMMON_FAMILIES = tuple(
    "Al K,Si K,P K,S K,Cl K,Ar K,K K,Ca K,Ti K,V K,Cr K,Mn K,Fe K,Co K,Ni K,Cu K,Zn K,As K,Se K,"
    "Br K,Rb K,Sr K,Zr K,Ag K,Cd K,Sn K,Sb K,Ba K,Ag L,Cd L,Sn L,Sb L,Ba L,Au L,Hg L,Pb L,Bi L,"
    "Au M,Hg M,Pb M,Bi M".split(",")
)
#: Anodes whose hard scatter lines are fitted where the anode is unknown.
_ANODES_UNKNOWN = ("Mo", "Rh", "Ag")
#: Range of the factors on K beta lines, and on L1 and L2 against L3.
_RATIO_RANGE = (0.6, 1.6)


def common_line_columns(axis: FloatArray, conditions: Conditions) -> FloatArray:
    """Return columns whose non-negative sums are families with ratios within a range.

    Parameters
    ----------
    axis : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    conditions : Conditions
        Anode, voltage, resolution and air path.

    Returns
    -------
    ndarray, shape (column, channel)
    """
    shapes = [family_columns(axis, name, conditions) for name in COMMON_FAMILIES]
    return np.array([shape for family in shapes for shape in family])


def family_columns(axis: FloatArray, name: str, conditions: Conditions) -> list[FloatArray]:
    """Return shapes whose non-negative sums are one family with line ratios within a range.

    None are returned for a family that is not excited, whose main line lies beyond the axis, or
    that the tube emits itself.
    """
    if name.split()[0] == conditions.anode:
        return []  # the tube's own lines are among its scatter
    try:
        family = excited_family(name, conditions)
    except ValueError:
        return []
    if not axis[0] + 0.1 < family.main.kev < axis[-1] - 0.1:
        return []
    air = path_transmission(family.kev, conditions.air_mm)
    return [
        family_shape(axis, family, air * factors, conditions.fwhm_mn_ka_ev)
        for factors in ratio_bounds(family)
    ]


def scatter_columns(axis: FloatArray, conditions: Conditions) -> FloatArray:
    """Return the scatter of the anode, or of likely ones, shape (column, channel)."""
    anodes = (conditions.anode,) if conditions.anode else _ANODES_UNKNOWN
    shapes = [
        part.shape
        for anode in anodes
        for part in scatter_shapes(axis, replace(conditions, anode=anode))
    ]
    return np.array(shapes).reshape(-1, len(axis))


def ratio_bounds(family: LineFamily) -> Sequence[FloatArray]:
    """Return the factors on the lines at both ends of the range of ratios."""
    if family.family == "K":
        varied = np.array([line.siegbahn.startswith("Kb") for line in family.lines])
    elif family.family == "L" and family.z >= 56:
        varied = np.array([not line.iupac.startswith("L3") for line in family.lines])
    else:
        return [np.ones(len(family.lines))]
    return [np.where(varied, factor, 1.0) for factor in _RATIO_RANGE]
