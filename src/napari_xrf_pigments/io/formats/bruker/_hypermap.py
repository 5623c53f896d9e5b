"""The spectra of a Bruker hypermap, row by row.

A map is a list of rows, each a list of pixels. A pixel stores its counts as a list of channels,
one per photon, of 16 or of 12 bits, or as runs of channels. A run is a byte for the size of its
least count, a byte for how many channels it has, that least count, and for each channel the excess
over it: half a byte, one, two or four bytes. Photons on top of the runs follow as a list.

``rosettasciio`` reads these maps too, but its public reader does not serve here: its lazy array is
a single block, so that one spectrum needs the memory of the whole map; it derives the type of a
count from the mean, so that a bright pixel wraps round; it refuses a map without the images of an
electron microscope; and its decoder trusts the lengths in the file and writes outside its array
where they are wrong.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments._typing import IntArray
from napari_xrf_pigments.io._lazy import LazyCube
from napari_xrf_pigments.io._reader import check_size

from .._guards import damage_as_value_error
from ._container import Blocks, StoredFile, open_container

ByteArray = NDArray[np.uint8]
Counts = NDArray[np.uint32]

_SIZES = struct.Struct("<II")
_FIRST_ROW = 0x1A0
_ROW = struct.Struct("<I")
# Pixel: x, channels, kind, pulses, bytes of what follows.
_PIXEL = struct.Struct("<IH6xH2xHI")
_PULSES_16, _PULSES_12, _RUNS = 0, 1, 2
# Packed spectra hardly shrink further; a map that does is made to exhaust time and memory.
_MAX_COMPRESSION = 250
# Bytes that are decoded at a time, and by how much 12-bit pulses may end beyond their pixel.
_BATCH_BYTES = 2**20
_MARGIN = bytes(32)
# Where in a group of four 12-bit pulses (six bytes) the two bytes of each one lie.
_HIGH = np.array([1, 0, 2, 5])
_LOW = np.array([0, 3, 5, 4])
# Bytes of the least count of a run; the excess of each channel takes half of that.
_RUN_SIZES = (1, 2, 4, 8)


def declared_shape(file: StoredFile) -> tuple[int, int, int]:
    """Return rows, columns and channels that a map declares; reads its first block."""
    start = next(Blocks.of(file).unpack())
    height, width = _SIZES.unpack_from(start)
    channels = 0
    if len(start) >= _FIRST_ROW + _ROW.size + _PIXEL.size:
        channels = _PIXEL.unpack_from(start, _FIRST_ROW + _ROW.size)[1]
    return height, width, channels


@dataclass(frozen=True)
class RowIndex:
    """Where the rows of a map lie.

    Parameters
    ----------
    blocks : Blocks
        The file of the map.
    starts : tuple of int
        Where each row begins in the unpacked file, and the end of the last.
    pixels : tuple of int
        How many pixels of each row are stored.
    """

    blocks: Blocks
    starts: tuple[int, ...]
    pixels: tuple[int, ...]


@lru_cache(maxsize=8)
def index_of(path: str, name: str, modified_ns: int) -> RowIndex:
    """Find the rows of a map; goes through the whole file once.

    Parameters
    ----------
    path : str
        The container.
    name : str
        The file in it.
    modified_ns : int
        When the container was last changed, so that the index of an older file is not used.

    Raises
    ------
    ValueError
        If the file is truncated or damaged.
    """
    with damage_as_value_error(Path(path)):
        blocks = Blocks.of(open_container(Path(path))[name])
        stream = _Stream(blocks)
        height, width = stream.unpack(_SIZES)
        check_size(Path(path).name, height, width, 1)
        stream.skip(_FIRST_ROW - _SIZES.size)
        starts, pixels = [], []
        for _ in range(height):
            starts.append(stream.base + stream.at)
            (count,) = stream.unpack(_ROW)
            if count > width:
                raise IndexError
            pixels.append(count)
            for _ in range(count):
                x, _, kind, pulses, length = stream.unpack(_PIXEL)
                if x >= width:
                    raise IndexError
                stream.skip(_payload_bytes(kind, pulses, length))
        starts.append(stream.base + stream.at)
        return RowIndex(blocks, tuple(starts), tuple(pixels))


class _Stream:
    """The unpacked bytes of a map, of which a block or two at a time are in memory."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks.unpack()
        self._left = _MAX_COMPRESSION * blocks.file.size + blocks.block_bytes
        self.data = self._next()
        self.base = self.at = 0

    def unpack(self, fields: struct.Struct) -> tuple[int, ...]:
        """Read numbers and move behind them."""
        while self.at + fields.size > len(self.data):
            self.base += self.at
            self.data, self.at = self.data[self.at :] + self._next(), 0
        self.at += fields.size
        return fields.unpack_from(self.data, self.at - fields.size)

    def skip(self, length: int) -> None:
        """Move forward."""
        self.at += length
        while self.at > len(self.data):
            self.base += len(self.data)
            self.at -= len(self.data)
            self.data = self._next()

    def _next(self) -> bytes:
        block = next(self._blocks)
        self._left -= len(block)
        if self._left < 0:
            raise IndexError
        return block


