"""What is known of one pixel, as bars and marked lines (no Qt)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import EnergyAxis, PigmentMaps
from napari_xrf_pigments.physics.lines import line_family

from ..layers import colours
from ..state.results import format_probability
from .rows import Band, Bar, MarkedLine

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


_MOST_ALTERNATIVES = 6


def evidence_of(explanation: Any, kind: str, name: str) -> Any | None:
    """The evidence for a pigment or a group, where there is any."""
    if explanation is None:
        return None
    for entry in explanation.evidence:
        if (entry.kind, entry.name) == (kind, name):
            return entry
    return None


def bands_of(evidence: Any, fwhm_kev: Any) -> list[Band]:
    """Stretches of the axis that speak for a prediction: its lines, as wide as they appear."""
    bands = []
    for line in evidence.lines:
        if line.counts <= 0:
            continue
        family = line_family(line.family, 120.0)
        colour = colours.element_colour(line.family)
        for entry, strength in zip(family.lines, family.strength, strict=True):
            if strength > 0.08:
                half = 0.6 * float(fwhm_kev(entry.kev))
                bands.append(Band(entry.kev - half, entry.kev + half, colour))
    return _merged(bands)


def evidence_html(evidence: Any, top: float | None = None, below: float | None = None) -> str:
    """What speaks for a prediction, how much, and what else it could be."""
    title = title_of(evidence.kind, evidence.name)
    parts = [f"<b>{escape(title)}</b>: {format_probability(evidence.probability)}"]
    if top is not None and below is not None:
        parts[0] += f" (top {format_probability(top)}, below {format_probability(below)})"
    lines = ", ".join(
        f"<b>{line.family}</b> at {line.kev:.2f} keV ({line.counts:,.0f} ± {line.sigma:,.0f})"
        for line in evidence.lines
    )
    if lines:
        without = format_probability(evidence.without)
        parts.append(f"Evidence: {lines}. Probability without these lines: {without}.")
    else:
        parts.append("No single element supports it.")
    others = [escape(colours.pigment_title(name)) for name in evidence.alternatives]
    if evidence.kind == "group":
        parts.append(f"One or more of: {_listed(others)}.")
    elif others:
        parts.append(f"Same elements: {_listed(others)}.")
    mixtures = [
        " with ".join(escape(colours.group_title(group).lower()) for group in pair)
        for pair in evidence.mixtures
    ]
    if mixtures:
        parts.append(f"Or a mixture: {'; '.join(mixtures)}.")
    return "<br>".join(parts)


def unexplained_html(peaks: Sequence[Any]) -> str:
    """Describe the unassigned peaks of a spectrum as HTML; empty where there are none."""
    if not peaks:
        return ""
    names = [
        f"{entry.kev:.2f} keV ({entry.sigma:.0f} σ"
        + (f"; {entry.family}?)" if entry.family else ")")
        for entry in peaks
    ]
    noun = "peak" if len(names) == 1 else "peaks"
    return f"<b>Unassigned {noun}</b> at {', '.join(names)}; check neighbouring pixels."


def title_of(kind: str, name: str) -> str:
    """Name of a pigment or group for people."""
    return colours.group_title(name) if kind == "group" else colours.pigment_title(name)


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_MOST_ALTERNATIVES])
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _merged(bands: list[Band]) -> list[Band]:
    merged: list[Band] = []
    for band in sorted(bands, key=lambda b: (b.colour, b.low)):
        last = merged[-1] if merged else None
        if last is not None and last.colour == band.colour and band.low <= last.high:
            merged[-1] = Band(last.low, max(last.high, band.high), band.colour)
        else:
            merged.append(band)
    return merged
