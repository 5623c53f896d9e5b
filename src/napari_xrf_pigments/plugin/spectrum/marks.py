"""What is known of one pixel, as bars and marked lines (no Qt)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from napari_xrf_pigments.cube import EnergyAxis, PigmentMaps
from napari_xrf_pigments.physics.lines import line_family

from ..layers import colours
from ..state.rows import Bar, MarkedLine

#: Less likely pigments are not listed.
LISTED_FROM = 0.1
MOST_BARS = 12
#: Lines nearer to one another than this are one peak.
_ONE_PEAK_KEV = 0.1
_GREEK = {"a": "α", "b": "β", "g": "γ", "l": "ℓ", "n": "η"}


def bars_of(maps: PigmentMaps) -> list[Bar]:
    """Bars of one spectrum: groups whose members cannot be told apart, then pigments.

    Parameters
    ----------
    maps : PigmentMaps
        Answer for one spectrum, arrays (pigment, 1) and (group, 1).
    """
    here = {name: float(p) for name, p in zip(maps.names, maps.probability[:, 0], strict=True)}
    top = {name: float(p) for name, p in zip(maps.names, maps.top[:, 0], strict=True)}
    below = {name: float(p) for name, p in zip(maps.names, maps.below[:, 0], strict=True)}
    bars = []
    for group, value in zip(maps.groups, maps.group_probability[:, 0], strict=True):
        members = colours.group_members(group)
        best = max((here.get(name, 0.0) for name in members), default=0.0)
        if len(members) > 1 and value >= 0.5 > best:
            title, colour = colours.group_title(group), colours.group_colour(group)
            bars.append(Bar(title, colour, float(value), kind="group", name=group))
    for name, value in here.items():
        if value >= LISTED_FROM:
            title, colour = colours.pigment_title(name), colours.pigment_colour(name)
            bars.append(Bar(title, colour, value, top[name], below[name], "pigment", name))
    return sorted(bars, key=lambda bar: -bar.value)[:MOST_BARS]


def families_of(maps: PigmentMaps, threshold: float = 0.5) -> tuple[str, ...]:
    """Line families that speak for what was found in one spectrum."""
    from napari_xrf_pigments.pigments.catalogue import pigment_catalogue

    here = dict(zip(maps.names, maps.probability[:, 0], strict=True))
    table = {entry.id: entry for entry in pigment_catalogue()}
    found: dict[str, None] = {}
    for name, value in here.items():
        if value >= threshold and name in table:
            found.update(dict.fromkeys(table[name].diagnostic))
    for group, value in zip(maps.groups, maps.group_probability[:, 0], strict=True):
        members = [table[name].diagnostic for name in colours.group_members(group)]
        if value >= threshold and members:
            # Which member it is stays open: only what all of them share speaks for it.
            shared = set(members[0]).intersection(*members)
            found.update(dict.fromkeys(name for name in members[0] if name in shared))
    return tuple(found)


def marked_lines(
    families: Iterable[str], axis: EnergyAxis, tube_kv: float | None = None
) -> list[MarkedLine]:
    """The lines of families that lie on an energy axis, the strongest of each labelled."""
    marks = []
    for name in dict.fromkeys(families):
        try:
            family = line_family(name, tube_kv or max(40.0, float(axis.kev[-1])))
        except ValueError:
            # Nothing of it is excited by this tube.
            continue
        colour = colours.element_colour(name)
        for series, kev, strength in _series(name, family):
            if strength > 0.04 and 0.5 < kev < axis.kev[-1]:
                symbol = name.split()[0]
                label = f"{symbol} {series[0]}{_GREEK.get(series[1], series[1])}"
                marks.append(MarkedLine(label, kev, colour, main=strength > 0.25))
    return marks


def _series(name: str, family: object) -> list[tuple[str, float, float]]:
    """Series of lines, such as all K-beta: (series, keV, strength).

    The energy is that of the peak: of the strongest line and those that no detector parts from it.
    """
    merged: dict[str, list[tuple[float, float]]] = {}
    for line, strength in zip(family.lines, family.strength, strict=True):  # type: ignore[attr-defined]
        merged.setdefault(line.siegbahn[:2], []).append((line.kev, float(strength)))
    result = []
    for series, parts in merged.items():
        kevs, weights = np.array(parts).T
        peak = np.abs(kevs - kevs[weights.argmax()]) < _ONE_PEAK_KEV
        kev = np.average(kevs[peak], weights=weights[peak])
        result.append((series, float(kev), float(weights.sum())))
    return result
