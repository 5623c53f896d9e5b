"""The spectra that are compared in one plot (no Qt)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.io.spectra import NamedSpectrum

#: Colours that differ on a dark and on a light background, also for the colour-blind
#: (Okabe and Ito's); those near the plot's own blue are used last.
PALETTE = ("#e69f00", "#009e73", "#cc79a7", "#d55e00", "#b8a900", "#56b4e9", "#0072b2", "#999999")
PIXEL = "pixel"
#: The edge of shapes for which nobody has chosen a colour.
_NAPARI_GREY = "#777777"
_PIN = re.compile(r"pin:(\d{1,7}),(\d{1,7}),(\d{1,3})")
_COLOUR = re.compile("#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Curve:
    """A spectrum in the plot.

    Parameters
    ----------
    key : str
        Identifies it; a curve with the same key replaces it.
    name : str
        For legend and files.
    colour : str
        ``"#rrggbb"``; empty for the plot's own colour.
    counts : ndarray, shape (channel,)
        Counts.
    shown : bool
        Whether it is drawn.
    removable : bool
        Whether the user may take it off the list.
    """

    key: str
    name: str
    colour: str
    counts: NDArray[np.float64]
    shown: bool = True
    removable: bool = False


def plot_colour(colour: str, number: int) -> str:
    """The colour of a region's spectrum: its own, but where nobody chose one.

    napari draws shapes in a grey that is hardly seen in a plot.
    """
    return PALETTE[2 + number % (len(PALETTE) - 3)] if colour == _NAPARI_GREY else colour


@dataclass(frozen=True)
class Pin:
    """A place whose spectrum stays in the plot.

    Parameters
    ----------
    y, x : int
        The pixel.
    radius : int
        Pixels around it that are averaged; 0 is one pixel.
    """

    y: int
    x: int
    radius: int = 0

    @property
    def key(self) -> str:
        """Key of its curve."""
        return f"pin:{self.y},{self.x},{self.radius}"

    def title(self, word: str) -> str:
        """Its name for people, which begins with a word such as "Pinned"."""
        text = f"{word} x {self.x}, y {self.y}"
        return f"{text}, mean of radius {self.radius}" if self.radius else text

    @classmethod
    def of(cls, key: str) -> Pin | None:
        """The place of a curve's key; None where it is no pinned one."""
        found = _PIN.fullmatch(key)
        return cls(*map(int, found.groups())) if found else None


class Curves:
    """An ordered set of curves."""

    def __init__(self) -> None:
        self._curves: dict[str, Curve] = {}
        #: Colour and tick of curves that a saved session knew and that are not read yet.
        self._awaited: dict[str, tuple[str, bool]] = {}

    def __iter__(self) -> Iterator[Curve]:
        return iter(tuple(self._curves.values()))

    def __len__(self) -> int:
        return len(self._curves)

    def get(self, key: str) -> Curve | None:
        """The curve of a key."""
        return self._curves.get(key)

    def upsert(self, curve: Curve) -> None:
        """Add a curve, or replace the one of its key; a ticked-off one stays off."""
        old = self._curves.get(curve.key)
        if old is not None:
            curve = replace(curve, shown=old.shown, colour=old.colour or curve.colour)
        elif curve.key in self._awaited:
            colour, shown = self._awaited.pop(curve.key)
            curve = replace(curve, shown=shown, colour=colour or curve.colour)
        self._curves[curve.key] = curve
        if old is None and curve.key == PIXEL:
            # What is compared with it is drawn over it, in whichever order they came.
            for key in [key for key in self._curves if key.startswith(("pin:", "region:"))]:
                self._curves[key] = self._curves.pop(key)

    def replace_group(self, prefix: str, curves: Iterable[Curve]) -> None:
        """Put curves whose keys begin with a prefix in place of all such."""
        curves = list(curves)
        keep = {curve.key for curve in curves}
        for key in [key for key in self._curves if key.startswith(prefix) and key not in keep]:
            del self._curves[key]
        for curve in curves:
            self.upsert(curve)

    def show(self, key: str, shown: bool) -> None:
        """Tick a curve on or off."""
        if key in self._curves:
            self._curves[key] = replace(self._curves[key], shown=shown)

    def remove(self, key: str) -> None:
        """Take a curve away."""
        self._curves.pop(key, None)

    def clear(self) -> None:
        """Take all curves away."""
        self._curves.clear()
        self._awaited.clear()

    def free_colour(self) -> str:
        """A colour of the palette that the fewest curves have."""
        used = [curve.colour for curve in self._curves.values()]
        used += [colour for colour, _ in self._awaited.values()]
        return min(PALETTE, key=used.count)

    def shown(self) -> list[Curve]:
        """The curves that are drawn."""
        return [curve for curve in self._curves.values() if curve.shown]

    def state(self) -> list[dict[str, Any]]:
        """Which curves there are, their colours and ticks, as plain values."""
        known = {curve.key: (curve.colour, curve.shown) for curve in self} | self._awaited
        return [
            {"key": key, "colour": colour, "shown": shown} for key, (colour, shown) in known.items()
        ]

    def restore(self, state: Any) -> None:
        """Expect the curves of :meth:`state`; what cannot be used is left out."""
        self.clear()
        for entry in state if isinstance(state, list) else []:
            known = entry if isinstance(entry, dict) else {}
            key, colour, shown = (known.get(name) for name in ("key", "colour", "shown"))
            if not (isinstance(key, str) and isinstance(colour, str) and isinstance(shown, bool)):
                continue
            if not colour or _COLOUR.fullmatch(colour):
                self._awaited[key] = (colour, shown)

    def is_pending(self, key: str) -> bool:
        """Whether a saved session knew a curve that is not read yet."""
        return key in self._awaited

    def pending_pins(self) -> list[Pin]:
        """Pinned places of a saved session whose spectra are not read yet."""
        pins = [Pin.of(key) for key in self._awaited]
        return [pin for pin in pins if pin is not None]

    def spectra(self) -> list[NamedSpectrum]:
        """The drawn curves, to be saved."""
        return [NamedSpectrum(curve.name, curve.counts) for curve in self.shown()]
