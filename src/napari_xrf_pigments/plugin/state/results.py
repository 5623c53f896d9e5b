"""Result arrays that fill tile by tile (no Qt, no napari)."""

from __future__ import annotations

import tempfile
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import EnergyAxis, PigmentMaps
from napari_xrf_pigments.mapping._spectra_tally import SpectraTally

from ._tally import Tally

Depth = Literal["probability", "top", "below"]
DEPTHS: tuple[Depth, ...] = ("probability", "top", "below")
#: Larger results live in a temporary file instead of memory.
IN_MEMORY_BYTES = 512 * 2**20


def empty(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """An array of NaN (= not computed yet), in a temporary file if it is large."""
    if int(np.prod(shape)) * 4 <= IN_MEMORY_BYTES:
        return np.full(shape, np.nan, dtype=np.float32)
    # The map keeps the file open; the system removes it with the last reference.
    with tempfile.TemporaryFile() as file:
        array = np.memmap(file, dtype=np.float32, mode="w+", shape=shape)
    array[:] = np.nan
    return array


class Results:
    """What all results share: how they were made, and which pixels are done.

    Parameters
    ----------
    shape : tuple of int
        (y, x) of the scan.
    energies : EnergyAxis, optional
        The axis that they are made on.

    Attributes
    ----------
    done : ndarray of bool, shape (y, x)
        The pixels of finished tiles.
    provenance : dict
        How they were made.
    seen : SpectraTally
        What was counted in the spectra of those pixels.
    """

    def __init__(self, shape: tuple[int, int], energies: EnergyAxis | None = None) -> None:
        self.energies = energies
        self.provenance: dict[str, Any] = {}
        self.done = np.zeros(shape, dtype=bool)
        self.seen = SpectraTally()

    def hear(self, tile: Any) -> list[str]:
        """Keep what a tile says of the run; returns the sentences that are new."""
        self.seen += getattr(tile, "seen", SpectraTally())
        kept = self.provenance.setdefault("warnings", [])
        new = [text for text in getattr(tile, "warnings", ()) if text not in kept]
        kept += new
        return new

    @property
    def complete(self) -> bool:
        """Whether every tile is done."""
        return bool(self.done.all())


class PigmentResults(Results):
    """Pigment maps while they fill, and how much of the painting each covers.

    Parameters
    ----------
    shape : tuple of int
        (y, x) of the scan.
    names, groups : tuple of str
        Pigment ids and ambiguity groups.
    energies : EnergyAxis, optional
        The axis that they are made on.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        names: tuple[str, ...],
        groups: tuple[str, ...],
        energies: EnergyAxis | None = None,
    ) -> None:
        super().__init__(shape, energies)
        self.names = names
        self.groups = groups
        self.probability = empty((len(names), *shape))
        self.top = empty((len(names), *shape))
        self.below = empty((len(names), *shape))
        self.group_probability = empty((len(groups), *shape))
        self.unexplained = empty(shape)
        self._tallies = {depth: Tally(len(names)) for depth in DEPTHS}
        self._group_tally = Tally(len(groups))

    def add(self, tile: Any) -> None:
        """Put a finished ``PigmentTile`` in its place."""
        place = tile.rows, tile.columns
        self.probability[:, *place] = tile.probability
        self.top[:, *place] = tile.top
        self.below[:, *place] = tile.below
        self.group_probability[:, *place] = tile.group_probability
        self.unexplained[place] = tile.unexplained
        self._count(place)
        self.done[place] = True

    def _count(self, place: Any) -> None:
        for depth, tally in self._tallies.items():
            tally.add(self.at_depth(depth)[:, *place])
        self._group_tally.add(self.group_probability[:, *place])

    @classmethod
    def of(cls, maps: PigmentMaps) -> PigmentResults:
        """Finished maps that were loaded."""
        results = cls((1, 1), maps.names, maps.groups)
        for field in ("probability", "top", "below", "group_probability", "unexplained"):
            setattr(results, field, np.asarray(getattr(maps, field)))
        results.provenance = dict(maps.provenance)
        results.done = np.ones(results.unexplained.shape, dtype=bool)
        results._count((slice(None), slice(None)))
        return results

    @property
    def context(self) -> bool:
        """Whether like neighbours spoke for a pixel."""
        settings = self.provenance.get("settings")
        return isinstance(settings, dict) and settings.get("context") is True

    def at_depth(self, depth: Depth) -> NDArray[np.float32]:
        """The maps of a depth, shape (pigment, y, x)."""
        maps: NDArray[np.float32] = getattr(self, depth)
        return maps

    def computed(self, y: int, x: int) -> bool:
        """Whether a pixel has its answer."""
        return bool(np.isfinite(self.probability[:, y, x]).all())

    def share(self, name: str, threshold: float, depth: Depth = "probability") -> float:
        """Share of the finished pixels where a pigment is over a threshold."""
        return self._tallies[depth].share(self.names.index(name), threshold)

    def certainty(self, name: str, threshold: float, depth: Depth = "probability") -> float | None:
        """Mean probability of a pigment where it is over a threshold."""
        return self._tallies[depth].certainty(self.names.index(name), threshold)

    def shares(self, threshold: float, depth: Depth) -> dict[str, float]:
        """Share of the finished pixels over a threshold, by pigment id."""
        return {name: self.share(name, threshold, depth) for name in self.names}

    def group_shares(self, threshold: float) -> dict[str, float]:
        """Share of the finished pixels over a threshold, by group."""
        tally = self._group_tally
        return {name: tally.share(i, threshold) for i, name in enumerate(self.groups)}

    def group_certainty(self, group: str, threshold: float) -> float | None:
        """Mean probability of a group where it is over a threshold."""
        return self._group_tally.certainty(self.groups.index(group), threshold)

    def maps(self, pixel_mm: tuple[float, float] | None = None) -> PigmentMaps:
        """The maps as the rest of the package knows them."""
        return PigmentMaps(
            self.names,
            self.probability,
            self.top,
            self.below,
            self.groups,
            self.group_probability,
            self.unexplained,
            pixel_mm,
            self.provenance,
        )

    def maps_at(self, y: int, x: int) -> PigmentMaps:
        """The answer for one pixel, with a leading axis of one spectrum."""
        return PigmentMaps(
            self.names,
            self.probability[:, y, x][:, None],
            self.top[:, y, x][:, None],
            self.below[:, y, x][:, None],
            self.groups,
            self.group_probability[:, y, x][:, None],
            self.unexplained[y, x][None],
        )
