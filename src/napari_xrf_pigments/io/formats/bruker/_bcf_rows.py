"""The spectra of a Bruker hypermap, row by row.

Each row is a list of packed spectra of its pixels. An index says where the rows begin; so a
block of rows is unpacked without the rest. The decoder of ``rosettasciio`` writes wherever the
data tell it to; every head of a pixel is checked before a block is handed to it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.io._lazy import LazyCube
from napari_xrf_pigments.io._reader import check_size

from ._bcf_container import BROKEN, Blocks, blocks_of, library, open_container, span, unpacked
from ._bcf_runs import PIXEL, ROW, wide_pixels

_FIRST_ROW = 0x1A0
# Packed spectra hardly shrink further; what does is a trap for memory and time.
_MOST_UNPACKED = 250
# A damaged spectrum may send the decoder this far beyond its end.
_MARGIN = bytes(4096)


@dataclass(frozen=True)
class RowIndex:
    """Where the rows of a map lie in its unpacked file.

    Parameters
    ----------
    width : int
        Columns.
    channels : int
        The most channels that a pixel declares.
    starts : tuple of int
        Where each row begins, and the end of the last.
    pixels : tuple of int
        How many pixels of each row hold counts.
    blocks : Blocks
        The pieces of the packed file.
    """

    width: int
    channels: int
    starts: tuple[int, ...]
    pixels: tuple[int, ...]
    blocks: Blocks


def size_of(path: Path, name: str) -> tuple[int, int, int]:
    """Rows, columns and channels that a map declares (cheap).

    Raises
    ------
    ValueError
        If the file is damaged or the sizes are impossible.
    """
    item = open_container(path)[name]
    try:
        start = next(unpacked(item, blocks_of(item)))
        height, width = struct.unpack_from("<II", start)
        channels = 0
        if len(start) >= _FIRST_ROW + ROW.size + PIXEL.size:
            channels = PIXEL.unpack_from(start, _FIRST_ROW + ROW.size)[1]
    except BROKEN:
        raise ValueError(f"{path.name} is truncated or damaged.") from None
    return height, width, channels


@lru_cache(maxsize=8)
def index_of(path: str, name: str, changed: int) -> RowIndex:
    """Find the rows of a map; goes through the whole file once.

    Parameters
    ----------
    path : str
        The container.
    name : str
        The file in it.
    changed : int
        When the container was changed last, so that an old index is not used for a new file.

    Raises
    ------
    ValueError
        If it is truncated or damaged.
    """
    item = open_container(Path(path))[name]
    try:
        blocks = blocks_of(item)
        most = _MOST_UNPACKED * item.size + blocks.size
        return _index(unpacked(item, blocks, most=most), blocks, Path(path).name)
    except BROKEN:
        raise ValueError(f"{Path(path).name} is truncated or damaged.") from None


def _index(pieces: Iterator[bytes], blocks: Blocks, name: str) -> RowIndex:
    data, base = next(pieces), 0
    height, width = struct.unpack_from("<II", data)
    check_size(name, height, width, 1)
    at, most = _FIRST_ROW, 0
    starts, pixels = [], []
    for _ in range(height):
        while at + ROW.size > len(data):
            data, base, at = data[at:] + next(pieces), base + at, 0
        starts.append(base + at)
        (count,) = ROW.unpack_from(data, at)
        if count > width:
            raise IndexError
        pixels.append(count)
        at += ROW.size
        for _ in range(count):
            while at + PIXEL.size > len(data):
                data, base, at = data[at:] + next(pieces), base + at, 0
            x, channels, _, _, kind, _, pulses, length = PIXEL.unpack_from(data, at)
            if x >= width:
                raise IndexError
            most = max(most, channels)
            end = at + PIXEL.size + _payload(kind, pulses, length)
            while end > len(data):
                piece = next(pieces)
                data, base, end, at = data[at:] + piece, base + at, end - at, 0
            at = end
    starts.append(base + at)
    return RowIndex(width, most, tuple(starts), tuple(pixels), blocks)


def _payload(kind: int, pulses: int, length: int) -> int:
    """Bytes that the counts of a pixel take: lists of 16 or 12 bit, or packed channels.

    Raises
    ------
    IndexError
        If there are more pulses than bytes for them.
    """
    if kind == 0 and 2 * pulses <= length:
        return length
    if kind == 1 and 3 * pulses <= 2 * length + 12:
        return length
    if kind > 1 and 4 <= length <= 0xFFFF + 4:
        return length + 2 * pulses
    raise IndexError


# The library estimates a type from the mean; a bright pixel would wrap round in it.
_DTYPE: np.dtype[Any] = np.dtype(np.uint32)


@dataclass(frozen=True)
class BcfCube(LazyCube):
    """A map in a hypermap; only the wanted rows are unpacked.

    Parameters
    ----------
    path : str
        The container.
    name : str
        The file in it.
    map_shape : tuple of int
        (y, x, channel).
    changed : int
        When the container was changed last, in ns.
    """

    name: str
    map_shape: tuple[int, int, int]
    changed: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Lengths along (y, x, channel)."""
        return self.map_shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a count."""
        return _DTYPE

    def read(self, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Unpack the rows within three slices."""
        rows, columns, channels = slices
        first, stop, step = rows.indices(self.shape[0])
        if stop <= first:
            counts = np.zeros((0, *self.shape[1:]), self.dtype)
        else:
            counts = self._unpack(first, stop)[::step]
        return np.ascontiguousarray(counts[:, columns, channels])

    def _unpack(self, first: int, stop: int) -> NDArray[Any]:
        index = index_of(self.path, self.name, self.changed)
        item = open_container(Path(self.path))[self.name]
        try:
            data = span(item, index.blocks, index.starts[first], index.starts[stop])
            start = struct.pack("<II", stop - first, index.width)
            rows = _Rows(start + bytes(_FIRST_ROW - len(start)) + data + _MARGIN)
            counts = _decode(rows, (stop - first, index.width, self.shape[2]))
            for y, x, spectrum in wide_pixels(data, stop - first):
                counts[y, x] = 0
                counts[y, x, : spectrum.size] = spectrum[: self.shape[2]]
            return counts
        except BROKEN:
            raise ValueError(f"{Path(self.path).name} is truncated or damaged.") from None


class _Rows:
    """A few rows, as the library's decoder expects a whole file."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def get_iter_and_properties(self) -> tuple[Iterator[bytes], int, int]:
        return iter([self._data]), len(self._data), 1


def _decode(rows: _Rows, shape: tuple[int, int, int]) -> NDArray[Any]:
    api = library()
    if api.fast_unbcf:
        return np.asarray(api.unbcf_fast.parse_to_numpy(rows, shape, _DTYPE))
    slow = api.py_parse_hypermap(rows, shape, np.int64)
    return np.asarray(slow, dtype=_DTYPE)
