"""What speaks for a prediction, in words and marks (no Qt)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from napari_xrf_pigments.physics.lines import line_family

from ..layers import colours
from ..state.rows import Band

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
    parts = [f"<b>{escape(title)}</b>: {percent(evidence.probability)}"]
    if top is not None and below is not None:
        parts[0] += f" (top {percent(top)}, below {percent(below)})"
    lines = ", ".join(
        f"<b>{line.family}</b> at {line.kev:.2f} keV ({line.counts:,.0f} ± {line.sigma:,.0f})"
        for line in evidence.lines
    )
    if lines:
        parts.append(f"Speaks for it: {lines}. Without: {percent(evidence.without)}.")
    else:
        parts.append("No single element speaks for it.")
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


def unexplained_html(strangers: Sequence[Any]) -> str:
    """What in a spectrum is left unexplained; empty where nothing is."""
    if not strangers:
        return ""
    told = [
        f"{entry.family or 'a peak without a name'} at {entry.kev:.2f} keV ({entry.sigma:.0f} σ)"
        for entry in strangers
    ]
    return f"<b>Unexplained:</b> {', '.join(told)}."


def title_of(kind: str, name: str) -> str:
    """Name of a pigment or group for people."""
    return colours.group_title(name) if kind == "group" else colours.pigment_title(name)


def percent(value: float) -> str:
    """A probability as people say it; never 100 % where it is not."""
    if 0.995 <= value < 0.99995:
        return "over 99 %"
    if 0 < value < 0.005:
        return "under 1 %"
    return f"{100 * value:.0f} %"


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
