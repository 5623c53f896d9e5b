"""Maps that grow tile by tile, written to disk in whole bands of rows.

A tile of a large scan is a row or two high. Written at once, each would unpack, change and pack
again every chunk it touches, a hundred times over.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Bytes of all maps of a band: what waits in memory at a time.
BAND_BYTES = 48 * 2**20
_MOST_ROWS = 256
# A scan that is read from the upper left fills one band, then the next.
_OPEN = 2


def band_rows(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Rows of a band of float32 maps.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        Shape (..., row, column) of each stack of maps.
    """
    row = sum(4 * prod((*shape[:-2], shape[-1])) for shape in shapes.values())
    return max(1, min(_MOST_ROWS, BAND_BYTES // max(1, row)))


class Bands:
    """An array on disk whose rows are gathered until a band of them is complete.

    Parameters
    ----------
    array : array_like, shape (..., row, column)
        The array, full of NaN.
    rows : int
        Rows of a band: the chunk length of the array, best.
    """

    def __init__(self, array: Any, rows: int) -> None:
        self.array = array
        self.rows = rows
        self._open: dict[int, NDArray[np.float32]] = {}
        self._missing: dict[int, int] = {}

    def write(self, rows: slice, columns: slice, values: NDArray[np.float32]) -> None:
        """Put the values of a tile, shape (..., row, column), where they belong."""
        for band in range(rows.start // self.rows, -(-rows.stop // self.rows)):
            place = self._place(band)
            top, bottom = max(rows.start, place.start), min(rows.stop, place.stop)
            buffer = self._buffer(band, place)
            inside = slice(top - place.start, bottom - place.start)
            buffer[..., inside, columns] = values[..., top - rows.start : bottom - rows.start, :]
            self._missing[band] -= (bottom - top) * (columns.stop - columns.start)
            if self._missing[band] <= 0:
                self._put(band)
        while len(self._open) > _OPEN:
            self._put(min(self._open))

    def flush(self) -> None:
        """Write what is still gathered."""
        for band in sorted(self._open):
            self._put(band)

    def _place(self, band: int) -> slice:
        return slice(band * self.rows, min((band + 1) * self.rows, self.array.shape[-2]))

    def _buffer(self, band: int, place: slice) -> NDArray[np.float32]:
        if band not in self._open:
            if band in self._missing:  # it was written before it was complete
                self._open[band] = np.asarray(self.array[..., place, :], dtype=np.float32)
            else:
                width = self.array.shape[-1]
                shape = (*self.array.shape[:-2], place.stop - place.start, width)
                self._open[band] = np.full(shape, np.nan, np.float32)
                self._missing[band] = (place.stop - place.start) * width
        return self._open[band]

    def _put(self, band: int) -> None:
        self.array[..., self._place(band), :] = self._open.pop(band)
