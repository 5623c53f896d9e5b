"""Result arrays that fill tile by tile (no Qt, no napari)."""

from __future__ import annotations

import tempfile
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..cube import ElementMaps, PigmentMaps

Depth = Literal["probability", "top", "below"]
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


class ElementResults:
    """Elemental maps while they fill.

    Parameters
    ----------
    shape : tuple of int
        (y, x) of the scan.
    names : tuple of str
        Line families.
    """

    def __init__(self, shape: tuple[int, int], names: tuple[str, ...]) -> None:
        self.names = names
        self.provenance: dict[str, Any] = {}
        self.counts = empty((len(names), *shape))
        self.sigma = empty((len(names), *shape))

    def add(self, tile: Any) -> None:
        """Put a finished ``ElementTile`` in its place."""
        self.counts[:, tile.rows, tile.columns] = tile.counts
        self.sigma[:, tile.rows, tile.columns] = tile.sigma

    @classmethod
    def of(cls, maps: ElementMaps) -> ElementResults:
        """Finished maps that were loaded."""
        results = cls((1, 1), maps.names)
        results.counts, results.sigma = np.asarray(maps.counts), np.asarray(maps.sigma)
        return results

    def significant(self, y: int, x: int, sigmas: float = 5.0) -> tuple[str, ...]:
        """Line families that stand over their noise in a pixel, strongest first."""
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = self.counts[:, y, x] / self.sigma[:, y, x]
        order = np.argsort(-np.nan_to_num(ratio))
        return tuple(self.names[i] for i in order if ratio[i] >= sigmas)

    def maps(self, pixel_mm: tuple[float, float] | None = None) -> ElementMaps:
        """The maps as the rest of the package knows them."""
        return ElementMaps(self.names, self.counts, self.sigma, pixel_mm, self.provenance)


class PigmentResults:
    """Pigment maps while they fill, and how much of the painting each covers.

    Parameters
    ----------
    shape : tuple of int
        (y, x) of the scan.
    names, groups : tuple of str
        Pigment ids and ambiguity groups.
    """

    def __init__(
        self, shape: tuple[int, int], names: tuple[str, ...], groups: tuple[str, ...]
    ) -> None:
        self.names = names
        self.groups = groups
        self.provenance: dict[str, Any] = {}
        self.probability = empty((len(names), *shape))
        self.top = empty((len(names), *shape))
        self.below = empty((len(names), *shape))
        self.group_probability = empty((len(groups), *shape))
        self.unexplained = empty(shape)

    def add(self, tile: Any) -> None:
        """Put a finished ``PigmentTile`` in its place."""
        place = tile.rows, tile.columns
        self.probability[:, *place] = tile.probability
        self.top[:, *place] = tile.top
        self.below[:, *place] = tile.below
        self.group_probability[:, *place] = tile.group_probability
        self.unexplained[place] = tile.unexplained

    @classmethod
    def of(cls, maps: PigmentMaps) -> PigmentResults:
        """Finished maps that were loaded."""
        results = cls((1, 1), maps.names, maps.groups)
        for field in ("probability", "top", "below", "group_probability", "unexplained"):
            setattr(results, field, np.asarray(getattr(maps, field)))
        return results

    def at_depth(self, depth: Depth) -> NDArray[np.float32]:
        """The maps of a depth, shape (pigment, y, x)."""
        maps: NDArray[np.float32] = getattr(self, depth)
        return maps

    def computed(self, y: int, x: int) -> bool:
        """Whether a pixel has its answer."""
        return bool(np.isfinite(self.probability[:, y, x]).all())

    def shares(self, threshold: float, depth: Depth) -> dict[str, float]:
        """Share of the finished pixels over a threshold, by pigment id."""
        return _shares(self.names, self.at_depth(depth), threshold)

    def group_shares(self, threshold: float) -> dict[str, float]:
        """Share of the finished pixels over a threshold, by group."""
        return _shares(self.groups, self.group_probability, threshold)

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


def _shares(
    names: tuple[str, ...], maps: NDArray[np.float32], threshold: float
) -> dict[str, float]:
    if not names:
        return {}
    finished = max(1, int(np.isfinite(maps[0]).sum()))
    # One map at a time: a comparison of all at once would double the memory of a large scan.
    return {
        name: float(np.count_nonzero(image > threshold)) / finished
        for name, image in zip(names, maps, strict=True)
    }