def _payload_bytes(kind: int, pulses: int, length: int) -> int:
    """Return how many bytes the counts of a pixel take.

    Raises
    ------
    IndexError
        If there are more pulses than bytes for them.
    """
    if kind == _PULSES_16 and 2 * pulses <= length:
        return length
    if kind == _PULSES_12 and 3 * pulses <= 2 * length + 12:
        return length
    if kind >= _RUNS and 4 <= length <= 0xFFFF + 4:
        return length + 2 * pulses
    raise IndexError


def decode_rows(data: bytes, shape: tuple[int, int, int]) -> Counts:
    """Unpack the spectra of whole rows.

    Parameters
    ----------
    data : bytes
        The rows as stored in a map.
    shape : tuple of int
        (y, x, channel); counts in further channels are left out.

    Returns
    -------
    ndarray, shape (y, x, channel)
        Counts; 0 in pixels that are not stored.

    Raises
    ------
    IndexError, struct.error
        If the rows are damaged.
    """
    counts = np.zeros(shape, np.uint32)
    buffer = np.frombuffer(data + _MARGIN, np.uint8)
    pixels, at = [], 0
    for y in range(shape[0]):
        (count,) = _ROW.unpack_from(data, at)
        at += _ROW.size
        for _ in range(count):
            x, _, kind, pulses, length = _PIXEL.unpack_from(data, at)
            at += _PIXEL.size
            if x >= shape[1]:
                raise IndexError
            pixels.append((y * shape[1] + x, min(kind, _RUNS), pulses, at, length))
            at += _payload_bytes(kind, pulses, length)
    if at > len(data):
        raise IndexError
    if pixels:
        table = np.array(pixels, np.int64)
        batch = np.cumsum(table[:, 4] + 2 * table[:, 2]) // _BATCH_BYTES
        for part in np.split(table, np.flatnonzero(np.diff(batch)) + 1):
            _decode_batch(buffer, part, counts)
    return counts


def _decode_batch(buffer: ByteArray, pixels: IntArray, counts: Counts) -> None:
    """Add the counts of some pixels, a row each: number, kind, pulses, start, length."""
    kind = pixels[:, 1]
    for each in (_PULSES_16, _PULSES_12):
        pixel, _, pulses, start, _ = pixels[kind == each].T
        _add_pulses(buffer, pixel, start, pulses, each, counts)
    pixel, _, pulses, start, length = pixels[kind == _RUNS].T
    # The runs end with the bytes of the pulses that are stored behind them, in 32 bits.
    end = start + length - 4
    _add_runs(buffer, pixel, start, end, counts)
    _add_pulses(buffer, pixel, end + 4, pulses, _PULSES_16, counts)


