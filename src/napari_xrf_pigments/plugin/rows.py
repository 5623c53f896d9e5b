"""What views are given to show: plain rows (no Qt)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FoundRow:
    """A line of the list.

    Parameters
    ----------
    kind : str
        ``"group"`` or ``"pigment"``.
    name, title : str
        Id, and name for people.
    colour : str
        ``"#rrggbb"``.
    share : float
        Share of the painting over the threshold, 0-1.
    found : bool
        Whether that is enough for a layer.
    members : tuple of FoundRow
        The pigments of a group.
    """

    kind: str
    name: str
    title: str
    colour: str
    share: float
    found: bool
    members: tuple[FoundRow, ...] = ()


@dataclass(frozen=True)
class Bar:
    """One bar.

    Parameters
    ----------
    title : str
        Name for people.
    colour : str
        ``"#rrggbb"``.
    value : float
        Probability that it is there, 0-1.
    top, below : float or None
        Probabilities that it is in the top layer and below it; None for groups.
    """

    title: str
    colour: str
    value: float
    top: float | None = None
    below: float | None = None

    @property
    def place(self) -> str:
        """Where it most likely is, in words."""
        if self.top is None or self.below is None:
            return ""
        words = [word for word, p in (("top", self.top), ("below", self.below)) if p >= 0.5]
        return " + ".join(words)


@dataclass(frozen=True)
class MarkedLine:
    """A line to be marked on the spectrum.

    Parameters
    ----------
    label : str
        Such as ``"Fe Ka"``.
    kev : float
        Energy, keV.
    colour : str
        ``"#rrggbb"``.
    main : bool
        Whether it gets its label; minor lines are ticks only.
    """

    label: str
    kev: float
    colour: str
    main: bool = True
