"""Peaks that are not lines of the sample: escape peaks, sum peaks, scatter of the tube."""

from __future__ import annotations

import numpy as np

from ..physics.detector import SI_KA_KEV, escape_share
from ..physics.lines import GREEK
from ..physics.tube_library import ANODES
from ._peak_context import PeakContext, PeakName
from .artefacts import anode_families, compton_kev

#: Angles between which a Compton peak may lie, degrees.
_ANGLES = (80.0, 150.0)


def escapes(peak_kev: float, context: PeakContext) -> list[PeakName]:
    """Return the silicon escape peaks near an energy (keV)."""
    found = []
    here, noise = context.net(peak_kev)
    for parent in context.peaks:
        expected_at = float(parent) - SI_KA_KEV
        near = context.proximity(expected_at - peak_kev, peak_kev, 0.01)
        if parent < 2.5 or near < 0.1:
            continue
        counts = context.net(float(parent))[0] * float(escape_share(np.array([parent]))[0])
        enough = min(1.0, counts / max(here - 2 * noise, 1.0))
        reason = (
            f"The peak at {parent:.2f} keV has an escape peak of about {counts:,.0f} counts there, "
            "lower by Si Kα."
        )
        score = near * min(1.0, enough) * (1.0 if enough > 0.3 else 0.3)
        found.append(
            PeakName(f"Escape peak of {parent:.2f} keV", "escape", expected_at, score, reason)
        )
    return found


def sums(peak_kev: float, context: PeakContext) -> list[PeakName]:
    """Return the sum peaks of two strong peaks near an energy (keV)."""
    heights = np.array([max(context.net(float(peak))[0], 0.0) for peak in context.peaks])
    if heights.size == 0:
        return []
    here, _ = context.net(peak_kev)
    strong = np.flatnonzero(heights > 0.1 * heights.max())
    found = []
    for n, first in enumerate(strong):
        for second in strong[n:]:
            at = float(context.peaks[first] + context.peaks[second])
            near = context.proximity(at - peak_kev, peak_kev, 0.02)
            product = heights[first] * heights[second] / heights.max() ** 2
            # Pile-up holds at most a few per cent of its parents.
            few = 1.0 if here < 0.05 * min(heights[first], heights[second]) else 0.15
            if near > 0.1:
                label = f"Sum peak {context.peaks[first]:.2f} + {context.peaks[second]:.2f} keV"
                reason = "Two photons counted as one."
                score = 0.8 * near * few * product**0.25
                found.append(PeakName(label, "sum", at, float(score), reason))
    return found


def scatter(peak_kev: float, context: PeakContext) -> list[PeakName]:
    """Return the Rayleigh and Compton peaks of the tube near an energy (keV)."""
    anode = context.conditions.anode
    found = []
    for symbol in (anode,) if anode else ANODES:
        sure = 0.95 if anode else 0.35
        for family in anode_families(symbol, context.conditions):
            for group in "ab":
                chosen = np.array([line.siegbahn[1] == group for line in family.lines])
                strength = family.strength * chosen
                if strength.sum() < 0.05:
                    continue
                line = float(family.kev @ strength / strength.sum())
                label = f"{symbol} {family.family}{GREEK[group]}"
                weight = sure * (1.0 if group == "a" else 0.8)
                near = context.proximity(line - peak_kev, peak_kev, 0.02)
                reason = "A line of the tube, scattered without energy loss."
                if near > 0.05:
                    score = weight * near
                    name = f"{label}, Rayleigh scatter of the tube"
                    found.append(PeakName(name, "scatter", line, score, reason))
                low, high = compton_kev(line, _ANGLES[1]), compton_kev(line, _ANGLES[0])
                beside = max(low - peak_kev, peak_kev - high, 0.0)
                near = context.proximity(beside, peak_kev, 0.03)
                if line > 5 and near > 0.05:
                    reason = "A line of the tube, scattered with energy loss; such peaks are broad."
                    name = f"{label}, Compton scatter of the tube"
                    at = compton_kev(line, 110.0)
                    found.append(PeakName(name, "scatter", at, 0.9 * weight * near, reason))
    return found