def _add_pulses(
    buffer: ByteArray, pixel: IntArray, start: IntArray, pulses: IntArray, kind: int, counts: Counts
) -> None:
    """Add lists of channels, one per photon, of 16 or of 12 bits."""
    nth = _ragged(np.zeros_like(pulses), pulses)
    at = np.repeat(start, pulses)
    if kind == _PULSES_16:
        channel = _little_endian(buffer, at + 2 * nth, 2)
    else:
        group, phase = np.divmod(nth, 4)
        high = buffer[at + 6 * group + _HIGH[phase]].astype(np.int64)
        low = buffer[at + 6 * group + _LOW[phase]].astype(np.int64)
        channel = np.where(phase % 2 == 0, high << 4 | low >> 4, (high & 15) << 8 | low)
    n_channels = counts.shape[2]
    place = n_channels * np.repeat(pixel, pulses) + channel
    np.add.at(counts.reshape(-1), place[channel < n_channels], np.uint32(1))


def _add_runs(
    buffer: ByteArray, pixel: IntArray, start: IntArray, end: IntArray, counts: Counts
) -> None:
    """Add packed spectra: the first run of all pixels, then the second, and so on.

    Raises
    ------
    IndexError
        If a run is longer than its pixel or of an unknown kind.
    """
    n_channels = counts.shape[2]
    at, channel = start, np.zeros_like(start)
    while (more := at + 2 <= end).any():
        pixel, at, end, channel = pixel[more], at[more], end[more], channel[more]
        size, length = buffer[at].astype(np.int64), buffer[at + 1].astype(np.int64)
        at = at + 2
        after = at + size + (size * length + 1) // 2
        if np.any(after > end) or not np.isin(size, (0, *_RUN_SIZES)).all():
            raise IndexError
        place = n_channels * pixel + channel
        inside = np.clip(n_channels - channel, 0, length)
        for each in _RUN_SIZES:
            chosen = np.flatnonzero((size == each) & (inside > 0))
            if chosen.size:
                values = _unpack_runs(buffer, at[chosen], inside[chosen], each)
                np.add.at(counts.reshape(-1), _ragged(place[chosen], inside[chosen]), values)
        at, channel = after, channel + length


def _unpack_runs(buffer: ByteArray, at: IntArray, length: IntArray, size: int) -> Counts:
    """Unpack runs of one size, joined: the least count and the excess of each channel over it."""
    least = np.repeat(_little_endian(buffer, at, size).astype(np.uint32), length)
    nth = _ragged(np.zeros_like(length), length)
    if size == 1:
        pair = buffer[np.repeat(at + size, length) + nth // 2]
        excess = np.where(nth % 2, pair >> 4, pair & 15)
    else:
        width = size // 2
        first = np.repeat(at + size, length) + width * nth
        excess = _little_endian(buffer, first, width).astype(np.uint32)
    values: Counts = least + excess
    return values


def _ragged(first: IntArray, lengths: IntArray) -> IntArray:
    """Join ranges of numbers, each given by its first number and its length."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(first - before, lengths) + np.arange(lengths.sum())


def _little_endian(buffer: ByteArray, at: IntArray, width: int) -> IntArray:
    number = buffer[at].astype(np.int64)
    for place in range(1, width):
        number |= buffer[at + place].astype(np.int64) << (8 * place)
    return number


@dataclass(frozen=True)
class BcfCube(LazyCube):
    """A map in a hypermap; only the rows that are needed are unpacked.

    Parameters
    ----------
    path : str
        The container.
    name : str
        The file in it.
    map_shape : tuple of int
        (y, x, channel).
    modified_ns : int
        When the container was last changed, in ns.
    """

    name: str
    map_shape: tuple[int, int, int]
    modified_ns: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Lengths along (y, x, channel)."""
        return self.map_shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a count."""
        return np.dtype(np.uint32)

    def read(self, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Unpack the rows within three slices."""
        rows, columns, channels = slices
        first, stop, step = rows.indices(self.shape[0])
        if stop <= first:
            return np.zeros((0, *self.shape[1:]), self.dtype)[:, columns, channels]
        index = index_of(self.path, self.name, self.modified_ns)
        with damage_as_value_error(Path(self.path)):
            data = index.blocks.read(index.starts[first], index.starts[stop])
            counts = decode_rows(data, (stop - first, *self.shape[1:]))
        return np.ascontiguousarray(counts[::step, columns, channels])
