"""Tiles of a scan: whole spectra of some pixels, read ahead of the work on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cube import XRFCube

#: Progress of a run: pixels done, pixels in all.
Progress = Callable[[int, int], None]

#: A tile is small enough to show progress and to cancel soon, keV axis included: bytes
#: of counts, at most.
TILE_BYTES = 32 * 2**20
#: At least so many tiles where the scan is large enough, so that maps grow as one watches.
_LEAST_TILES = 8
_LEAST_PIXELS = 512


@dataclass(frozen=True)
class Surroundings:
    """A tile with the pixels around it, as far as the scan reaches.

    Parameters
    ----------
    counts : ndarray, shape (row, column, channel)
        Counts.
    valid : ndarray of bool, shape (row, column)
        Which pixels were measured.
    inner : (slice, slice)
        Where the tile lies in it.
    """

    counts: NDArray[Any]
    valid: NDArray[np.bool_]
    inner: tuple[slice, slice]


@dataclass(frozen=True)
class Tile:
    """The spectra of a rectangle of a scan.

    Parameters
    ----------
    rows, columns : slice
        Where it lies in the scan.
    counts : ndarray, shape (row, column, channel)
        Counts.
    valid : ndarray of bool, shape (row, column)
        Which pixels were measured.
    around : Surroundings, optional
        The same with the pixels around it, where they were asked for.
    """

    rows: slice
    columns: slice
    counts: NDArray[np.integer]
    valid: NDArray[np.bool_]
    around: Surroundings | None = None

    @property
    def spectra(self) -> NDArray[np.integer]:
        """Spectra of the measured pixels, shape (pixel, channel)."""
        if self.valid.all():
            return self.counts.reshape(-1, self.counts.shape[-1])
        return self.counts[self.valid]

    def to_image(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Values of the measured pixels (..., pixel) as images (..., row, column), else NaN."""
        shape = (*values.shape[:-1], *self.valid.shape)
        if self.valid.all():
            return np.ascontiguousarray(values, np.float32).reshape(shape)
        images = np.full(shape, np.nan, np.float32)
        images[..., self.valid] = values
        return images


def tile_slices(cube: XRFCube, tile_bytes: int = TILE_BYTES) -> list[tuple[slice, slice]]:
    """How a scan is cut: never across the chunks it is stored in, smaller where they are large.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    tile_bytes : int
        Most bytes of counts in a tile.

    Returns
    -------
    list of (slice, slice)
        Rows and columns of each tile, row after row.
    """
    rows, columns, channels = cube.shape
    pixels = max(_LEAST_PIXELS, tile_bytes // max(1, channels * cube.counts.dtype.itemsize))
    pixels = min(pixels, max(_LEAST_PIXELS, rows * columns // _LEAST_TILES))
    found = []
    row_edges = _edges(cube.counts.chunks[0])
    column_edges = _edges(cube.counts.chunks[1])
    for top, bottom in row_edges:
        for left, right in column_edges:
            height = max(1, min(bottom - top, pixels // max(1, right - left)))
            width = right - left if height > 1 else min(right - left, pixels)
            for y in range(top, bottom, height):
                for x in range(left, right, width):
                    found.append(
                        (slice(y, min(y + height, bottom)), slice(x, min(x + width, right)))
                    )
    return found


def remaining_tiles(
    cube: XRFCube, tile_bytes: int = TILE_BYTES, skip: NDArray[np.bool_] | None = None
) -> list[tuple[slice, slice]]:
    """Rows and columns of the tiles that hold a pixel which is not in `skip`."""
    places = tile_slices(cube, tile_bytes)
    return [place for place in places if skip is None or not bool(skip[place].all())]


def _edges(lengths: tuple[int, ...]) -> list[tuple[int, int]]:
    ends = np.cumsum(lengths)
    return [(int(end - length), int(end)) for end, length in zip(ends, lengths, strict=True)]


def iter_tiles(
    cube: XRFCube,
    tile_bytes: int = TILE_BYTES,
    skip: NDArray[np.bool_] | None = None,
    margin: int = 0,
) -> Iterator[Tile]:
    """Tiles of a scan, the next one read while the caller works on this one.

    Closing the generator stops the reading.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    tile_bytes : int
        Most bytes of counts in a tile.
    skip : ndarray of bool, shape (y, x), optional
        Pixels that are done already: a tile of such pixels alone is not read.
    margin : int
        Pixels around each tile that are read with it.
    """
    slices = remaining_tiles(cube, tile_bytes, skip)
    reader = ThreadPoolExecutor(1, thread_name_prefix="tile-reader")
    try:
        ahead = reader.submit(read_tile, cube, margin, *slices[0]) if slices else None
        for following in [*slices[1:], None]:
            if ahead is None:
                return
            tile = ahead.result()
            ahead = reader.submit(read_tile, cube, margin, *following) if following else None
            yield tile
    finally:
        reader.shutdown(wait=False, cancel_futures=True)


def read_tile(cube: XRFCube, margin: int, rows: slice, columns: slice) -> Tile:
    """Read a rectangle of a scan, with a margin of so many pixels around it."""
    wide_rows, inner_rows = _widened(rows, margin, cube.shape[0])
    wide_columns, inner_columns = _widened(columns, margin, cube.shape[1])
    wide, inner = (wide_rows, wide_columns), (inner_rows, inner_columns)
    # One thread: a pool of its own for each tile would fight with the work on the last one.
    counts = np.asarray(cube.counts[wide].compute(scheduler="synchronous"))
    valid = np.ones(counts.shape[:2], bool) if cube.valid is None else cube.valid[wide]
    valid = np.asarray(valid, dtype=bool)
    if not margin:
        return Tile(rows, columns, counts, valid)
    return Tile(rows, columns, counts[inner], valid[inner], Surroundings(counts, valid, inner))


def _widened(place: slice, margin: int, length: int) -> tuple[slice, slice]:
    """A slice with a margin, within the scan, and where the slice lies in that."""
    start, stop = max(0, place.start - margin), min(length, place.stop + margin)
    return slice(start, stop), slice(place.start - start, place.stop - start)
