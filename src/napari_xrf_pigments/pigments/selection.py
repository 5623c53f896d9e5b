"""Selection of the pigments of a result that are shown: by period, by choice, by threshold.

A palette changes no probability: it selects the pigments to show, and the program always lists the
hidden ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .catalogue import pigment

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
