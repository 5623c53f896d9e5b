"""Spectra of several regions of a scan in one pass over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..cube import XRFCube
from .tiles import Progress, iter_tiles


@dataclass(frozen=True)
class RegionSums:
    """Sums of the spectra of a region.

    Parameters
    ----------
    total, maximum : ndarray, shape (channel,)
        Sum and highest value over the measured pixels, counts.
    pixels : int
        Number of measured pixels.
    """

    total: NDArray[np.float64]
    maximum: NDArray[np.float64]
    pixels: int

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean counts per pixel, shape (channel,)."""
        return self.total / max(1, self.pixels)


def region_sums(
    cube: XRFCube,
    masks: Mapping[str, NDArray[np.bool_]],
    progress: Progress | None = None,
) -> dict[str, RegionSums]:
    """Sum the spectra of regions.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    masks : mapping of str to ndarray of bool, shape (y, x)
        The pixels of each region by its name; regions may overlap.
    progress : callable, optional
        Called with the pixels done and the pixels in all.

    Raises
    ------
    ValueError
        If a mask has another shape than the scan.
    """
    rows, columns, channels = cube.shape
    for name, mask in masks.items():
        if mask.shape != (rows, columns):
            raise ValueError(f"The region {name} has another size than the scan.")
    totals = {name: np.zeros(channels) for name in masks}
    highest = {name: np.zeros(channels) for name in masks}
    pixels = dict.fromkeys(masks, 0)
    done = 0
    for tile in iter_tiles(cube):
        for name, mask in masks.items():
            chosen = mask[tile.rows, tile.columns] & tile.valid
            if not chosen.any():
                continue
            spectra = tile.counts[chosen]
            totals[name] += spectra.sum(axis=0, dtype=np.float64)
            np.maximum(highest[name], spectra.max(axis=0), out=highest[name])
            pixels[name] += len(spectra)
        done += tile.valid.size
        if progress is not None:
            progress(done, rows * columns)
    return {name: RegionSums(totals[name], highest[name], pixels[name]) for name in masks}
