"""Selection of the pigments of a result that are shown: by period, by choice, by threshold.

A palette changes no probability: it selects the pigments to show, and the program always lists the
hidden ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, Literal

import numpy as np

from ..cube import PigmentMaps
from ..cube.maps import channel_names, pigment_arrays
from .catalogue import pigment, pigment_catalogue

Reason = Literal["period", "excluded"]
#: Default probability above which a pigment is considered present.
THRESHOLD = 0.5


@dataclass(frozen=True)
class Palette:
    """Selection of the pigments that are shown.

    Parameters
    ----------
    period : (int or None, int or None)
        First and last year in which the painting may have been made; None is open. Pigments
        that were not in use in any of these years are hidden.
    excluded : frozenset of str
        Pigments that the user hides.
    added : frozenset of str
        Pigments that are shown in any period and below any threshold.
    threshold : float
        Probability above which a pigment is considered present, 0-1.
    thresholds : mapping of str to float
        Separate thresholds, by pigment.

    Raises
    ------
    ValueError
        If the period ends before it begins, or a threshold is not between 0 and 1.
    """

    period: tuple[int | None, int | None] = (None, None)
    excluded: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()
    threshold: float = THRESHOLD
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        first, last = self.period
        if first is not None and last is not None and last < first:
            raise ValueError(f"The period ends in {last}, before it begins in {first}.")
        for value in (self.threshold, *self.thresholds.values()):
            if not 0 <= value <= 1:
                raise ValueError(f"A threshold is a probability between 0 and 1, not {value}.")

    def threshold_of(self, name: str) -> float:
        """Return the probability above which a pigment is considered present."""
        return self.thresholds.get(name, self.threshold)

    def hidden(self, names: Iterable[str]) -> dict[str, Reason]:
        """Return the reason for each hidden pigment, by id."""
        reasons: dict[str, Reason] = {}
        for name in names:
            if name in self.excluded:
                reasons[name] = "excluded"
            elif name not in self.added and not in_use(name, self.period):
                reasons[name] = "period"
        return reasons

    def excluding(self, name: str, exclude: bool = True) -> Palette:
        """Return the palette with a pigment hidden by the user, or no longer hidden."""
        excluded = self.excluded | {name} if exclude else self.excluded - {name}
        return replace(self, excluded=excluded, added=self.added - excluded)

    def adding(self, name: str, add: bool = True) -> Palette:
        """Return the palette with a pigment always shown, or no longer."""
        added = self.added | {name} if add else self.added - {name}
        return replace(self, added=added, excluded=self.excluded - added)

    def with_threshold(self, name: str, threshold: float | None) -> Palette:
        """Return the palette with a separate threshold for a pigment; None removes it."""
        others = {key: value for key, value in self.thresholds.items() if key != name}
        if threshold is not None:
            others[name] = threshold
        return replace(self, thresholds=others)

    @property
    def settings(self) -> dict[str, Any]:
        """The palette as plain values, for provenance and sessions."""
        return {
            "period": list(self.period),
            "excluded": sorted(self.excluded),
            "added": sorted(self.added),
            "threshold": self.threshold,
            "thresholds": dict(self.thresholds),
        }

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Palette:
        """Build a palette from plain values; missing ones take their defaults.

        Raises
        ------
        ValueError
            If a value cannot be used.
        """
        try:
            first, last = settings.get("period", (None, None))
            return cls(
                (None if first is None else int(first), None if last is None else int(last)),
                frozenset(map(str, settings.get("excluded", ()))),
                frozenset(map(str, settings.get("added", ()))),
                float(settings.get("threshold", THRESHOLD)),
                {str(k): float(v) for k, v in dict(settings.get("thresholds", {})).items()},
            )
        except (TypeError, AttributeError) as error:
            raise ValueError("These are not the settings of a palette.") from error


def select_pigments(maps: PigmentMaps, palette: Palette) -> PigmentMaps:
    """Return pigment maps without the pigments that a palette hides; the provenance lists them.

    Parameters
    ----------
    maps : PigmentMaps
        Maps of any pigments; groups are kept.
    palette : Palette
        The selection.
    """
    hidden = palette.hidden(maps.names)
    made = {**maps.provenance, "palette": palette.settings, "hidden": hidden}
    if not hidden:
        return replace(maps, provenance=made)
    shown = [index for index, name in enumerate(maps.names) if name not in hidden]
    arrays: dict[str, Any] = {
        array: np.asarray(getattr(maps, array))[shown]
        for array in pigment_arrays(maps)
        if channel_names(array, maps.names, maps.groups) is maps.names
    }
    names = tuple(maps.names[index] for index in shown)
    return replace(maps, names=names, provenance=made, **arrays)


def parse_period(text: str) -> tuple[int | None, int | None]:
    """Parse years such as "1880-1900", "1880-" or "-1900"; one year is a period of one year.

    Raises
    ------
    ValueError
        If it is nothing of that kind.
    """
    match = re.fullmatch(r"\s*(\d{1,4})?\s*(-)?\s*(\d{1,4})?\s*", text)
    if not match or not (match[1] or match[3]):
        raise ValueError(f'"{text}" is not a period such as 1880-1900, 1880- or -1900.')
    first, last = (None if year is None else int(year) for year in (match[1], match[3]))
    return (first, last) if match[2] else (first, first)


def palette_of(
    names: Iterable[str], period: tuple[int | None, int | None], threshold: float
) -> Palette:
    """Make the palette of a list of pigments, which hides all others.

    Parameters
    ----------
    names : iterable of str
        Ids or names of pigments; all pigments if empty.
    period : (int or None, int or None)
        First and last year of the painting; the listed pigments are shown in any period.
    threshold : float
        Probability above which a pigment counts, 0-1.

    Raises
    ------
    ValueError
        If a pigment is unknown; the message lists similar ones.
    """
    known = {entry.id: entry.id for entry in pigment_catalogue()}
    spelt = {_spelling(key): key for key in known}
    spelt |= {_spelling(entry.name): entry.id for entry in pigment_catalogue()}
    listed = []
    for name in names:
        found = spelt.get(_spelling(name))
        if found is None:
            similar = get_close_matches(_spelling(name), spelt, 3)
            hint = f" Similar: {', '.join(spelt[each] for each in similar)}." if similar else ""
            raise ValueError(f'There is no pigment "{name}".{hint}')
        listed.append(found)
    if not listed:
        return Palette(period, threshold=threshold)
    return Palette(period, frozenset(known) - set(listed), frozenset(listed), threshold)


def _spelling(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def in_use(name: str, period: tuple[int | None, int | None]) -> bool:
    """Return whether a pigment was in use in any year of a period; True for unknown pigments."""
    try:
        begun, ended = pigment(name).in_use
    except ValueError:
        return True
    first, last = period
    too_new = begun is not None and last is not None and begun > last
    too_old = ended is not None and first is not None and ended < first
    return not (too_new or too_old)


def years(name: str) -> str:
    """Return the years of use as text, ``"from 1916"``; empty where always or unknown."""
    try:
        begun, ended = pigment(name).in_use
    except ValueError:
        return ""
    if begun is not None and ended is not None:
        return f"{begun} to {ended}"
    if begun is not None:
        return f"from {begun}"
    return "" if ended is None else f"up to {ended}"
