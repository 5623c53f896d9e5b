"""A registered picture resampled onto the grid of a scan."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .registration import Floats, Registration

#: Most pixels of a resampled picture.
MOST_PIXELS = 16_000_000
_ROWS = 256


@dataclass(frozen=True)
class Band:
    """Some finished rows of a resampled picture.

    Parameters
    ----------
    rows : slice
        Where they belong.
    pixels : ndarray, shape (row, column) or (row, column, 4)
        float32 with NaN outside of the picture, or red, green, blue, alpha (uint8).
    total : int
        Rows in all.
    """

    rows: slice
    pixels: NDArray[Any]
    total: int


def finest(registration: Registration, shape: tuple[int, int]) -> int:
    """Pixels of the result in one pixel of the scan that keep the picture's detail.

    Parameters
    ----------
    registration : Registration
        Where the picture lies.
    shape : tuple of int
        (y, x) of the scan.
    """
    centre = (np.array(shape) - 1) / 2
    corners = registration.to_picture(np.vstack([centre, centre + np.eye(2)]))
    picture_pixels = max(np.hypot(*(corners[1:] - corners[0]).T))
    most = int(np.sqrt(MOST_PIXELS / (shape[0] * shape[1])))
    return int(max(1, min(np.ceil(picture_pixels), most)))


def resampled_places(shape: tuple[int, int], factor: int) -> tuple[Floats, Floats]:
    """Rows and columns, in pixels of the scan, of the centres of `factor` times finer pixels."""
    rows, columns = ((np.arange(n * factor) + 0.5) / factor - 0.5 for n in shape)
    return rows, columns


def iter_resampled(
    picture: NDArray[Any], registration: Registration, shape: tuple[int, int], factor: int = 1
) -> Generator[Band, None, None]:
    """Resample a picture (linear interpolation), some rows at a time.

    Parameters
    ----------
    picture : ndarray, shape (y, x) or (y, x, 3 or 4)
        Grey values, or colours (uint8).
    registration : Registration
        Where the picture lies.
    shape : tuple of int
        (y, x) of the scan.
    factor : int
        Pixels of the result in one pixel of the scan, along each axis.

    Yields
    ------
    Band
        Of a result of ``shape * factor`` pixels that covers the scan exactly.
    """
    colours = picture.ndim == 3
    planes = [picture[..., i] for i in range(min(picture.shape[2], 4))] if colours else [picture]
    rows, columns = resampled_places(shape, factor)
    for top in range(0, len(rows), _ROWS):
        band = rows[top : top + _ROWS]
        grid = np.stack(np.meshgrid(band, columns, indexing="ij"), axis=-1)
        places = registration.to_picture(grid).T
        inside = np.all(
            (places >= -0.5) & (places <= np.array(picture.shape[:2])[:, None] - 0.5), axis=0
        )
        values = [
            ndimage.map_coordinates(plane, places, output=np.float32, order=1, mode="nearest")
            for plane in planes
        ]
        place = (len(band), len(columns))
        if colours:
            alpha = values[3] if len(values) == 4 else np.full(inside.shape, 255.0)
            stacked = np.stack([*values[:3], np.where(inside, alpha, 0)], axis=-1)
            pixels: NDArray[Any] = np.clip(np.round(stacked), 0, 255).astype(np.uint8)
            pixels = pixels.reshape(*place, 4)
        else:
            pixels = np.where(inside, values[0], np.float32(np.nan)).reshape(place)
        yield Band(slice(top, top + len(band)), pixels, len(rows))


def resample(
    picture: NDArray[Any], registration: Registration, shape: tuple[int, int], factor: int = 1
) -> NDArray[Any]:
    """Resample a whole picture; parameters as :func:`iter_resampled`."""
    return np.concatenate(
        [band.pixels for band in iter_resampled(picture, registration, shape, factor)]
    )
