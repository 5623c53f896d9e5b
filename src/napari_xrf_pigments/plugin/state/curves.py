"""The spectra that are compared in one plot (no Qt)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.io.spectra import NamedSpectrum

#: Colours distinct on dark and light backgrounds and for the colour-blind (Okabe and Ito);
#: those near the blue of the plot come last.
PALETTE = ("#e69f00", "#009e73", "#cc79a7", "#d55e00", "#b8a900", "#56b4e9", "#0072b2", "#999999")
PIXEL = "pixel"
#: Default edge colour of napari for shapes.
_NAPARI_GREY = "#777777"
_PIN = re.compile(r"pin:(\d{1,7}),(\d{1,7}),(\d{1,3})")
_COLOUR = re.compile("#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Curve:
    """A spectrum in the plot.

    Parameters
    ----------
    key : str
        Identifier; a curve with the same key replaces it.
    name : str
        Name in legend and files.
    colour : str
        ``"#rrggbb"``; empty for the plot's own colour.
    counts : ndarray, shape (channel,)
        Counts.
    shown : bool
        Whether it is drawn.
    removable : bool
        Whether the user may remove it from the list.
    """

    key: str
    name: str
    colour: str
    counts: NDArray[np.float64]
    shown: bool = True
    removable: bool = False


def plot_colour(colour: str, number: int) -> str:
    """Return the colour of the spectrum of a region, by that of its shape or label.

    The default grey of napari hardly shows in a plot and is replaced by a colour of the palette.
    """
    return PALETTE[2 + number % (len(PALETTE) - 3)] if colour == _NAPARI_GREY else colour


@dataclass(frozen=True)
class Pin:
    """A pixel, or a disc of pixels, whose spectrum stays in the plot.

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
        """Return its name, which begins with a word such as "Pinned"."""
        text = f"{word} x {self.x}, y {self.y}"
        return f"{text}, mean of radius {self.radius}" if self.radius else text

    @classmethod
    def of(cls, key: str) -> Pin | None:
        """Return the pin of the key of a curve; None for curves of other kinds."""
        found = _PIN.fullmatch(key)
        return cls(*map(int, found.groups())) if found else None


class Curves:
    """An ordered set of curves."""

    def __init__(self) -> None:
        self._curves: dict[str, Curve] = {}
        #: Colour and visibility of the curves of a saved session that are not read yet.
        self._pending: dict[str, tuple[str, bool]] = {}

    def __iter__(self) -> Iterator[Curve]:
        return iter(tuple(self._curves.values()))

    def __len__(self) -> int:
        return len(self._curves)

    def get(self, key: str) -> Curve | None:
        """Return the curve of a key, or None."""
        return self._curves.get(key)

    def upsert(self, curve: Curve) -> None:
        """Add a curve, or replace the one of its key, which keeps colour and visibility."""
        old = self._curves.get(curve.key)
        if old is not None:
            curve = replace(curve, shown=old.shown, colour=old.colour or curve.colour)
        elif curve.key in self._pending:
            colour, shown = self._pending.pop(curve.key)
            curve = replace(curve, shown=shown, colour=colour or curve.colour)
        self._curves[curve.key] = curve
        if old is None and curve.key == PIXEL:
            # Pins and regions are drawn over the pixel they are compared with.
            for key in [key for key in self._curves if key.startswith(("pin:", "region:"))]:
                self._curves[key] = self._curves.pop(key)

    def replace_group(self, prefix: str, curves: Iterable[Curve]) -> None:
        """Replace all curves whose keys begin with a prefix."""
        curves = list(curves)
        new = {curve.key for curve in curves}
        for key in [key for key in self._curves if key.startswith(prefix) and key not in new]:
            del self._curves[key]
        for curve in curves:
            self.upsert(curve)

    def show(self, key: str, shown: bool) -> None:
        """Show or hide a curve."""
        if key in self._curves:
            self._curves[key] = replace(self._curves[key], shown=shown)

    def remove(self, key: str) -> None:
        """Remove a curve."""
        self._curves.pop(key, None)

    def clear(self) -> None:
        """Remove all curves."""
        self._curves.clear()
        self._pending.clear()

    def free_colour(self) -> str:
        """Return a colour of the palette that the fewest curves have."""
        used = [curve.colour for curve in self._curves.values()]
        used += [colour for colour, _ in self._pending.values()]
        return min(PALETTE, key=used.count)

    def shown(self) -> list[Curve]:
        """Return the curves that are drawn."""
        return [curve for curve in self._curves.values() if curve.shown]

    def state(self) -> list[dict[str, Any]]:
        """Return keys, colours and visibility of the curves as JSON values."""
        known = {curve.key: (curve.colour, curve.shown) for curve in self} | self._pending
        return [
            {"key": key, "colour": colour, "shown": shown} for key, (colour, shown) in known.items()
        ]

    def restore(self, state: Any) -> None:
        """Apply the values of :meth:`state` to curves to come; invalid entries are ignored."""
        self.clear()
        for entry in state if isinstance(state, list) else []:
            known = entry if isinstance(entry, dict) else {}
            key, colour, shown = (known.get(name) for name in ("key", "colour", "shown"))
            if not (isinstance(key, str) and isinstance(colour, str) and isinstance(shown, bool)):
                continue
            if not colour or _COLOUR.fullmatch(colour):
                self._pending[key] = (colour, shown)

    def is_pending(self, key: str) -> bool:
        """Return whether a curve of a saved session is not read yet."""
        return key in self._pending

    def pending_pins(self) -> list[Pin]:
        """Return the pins of a saved session whose spectra are not read yet."""
        pins = [Pin.of(key) for key in self._pending]
        return [pin for pin in pins if pin is not None]

    def spectra(self) -> list[NamedSpectrum]:
        """Return the curves that are drawn, to be saved."""
        return [NamedSpectrum(curve.name, curve.counts) for curve in self.shown()]
