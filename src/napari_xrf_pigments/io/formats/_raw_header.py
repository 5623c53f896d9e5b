"""Raw counts described by a text header: what the readers of ENVI and Ripple share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import dask.array as da

from napari_xrf_pigments._typing import BoolArray

from .._lazy import RawCube, masked_counts


@dataclass(frozen=True)
class RawHeader:
    """The header of a file of counts.

    Parameters
    ----------
    shape : tuple of int
        (y, x, channel).
    axes : tuple of int
        Which axes of the file are y, x and channel.
    dtype : str
        numpy type string of a count, with its byte order.
    offset : int
        Bytes before the data.
    keys : mapping
        All keys (lower case) and values.
    notes : tuple of str
        Sentences on the assumptions made.
    """

    shape: tuple[int, int, int]
    axes: tuple[int, int, int]
    dtype: str
    offset: int
    keys: Mapping[str, str]
    notes: tuple[str, ...] = ()

    @property
    def disk_shape(self) -> tuple[int, int, int]:
        """Shape as it lies in the file."""
        shape = [0, 0, 0]
        for axis, length in zip(self.axes, self.shape, strict=True):
            shape[axis] = length
        return shape[0], shape[1], shape[2]


def open_counts(
    header: RawHeader, header_path: Path, data: Path
) -> tuple[da.Array, BoolArray | None, int, list[str]]:
    """Open the counts that a header describes.

    Returns
    -------
    counts : dask array, shape (y, x, channel)
        The counts, read when needed.
    valid : ndarray of bool, shape (y, x), or None
        Which pixels were measured; None means all of them.
    size : int
        Bytes of the file.
    notes : list of str
        The notes of the header, and on a file longer than declared and missing pixels.

    Raises
    ------
    ValueError
        If the file is too short.
    """
    raw = RawCube(str(data), header.dtype, header.disk_shape, header.axes, header.offset)
    size = data.stat().st_size
    if size < raw.n_bytes:
        raise ValueError(
            f"{data.name} is truncated: it has {size:,} of the {raw.n_bytes:,} bytes "
            f"that {header_path.name} declares."
        )
    notes = list(header.notes)
    if size > raw.n_bytes:
        notes.append(f"{data.name} is {size - raw.n_bytes:,} bytes longer than declared.")
    key = f"{header.dtype}{header.axes}{header.offset}"
    counts, valid = masked_counts(raw, notes, key=key)
    return counts, valid, size, notes


def whole_number(keys: Mapping[str, str], key: str, name: str, default: int | None = None) -> int:
    """Read a whole number from a header.

    Parameters
    ----------
    keys : mapping
        Keys and values of the header.
    key : str
        Key of the number.
    name : str
        Name of the header in errors.
    default : int, optional
        For a key that is not stated; without it the key must be there.

    Raises
    ------
    ValueError
        If it is missing or no whole number.
    """
    text = keys.get(key)
    if text is None:
        if default is None:
            raise ValueError(f"{name} does not state {key}.")
        return default
    try:
        return int(text)
    except ValueError:
        raise ValueError(
            f"{name} states {key} as {text[:20]!r}, which is no whole number."
        ) from None
