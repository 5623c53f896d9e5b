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

#: Most bytes of counts in a tile: few enough to show progress and to cancel soon.
TILE_BYTES = 32 * 2**20
#: Least tiles of a scan that is large enough, so that its maps grow visibly.
_LEAST_TILES = 8
_LEAST_PIXELS = 512


@dataclass(frozen=True)
class Surroundings:
    """A tile with the pixels around it, within the scan.

    Parameters
    ----------
    counts : ndarray, shape (row, column, channel)
        Counts.
    valid : ndarray of bool, shape (row, column)
        Measured pixels.
    inner : (slice, slice)
        Position of the tile in it.
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
        Position in the scan.
    counts : ndarray, shape (row, column, channel)
        Counts.
    valid : ndarray of bool, shape (row, column)
        Measured pixels.
    around : Surroundings, optional
        The tile with the pixels around it, if it was read with a margin.
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
        """Make images (..., row, column) of values of measured pixels (..., pixel), else NaN."""
        shape = (*values.shape[:-1], *self.valid.shape)
        if self.valid.all():
            return np.ascontiguousarray(values, np.float32).reshape(shape)
        images = np.full(shape, np.nan, np.float32)
        images[..., self.valid] = values
        return images


def tile_slices(cube: XRFCube, tile_bytes: int = TILE_BYTES) -> list[tuple[slice, slice]]:
    """Cut a scan into tiles that do not cross its chunks.

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
    slices = []
    row_edges = _edges(cube.counts.chunks[0])
    column_edges = _edges(cube.counts.chunks[1])
    for top, bottom in row_edges:
        for left, right in column_edges:
            height = max(1, min(bottom - top, pixels // max(1, right - left)))
            width = right - left if height > 1 else min(right - left, pixels)
            for y in range(top, bottom, height):
                for x in range(left, right, width):
                    slices.append(
                        (slice(y, min(y + height, bottom)), slice(x, min(x + width, right)))
                    )
    return slices


def remaining_tiles(
    cube: XRFCube, tile_bytes: int = TILE_BYTES, skip: NDArray[np.bool_] | None = None
) -> list[tuple[slice, slice]]:
    """Return the rows and columns of the tiles with a pixel that is not in `skip`."""
    slices = tile_slices(cube, tile_bytes)
    return [each for each in slices if skip is None or not bool(skip[each].all())]


def _edges(lengths: tuple[int, ...]) -> list[tuple[int, int]]:
    ends = np.cumsum(lengths)
    return [(int(end - length), int(end)) for end, length in zip(ends, lengths, strict=True)]


def iter_tiles(
    cube: XRFCube,
    tile_bytes: int = TILE_BYTES,
    skip: NDArray[np.bool_] | None = None,
    margin: int = 0,
) -> Iterator[Tile]:
    """Iterate over the tiles of a scan; the next one is read while the caller works.

    Closing the generator stops the reading.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    tile_bytes : int
        Most bytes of counts in a tile.
    skip : ndarray of bool, shape (y, x), optional
        Finished pixels: a tile of such pixels alone is not read.
    margin : int
        Pixels around each tile that are read with it, on each side.
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
    """Read a rectangle of a scan with a margin around it, pixels."""
    wide_rows, inner_rows = _widened(rows, margin, cube.shape[0])
    wide_columns, inner_columns = _widened(columns, margin, cube.shape[1])
    wide, inner = (wide_rows, wide_columns), (inner_rows, inner_columns)
    # One thread: a pool per tile would compete with the work on the last one.
    counts = np.asarray(cube.counts[wide].compute(scheduler="synchronous"))
    valid = np.ones(counts.shape[:2], bool) if cube.valid is None else cube.valid[wide]
    valid = np.asarray(valid, dtype=bool)
    if not margin:
        return Tile(rows, columns, counts, valid)
    return Tile(rows, columns, counts[inner], valid[inner], Surroundings(counts, valid, inner))


def _widened(span: slice, margin: int, length: int) -> tuple[slice, slice]:
    """Return a slice with a margin, within the scan, and its position in that."""
    start, stop = max(0, span.start - margin), min(length, span.stop + margin)
    return slice(start, stop), slice(span.start - start, span.stop - start)
