"""Elemental maps that fill tile by tile, and how they are shown (no Qt, no napari)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import ElementMaps
from napari_xrf_pigments.mapping.analysis.map_algebra import Monitor, Normalisation, normalised

from .results import Results, empty

if TYPE_CHECKING:
    from napari_xrf_pigments.cube import XRFCube
    from napari_xrf_pigments.mapping.subsets import Part

Floats = NDArray[np.float32]
Quantity = Literal["counts", "sigma", "signal to noise"]
QUANTITIES: dict[Quantity, str] = {
    "counts": "Net counts",
    "sigma": "Uncertainty (sigma)",
    "signal to noise": "Signal to noise",
}


@dataclass(frozen=True)
class ElementView:
    """How elemental maps are shown.

    Parameters
    ----------
    quantity : {"counts", "sigma", "signal to noise"}
        What of them.
    normalisation : {"live time", "scatter", "total"} or None
        What they are divided by.
    """

    quantity: Quantity = "counts"
    normalisation: Normalisation | None = None

    def divided(self) -> str:
        """What names of maps made of several say of the normalisation."""
        return "" if self.normalisation is None else f" (divided by {self.normalisation})"

    def title(self, name: str, part: str = "") -> str:
        """Name of the layer of a map: all that is not net counts of the scan is said."""
        text = name
        if self.quantity != "counts":
            text += f" {self.quantity}"
        if self.normalisation is not None:
            text += f" / {self.normalisation}"
        return f"{text} ({part})" if part else text


class ElementResults(Results):
    """Elemental maps while they fill.

    Parameters
    ----------
    shape : tuple of int
        (y, x) of what is mapped.
    names : tuple of str
        Line families.
    cube : XRFCube, optional
        What is mapped: the scan or a part of it.
    part : Part, optional
        The part, where it is not the whole scan.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        names: tuple[str, ...],
        cube: XRFCube | None = None,
        part: Part | None = None,
    ) -> None:
        super().__init__(shape, None if cube is None else cube.energies)
        self.names = names
        self.cube = cube
        self.part = part
        #: What saved maps are divided by: what is shown is what is taken home.
        self.normalisation: Normalisation | None = None
        self.counts = empty((len(names), *shape))
        self.sigma = empty((len(names), *shape))
        self.total, self.scatter, self.scatter_sigma = (empty(shape) for _ in range(3))

    def add(self, tile: Any) -> None:
        """Put a finished ``ElementTile`` in its place."""
        place = tile.rows, tile.columns
        self.counts[:, *place] = tile.counts
        self.sigma[:, *place] = tile.sigma
        for name in ("total", "scatter", "scatter_sigma"):
            getattr(self, name)[place] = getattr(tile, name)
        self.done[place] = True

    @classmethod
    def of(cls, maps: ElementMaps) -> ElementResults:
        """Finished maps that were loaded."""
        results = cls((1, 1), maps.names)
        results.counts, results.sigma = np.asarray(maps.counts), np.asarray(maps.sigma)
        results.provenance = dict(maps.provenance)
        results.done = np.ones(results.counts.shape[1:], dtype=bool)
        return results

    def significant(self, y: int, x: int, sigmas: float = 5.0) -> tuple[str, ...]:
        """Line families that stand over their noise in a pixel, strongest first."""
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = self.counts[:, y, x] / self.sigma[:, y, x]
        order = np.argsort(-np.nan_to_num(ratio))
        return tuple(self.names[i] for i in order if ratio[i] >= sigmas)

    def monitor(self, normalisation: Normalisation | None) -> Monitor | None:
        """What the maps are divided by.

        Raises
        ------
        ValueError
            If the scan does not have it.
        """
        if normalisation is None:
            return None
        if self.cube is None:
            raise ValueError("Maps that were loaded cannot be normalised: map the scan again.")
        # Here, since the fit brings half of scipy and the first scan shall open at once.
        from napari_xrf_pigments.mapping.elements import element_monitor

        return element_monitor(
            normalisation, self.cube, self.total, self.scatter, self.scatter_sigma
        )

    def pair(self, name: str, monitor: Monitor | None = None) -> tuple[Floats, Floats]:
        """Counts and standard deviation of a family, each (y, x)."""
        index = self.names.index(name)
        counts, sigma = self.counts[index], self.sigma[index]
        return (counts, sigma) if monitor is None else normalised(counts, sigma, monitor)

    def image(self, name: str, view: ElementView, monitor: Monitor | None = None) -> Floats:
        """The map of a family as it is shown, shape (y, x)."""
        return quantity_of(*self.pair(name, monitor), view.quantity)

    def maps(self, pixel_mm: tuple[float, float] | None = None) -> ElementMaps:
        """The maps as the rest of the package knows them, normalised where they are shown so."""
        by = self.monitor(self.normalisation)
        if by is None:
            return ElementMaps(self.names, self.counts, self.sigma, pixel_mm, self.provenance)
        counts, sigma = normalised(self.counts, self.sigma, by)
        settings = {**self.provenance.get("settings", {}), "normalised_to": by.settings}
        made = {**self.provenance, "settings": settings}
        return ElementMaps(self.names, counts, sigma, pixel_mm, made)


def quantity_of(counts: Floats, sigma: Floats, quantity: Quantity) -> Floats:
    """Counts, their standard deviation, or one over the other."""
    if quantity == "counts":
        return counts
    if quantity == "sigma":
        return sigma
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: Floats = counts / sigma
    return ratio
