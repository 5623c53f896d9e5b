"""Images of a scan over all its channels: total, maximum, mean (no Qt)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import colormaps
from .specs import MapSpec, limits_of

if TYPE_CHECKING:
    from napari_xrf_pigments.cube import XRFCube

    from ..tasks import ProgressCallback


@dataclass(frozen=True)
class Projection:
    """A projection of all channels onto one image.

    Parameters
    ----------
    key, title : str
        Identifier, and name shown to the user.
    reduce : callable
        Function of counts (y, x, channel) that returns an image (y, x).
    """

    key: str
    title: str
    reduce: Callable[[NDArray[Any]], NDArray[Any]]


PROJECTIONS = {
    "total": Projection("total", "Total counts", lambda c: c.sum(axis=2, dtype=np.float64)),
    "maximum": Projection("maximum", "Highest channel", lambda c: c.max(axis=2)),
    "mean": Projection("mean", "Mean counts per channel", lambda c: c.mean(axis=2)),
}


def project(cube: XRFCube, key: str, on_progress: ProgressCallback) -> NDArray[np.float32]:
    """Project a scan; pixels that were not measured, or not reached before it stopped, are NaN.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    key : str
        One of :data:`PROJECTIONS`.
    on_progress : callable
        Called with the number of finished pixels and of all pixels; returns True to stop.
    """
    from napari_xrf_pigments.mapping.tiles import iter_tiles

    rows, columns, _ = cube.shape
    image = np.full((rows, columns), np.nan, dtype=np.float32)
    done, reduce = 0, PROJECTIONS[key].reduce
    for tile in iter_tiles(cube):
        image[tile.rows, tile.columns] = np.where(tile.valid, reduce(tile.counts), np.nan)
        done += tile.valid.size
        if on_progress(done, rows * columns):
            break
    return image


def projection_spec(key: str, image: NDArray[np.float32]) -> MapSpec:
    """Return the map of a projection."""
    grey = colormaps.black_to_colour("#ffffff", "White")
    title = PROJECTIONS[key].title
    return MapSpec("projection", key, title, image, grey, limits_of(image, low=0.0))
