"""The spectra that are compared in one plot (no Qt)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..io.save_spectra import NamedSpectrum

#: Colours that differ on a dark and on a light background, also for the colour-blind.
PALETTE = ("#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#d55e00", "#b8a900", "#0072b2", "#999999")
PIXEL = "pixel"


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


class Curves:
    """An ordered set of curves."""

    def __init__(self) -> None:
        self._curves: dict[str, Curve] = {}

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(tuple(self._curves.values()))

    def __len__(self) -> int:
        return len(self._curves)

    def get(self, key: str) -> Curve | None:
        """The curve of a key."""
        return self._curves.get(key)

    def put(self, curve: Curve) -> None:
        """Add a curve, or replace the one of its key; a ticked-off one stays off."""
        old = self._curves.get(curve.key)
        if old is not None:
            curve = replace(curve, shown=old.shown, colour=old.colour or curve.colour)
        self._curves[curve.key] = curve

    def replace_group(self, prefix: str, curves: Iterable[Curve]) -> None:
        """Put curves whose keys begin with a prefix in place of all such."""
        curves = list(curves)
        keep = {curve.key for curve in curves}
        for key in [key for key in self._curves if key.startswith(prefix) and key not in keep]:
            del self._curves[key]
        for curve in curves:
            self.put(curve)

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

    def free_colour(self) -> str:
        """A colour of the palette that the fewest curves have."""
        used = [curve.colour for curve in self._curves.values()]
        return min(PALETTE, key=used.count)

    def shown(self) -> list[Curve]:
        """The curves that are drawn."""
        return [curve for curve in self._curves.values() if curve.shown]

    def spectra(self) -> list[NamedSpectrum]:
        """The drawn curves, to be saved."""
        return [NamedSpectrum(curve.name, curve.counts) for curve in self.shown()]
