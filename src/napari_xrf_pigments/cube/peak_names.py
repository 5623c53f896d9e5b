"""What a peak of a spectrum could be: lines, escape peaks, sum peaks, scatter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..physics.artefacts import ANODES, anode_families, compton_kev
from ..physics.background import snip
from ..physics.conditions import Conditions
from ..physics.design import excited_family
from ..physics.detect import CANDIDATES
from ..physics.lines import LineFamily, element_symbol
from ..physics.lineshape import FWHM_PER_SIGMA, SI_KA_KEV, air_transmission, escape_share, fwhm_kev
from .peaks import find_peaks

Array = NDArray[np.float64]
Kind = Literal["line", "escape", "sum", "scatter"]

#: Elements that are common in paintings come before others at the same place.
_EVERYDAY = frozenset("Si S Cl K Ca Ti Cr Mn Fe Co Ni Cu Zn As Sr Cd Sn Sb Ba Au Hg Pb".split())
_FIRST_Z, _LAST_Z = 11, 92
_GREEK = {"a": "α", "b": "β", "g": "γ", "l": "ℓ", "n": "η"}
#: Angles between which a Compton peak may lie, degrees.
_ANGLES = (80.0, 150.0)


@dataclass(frozen=True)
class PeakName:
    """One answer to what a peak is.

    Parameters
    ----------
    label : str
        Such as ``"Fe Kα"`` or ``"Ca Kα + Ca Kα"``.
    kind : {"line", "escape", "sum", "scatter"}
        What makes it.
    kev : float
        Where it should be, keV.
    score : float
        How well it fits, 0-1; only the order means something.
    reason : str
        One sentence for or against it.
    family : str
        Line family, for lines; else empty.
    """

    label: str
    kind: Kind
    kev: float
    score: float
    reason: str
    family: str = ""


def name_peak(
    kev: float,
    spectrum: ArrayLike,
    axis_kev: Array,
    conditions: Conditions | None = None,
    *,
    most: int = 8,
) -> tuple[PeakName, ...]:
    """What the peak at an energy could be, the likeliest first.

    A line counts by its distance, by how common its element is, and by whether the
    stronger lines of the same shell are in the spectrum as well.

    Parameters
    ----------
    kev : float
        Where somebody clicked, keV.
    spectrum : array_like, shape (channel,)
        Counts.
    axis_kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    conditions : Conditions, optional
        Anode, voltage, resolution, air path.
    most : int
        At most so many.
    """
    look = _Look(np.asarray(spectrum, dtype=np.float64), axis_kev, conditions or Conditions())
    place = look.peak_near(kev)
    found = [*_lines(place, look), *_escapes(place, look), *_sums(place, look)]
    found += _scatter(place, look)
    best: dict[str, PeakName] = {}
    for name in sorted(found, key=lambda name: -name.score):
        best.setdefault(name.label, name)
    return tuple(list(best.values())[:most])


def measure_peak(
    kev: float, spectrum: ArrayLike, axis_kev: Array, conditions: Conditions | None = None
) -> tuple[float, float, float]:
    """The peak that a click means: its energy (keV), net counts and their noise.

    Parameters
    ----------
    kev : float
        Where somebody clicked, keV.
    spectrum, axis_kev, conditions
        As for :func:`name_peak`.
    """
    look = _Look(np.asarray(spectrum, dtype=np.float64), axis_kev, conditions or Conditions())
    place = look.peak_near(kev)
    return (place, *look.net(place))


class _Look:
    """A spectrum with its background and its peaks."""

    def __init__(self, counts: Array, axis: Array, conditions: Conditions) -> None:
        self.counts, self.axis, self.conditions = counts, axis, conditions
        self.gain = float(axis[1] - axis[0])
        self.background = snip(counts, axis, conditions.fwhm_mn_ka_ev)
        first = int(np.searchsorted(axis, 0.9))
        self.peaks = axis[0] + self.gain * find_peaks(counts, self.gain, first).channel

    def sigma(self, kev: float) -> float:
        """Standard deviation of a peak, keV."""
        width = fwhm_kev(np.array([kev]), self.conditions.fwhm_mn_ka_ev)[0]
        return float(width) / FWHM_PER_SIGMA

    def peak_near(self, kev: float) -> float:
        """The peak within one width of a place, else the place itself."""
        if self.peaks.size:
            nearest = float(self.peaks[np.argmin(np.abs(self.peaks - kev))])
            if abs(nearest - kev) < FWHM_PER_SIGMA * self.sigma(kev):
                return nearest
        return kev

    def net(self, kev: float) -> tuple[float, float]:
        """Counts above background within a width of a place, and their noise."""
        near = np.abs(self.axis - kev) < 1.2 * self.sigma(kev)
        total = float(self.counts[near].sum())
        net = total - float(self.background[near].sum())
        return net, float(np.sqrt(max(total, 1.0)))

    def closeness(self, distance: float, kev: float, extra: float = 0.0) -> float:
        """1 on the spot, falling with the distance over what calibration and width allow."""
        allowed = 0.01 + 0.3 * self.sigma(kev) + extra
        return float(np.exp(-0.5 * (distance / allowed) ** 2))


def _lines(place: float, look: _Look) -> list[PeakName]:
    found = []
    for z in range(_FIRST_Z, _LAST_Z + 1):
        symbol = element_symbol(z)
        for shell in "KLM":
            try:
                family = excited_family(f"{symbol} {shell}", look.conditions)
            except ValueError:
                continue
            if np.abs(family.kev - place).min() < 4 * look.sigma(place):
                found += _family_lines(place, family, symbol, look)
    return found


def _family_lines(place: float, family: LineFamily, symbol: str, look: _Look) -> list[PeakName]:
    marks = _marks(family, look)
    top = max(mark.share for mark in marks)
    names = []
    for mark in marks:
        near = look.closeness(mark.kev - place, place)
        if near < 0.02 or mark.share < 0.01:
            continue
        support, reason = _support(mark, marks, look)
        common = 1.0 if symbol in _EVERYDAY else 0.6 if symbol in CANDIDATES else 0.25
        if symbol == look.conditions.anode:
            common = 0.6
        strong = 0.4 + 0.6 * mark.share / top
        label = f"{symbol} {mark.label}"
        score = near * common * strong * support
        names.append(PeakName(label, "line", mark.kev, score, reason, family.name))
    return names


@dataclass(frozen=True)
class _Mark:
    """Lines of a family that no detector parts."""

    label: str
    kev: float
    share: float


def _marks(family: LineFamily, look: _Look) -> list[_Mark]:
    strength = family.strength * air_transmission(family.kev, look.conditions.air_mm)
    share = strength / strength.sum()
    free = np.ones(share.size, dtype=bool)
    marks = []
    for index in np.argsort(-share):
        if not free[index]:
            continue
        reach = 1.2 * look.sigma(float(family.kev[index]))
        rows = free & (np.abs(family.kev - family.kev[index]) < reach)
        free &= ~rows
        name = family.lines[int(index)].siegbahn
        kev = float(family.kev[rows] @ share[rows] / share[rows].sum())
        label = f"{name[0]}{_GREEK.get(name[1], name[1])}"
        marks.append(_Mark(label, kev, float(share[rows].sum())))
    return marks


def _support(mark: _Mark, marks: Sequence[_Mark], look: _Look) -> tuple[float, str]:
    """Whether the other lines of a family are there in proportion."""
    here = max(look.net(mark.kev)[0], 0.0)
    worst, missing, met = 1.0, "", 0
    for other in marks:
        apart = abs(other.kev - mark.kev) > 3 * look.sigma(mark.kev)
        if not apart or not look.axis[0] < other.kev < look.axis[-1]:
            continue
        net, noise = look.net(other.kev)
        expected = here * other.share / mark.share
        if expected < 4 * noise:
            continue  # it would drown anyway
        ratio = max((net + 3 * noise) / (0.5 * expected), 0.0)
        met += ratio >= 1
        if ratio < worst:
            worst, missing = ratio, f"{other.label} line at {other.kev:.2f} keV"
    if missing:
        return max(worst**2, 0.02), f"Its {missing} is missing or too weak."
    if met:
        return 1.0 - 0.3 * 0.5**met, "Its other lines fit."
    return 0.7, "Its other lines are too weak to check."


def _escapes(place: float, look: _Look) -> list[PeakName]:
    found = []
    here, noise = look.net(place)
    for parent in look.peaks:
        expected_at = float(parent) - SI_KA_KEV
        near = look.closeness(expected_at - place, place, 0.01)
        if parent < 2.5 or near < 0.1:
            continue
        counts = look.net(float(parent))[0] * float(escape_share(np.array([parent]))[0])
        enough = min(1.0, counts / max(here - 2 * noise, 1.0))
        reason = (
            f"The peak at {parent:.2f} keV leaves about {counts:,.0f} counts there, silicon's Kα "
            "lower."
        )
        score = near * min(1.0, enough) * (1.0 if enough > 0.3 else 0.3)
        found.append(
            PeakName(f"Escape peak of {parent:.2f} keV", "escape", expected_at, score, reason)
        )
    return found


def _sums(place: float, look: _Look) -> list[PeakName]:
    heights = np.array([max(look.net(float(peak))[0], 0.0) for peak in look.peaks])
    if heights.size == 0:
        return []
    here, _ = look.net(place)
    strong = np.flatnonzero(heights > 0.1 * heights.max())
    found = []
    for n, first in enumerate(strong):
        for second in strong[n:]:
            at = float(look.peaks[first] + look.peaks[second])
            near = look.closeness(at - place, place, 0.02)
            product = heights[first] * heights[second] / heights.max() ** 2
            # More than a few per cent of its parents is no pile-up.
            few = 1.0 if here < 0.05 * min(heights[first], heights[second]) else 0.15
            if near > 0.1:
                label = f"Sum peak {look.peaks[first]:.2f} + {look.peaks[second]:.2f} keV"
                reason = "Two photons that were counted as one."
                score = 0.8 * near * few * product**0.25
                found.append(PeakName(label, "sum", at, float(score), reason))
    return found


def _scatter(place: float, look: _Look) -> list[PeakName]:
    anode = look.conditions.anode
    found = []
    for symbol in (anode,) if anode else ANODES:
        sure = 0.95 if anode else 0.35
        for family in anode_families(symbol, look.conditions):
            for group in "ab":
                chosen = np.array([line.siegbahn[1] == group for line in family.lines])
                strength = family.strength * chosen
                if strength.sum() < 0.05:
                    continue
                line = float(family.kev @ strength / strength.sum())
                label = f"{symbol} {family.family}{_GREEK[group]}"
                weight = sure * (1.0 if group == "a" else 0.8)
                near = look.closeness(line - place, place, 0.02)
                told = "The tube's own line, scattered without loss."
                if near > 0.05:
                    score = weight * near
                    name = f"{label}, Rayleigh scatter of the tube"
                    found.append(PeakName(name, "scatter", line, score, told))
                low, high = compton_kev(line, _ANGLES[1]), compton_kev(line, _ANGLES[0])
                beside = max(low - place, place - high, 0.0)
                near = look.closeness(beside, place, 0.03)
                if line > 5 and near > 0.05:
                    told = "The tube's own line, scattered with loss; such peaks are broad."
                    name = f"{label}, Compton scatter of the tube"
                    at = compton_kev(line, 110.0)
                    found.append(PeakName(name, "scatter", at, 0.9 * weight * near, told))
    return found
