"""Spectra of a Bruker hypermap that are packed as runs of channels.

A run is a byte for the size of its numbers, a byte for their count, the least count of the run
and what each channel has more than that: half a byte, one, two or four bytes each. Releases of
``rosettasciio`` up to 0.15 at least read runs of four bytes wrongly, so those are read here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# Head of a pixel: x, channels, channels, unknown, kind, size, pulses, size of what follows.
PIXEL = struct.Struct("<IHHIHHHI")
ROW = struct.Struct("<I")
_WIDE = 8
_TYPES = {2: "u1", 4: "<u2", _WIDE: "<u4"}


def wide_pixels(data: bytes, rows: int) -> Iterator[tuple[int, int, NDArray[np.int64]]]:
    """Row, column and counts of the pixels that hold runs of four bytes.

    Parameters
    ----------
    data : bytes
        Whole rows, whose heads have been checked.
    rows : int
        How many.
    """
    at = 0
    for y in range(rows):
        (count,) = ROW.unpack_from(data, at)
        at += ROW.size
        for _ in range(count):
            x, _, _, _, kind, _, pulses, length = PIXEL.unpack_from(data, at)
            at += PIXEL.size
            if kind > 1:
                end = at + length - 4
                if _is_wide(data, at, end):
                    single = data[end + 4 : end + 4 + 2 * pulses]
                    yield y, x, unpack_runs(data[at:end], single)
                at = end + 4 + 2 * pulses
            else:
                at += length


def _is_wide(data: bytes, at: int, end: int) -> bool:
    while at + 2 <= end:
        size, channels = data[at], data[at + 1]
        if size >= _WIDE:
            return True
        at += 2 + size + (channels * size + 1) // 2
    return False


def unpack_runs(packed: bytes, pulses: bytes = b"") -> NDArray[np.int64]:
    """Counts of a packed spectrum, shape (channel,).

    Parameters
    ----------
    packed : bytes
        The runs.
    pulses : bytes
        Channels (16 bit) of single counts that come on top.

    Raises
    ------
    IndexError
        If a run is longer than the data, or a pulse lies beyond the spectrum.
    """
    parts, at = [np.zeros(0, np.int64)], 0
    while at + 2 <= len(packed):
        size, channels = packed[at], packed[at + 1]
        length = (channels * size + 1) // 2
        at += 2
        if size == 0:
            parts.append(np.zeros(channels, np.int64))
            continue
        if at + size + length > len(packed):
            raise IndexError
        least = int.from_bytes(packed[at : at + size], "little")
        run = np.frombuffer(packed, np.uint8, length, at + size)
        if size == 1:
            halves = np.stack([run & 15, run >> 4], axis=1).reshape(-1)[:channels]
            parts.append(least + halves.astype(np.int64))
        else:
            parts.append(least + run.view(_TYPES[size]).astype(np.int64))
        at += size + length
    counts = np.concatenate(parts)
    np.add.at(counts, np.frombuffer(pulses, "<u2"), 1)
    return counts
