"""Identification of a peak: lines, escape peaks, sum peaks, scatter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .._typing import FloatArray
from ..physics.detector import path_transmission
from ..physics.lines import GREEK, LineFamily, element_symbol
from ._peak_artefacts import escapes, scatter, sums
from ._peak_context import PeakContext, PeakName
from .conditions import Conditions
from .design_matrix import excited_family
from .line_search import CANDIDATES

__all__ = ["PeakName", "measure_peak", "name_peak"]


#: Elements that are common in paintings rank before others at the same energy.
_EVERYDAY = frozenset("Si S Cl K Ca Ti Cr Mn Fe Co Ni Cu Zn As Sr Cd Sn Sb Ba Au Hg Pb".split())
_FIRST_Z, _LAST_Z = 11, 92


def name_peak(
    kev: float,
    spectrum: ArrayLike,
    axis_kev: FloatArray,
    conditions: Conditions | None = None,
    *,
    most: int = 8,
) -> tuple[PeakName, ...]:
    """Identify the peak at an energy; return the candidates, the likeliest first.

    A line is ranked by its distance, by how common its element is, and by the presence of the
    stronger lines of the same shell in the spectrum.

    Parameters
    ----------
    kev : float
        Energy near the peak, keV.
    spectrum : array_like, shape (channel,)
        Counts.
    axis_kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    conditions : Conditions, optional
        Anode, voltage, resolution, air path.
    most : int
        Maximum number of candidates.
    """
    context = PeakContext(spectrum, axis_kev, conditions)
    peak_kev = context.peak_near(kev)
    found = [*_lines(peak_kev, context), *escapes(peak_kev, context), *sums(peak_kev, context)]
    found += scatter(peak_kev, context)
    best: dict[str, PeakName] = {}
    for name in sorted(found, key=lambda name: -name.score):
        best.setdefault(name.label, name)
    return tuple(list(best.values())[:most])


def measure_peak(
    kev: float, spectrum: ArrayLike, axis_kev: FloatArray, conditions: Conditions | None = None
) -> tuple[float, float, float]:
    """Return energy (keV), net counts and their noise of the peak nearest to an energy.

    Parameters
    ----------
    kev : float
        Energy near the peak, keV.
    spectrum, axis_kev, conditions
        As for :func:`name_peak`.
    """
    context = PeakContext(spectrum, axis_kev, conditions)
    peak_kev = context.peak_near(kev)
    return (peak_kev, *context.net(peak_kev))


def _lines(peak_kev: float, context: PeakContext) -> list[PeakName]:
    found = []
    for z in range(_FIRST_Z, _LAST_Z + 1):
        symbol = element_symbol(z)
        for shell in "KLM":
            try:
                family = excited_family(f"{symbol} {shell}", context.conditions)
            except ValueError:
                continue
            if np.abs(family.kev - peak_kev).min() < 4 * context.sigma(peak_kev):
                found += _family_lines(peak_kev, family, symbol, context)
    return found


def _family_lines(
    peak_kev: float, family: LineFamily, symbol: str, context: PeakContext
) -> list[PeakName]:
    marks = _marks(family, context)
    top = max(mark.share for mark in marks)
    names = []
    for mark in marks:
        near = context.proximity(mark.kev - peak_kev, peak_kev)
        if near < 0.02 or mark.share < 0.01:
            continue
        support, reason = _support(mark, marks, context)
        common = 1.0 if symbol in _EVERYDAY else 0.6 if symbol in CANDIDATES else 0.25
        if symbol == context.conditions.anode:
            common = 0.6
        strong = 0.4 + 0.6 * mark.share / top
        label = f"{symbol} {mark.label}"
        score = near * common * strong * support
        names.append(PeakName(label, "line", mark.kev, score, reason, family.name))
    return names


@dataclass(frozen=True)
class _Mark:
    """Lines of a family that a detector does not resolve."""

    label: str
    kev: float
    share: float


def _marks(family: LineFamily, context: PeakContext) -> list[_Mark]:
    strength = family.strength * path_transmission(family.kev, context.conditions.air_mm)
    share = strength / strength.sum()
    free = np.ones(share.size, dtype=bool)
    marks = []
    for index in np.argsort(-share):
        if not free[index]:
            continue
        reach = 1.2 * context.sigma(float(family.kev[index]))
        rows = free & (np.abs(family.kev - family.kev[index]) < reach)
        free &= ~rows
        name = family.lines[int(index)].siegbahn
        kev = float(family.kev[rows] @ share[rows] / share[rows].sum())
        label = f"{name[0]}{GREEK.get(name[1], name[1])}"
        marks.append(_Mark(label, kev, float(share[rows].sum())))
    return marks


def _support(mark: _Mark, marks: Sequence[_Mark], context: PeakContext) -> tuple[float, str]:
    """Compare the other lines of a family with their expected counts; return score, reason."""
    here = max(context.net(mark.kev)[0], 0.0)
    worst, missing, met = 1.0, "", 0
    for other in marks:
        apart = abs(other.kev - mark.kev) > 3 * context.sigma(mark.kev)
        if not apart or not context.axis[0] < other.kev < context.axis[-1]:
            continue
        net, noise = context.net(other.kev)
        expected = here * other.share / mark.share
        if expected < 4 * noise:
            continue  # not detectable
        ratio = max((net + 3 * noise) / (0.5 * expected), 0.0)
        met += ratio >= 1
        if ratio < worst:
            worst, missing = ratio, f"{other.label} line at {other.kev:.2f} keV"
    if missing:
        return max(worst**2, 0.02), f"Its {missing} is missing or too weak."
    if met:
        return 1.0 - 0.3 * 0.5**met, "Its other lines fit."
    return 0.7, "Its other lines are too weak to check."
