"""Lazy counts over files: each access opens the file, reads, and closes it.

A dask graph therefore holds no open file, can be pickled and travels to a cluster.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import dask.array as da
import numpy as np
from dask.base import tokenize
from numpy.typing import NDArray

from .._typing import BoolArray
from ..cube import choose_chunks

MAX_CHUNK_BYTES = 64 * 2**20
#: No detector counts so many photons in a channel, and the sum of a scan of them overflows.
MAX_COUNT = 2**40
# Larger files are not read only to find missing pixels.
_MAX_SEARCHED_BYTES = 4 * 2**30


@dataclass(frozen=True)
class LazyCube(ABC):
    """Counts (y, x, channel) in a file, indexable by dask.

    A subclass is a frozen dataclass of plain values, so that it pickles, and implements `shape`,
    `dtype` and `read`.

    Parameters
    ----------
    path : str
        File or folder of the counts; of several files, the first.
    """

    path: str

    ndim: ClassVar[int] = 3

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int, int]:
        """Lengths along (y, x, channel)."""

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """Type of a count, in the byte order of this machine."""

    @abstractmethod
    def read(self, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Read the counts within three slices of positive step.

        Raises
        ------
        ValueError, OSError
            If the file is damaged or no longer readable.
        """

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Index by slices, integers, None, and one list or mask; no more is read than needed.

        dask fuses all later indexing into the access of the file.
        """
        parts = key if isinstance(key, tuple) else (key,)
        bounds: list[slice] = []
        within: list[Any] = []
        last: list[int | slice | None] = []
        for part in parts:
            if part is None:
                last.append(None)
                continue
            integer = isinstance(part, int | np.integer)
            last.append(0 if integer else slice(None))
            if integer:
                part = slice(int(part), int(part) + 1)
            if isinstance(part, slice):
                bounds.append(part)
                within.append(slice(None))
                continue
            index = np.asarray(part)
            index = np.flatnonzero(index) if index.dtype == bool else index.astype(np.intp)
            low = int(index.min()) if index.size else 0
            bounds.append(slice(low, int(index.max(initial=low - 1)) + 1))
            within.append(index - low)
        bounds += [slice(None)] * (3 - len(bounds))
        values = self.read((bounds[0], bounds[1], bounds[2]))
        # In two steps: an integer beside a list would move the axes.
        if any(not isinstance(part, slice) for part in within):
            values = values[tuple(within)]
        selected: NDArray[Any] = values[tuple(last)]
        return selected


@dataclass(frozen=True)
class StoredArray(LazyCube):
    """One array of a file, with its axes in any order.

    Parameters
    ----------
    path : str
        File or folder of the array.
    disk_dtype : str
        numpy type string with byte order, such as ``">u2"``.
    disk_shape : tuple of int
        Shape as it lies in the file.
    axes : tuple of int
        Which of those axes are y, x and channel.
    missing : int
        So many of the first axes have the length 1 and are not in the file.
    """

    disk_dtype: str
    disk_shape: tuple[int, ...]
    axes: tuple[int, int, int] = (0, 1, 2)
    missing: int = field(default=0, kw_only=True)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Lengths along (y, x, channel)."""
        y, x, channel = self.axes
        return self.disk_shape[y], self.disk_shape[x], self.disk_shape[channel]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a count, in the byte order of this machine."""
        return np.dtype(self.disk_dtype).newbyteorder("=")

    def disk_key(
        self, slices: tuple[slice, slice, slice], further: int = 0
    ) -> tuple[int | slice, ...]:
        """Index the array as it lies in the file; `further` is the index on all other axes."""
        key: list[int | slice] = [further] * len(self.disk_shape)
        for axis, part in zip(self.axes, slices, strict=True):
            key[axis] = part
        return tuple(key[self.missing :])

    def ordered(self, block: NDArray[Any]) -> NDArray[Any]:
        """Bring a block that :meth:`disk_key` selected into the order (y, x, channel)."""
        order = np.argsort(np.argsort(self.axes))
        block = block.reshape((1,) * self.missing + block.shape)
        return np.ascontiguousarray(block.transpose(order), dtype=self.dtype)


@dataclass(frozen=True)
class RawCube(StoredArray):
    """Uncompressed counts in a binary file.

    Parameters
    ----------
    offset : int
        Bytes before the data.
    order : str
        ``"C"`` or ``"F"``.
    """

    offset: int = 0
    order: str = "C"

    @property
    def n_bytes(self) -> int:
        """Bytes that the file must have."""
        pixels = self.disk_shape[0] * self.disk_shape[1] * self.disk_shape[2]
        return self.offset + pixels * self.dtype.itemsize

    def read(self, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Read the counts within three slices."""
        disk: Any = np.memmap(
            self.path,
            self.disk_dtype,
            "r",
            self.offset,
            self.disk_shape,
            "F" if self.order == "F" else "C",
        )
        return np.array(disk.transpose(self.axes)[slices], dtype=self.dtype, order="C")


def dask_counts(
    cube: LazyCube, file_chunks: tuple[int, int, int] | None = None, key: str = ""
) -> da.Array:
    """Make a dask array (y, x, channel) of whole counts over a file.

    Parameters
    ----------
    cube : LazyCube
        The counts.
    file_chunks : tuple of int, optional
        Shape (y, x, channel) of the file's own chunks.
    key : str
        Text that distinguishes two cubes of one file.

    Raises
    ------
    ValueError
        If the file holds numbers with a fractional part, or no numbers.
    """
    numbers = _dask_numbers(cube, file_chunks, key)
    return _whole(cube, numbers, skip_missing=False) if cube.dtype.kind == "f" else numbers


def masked_counts(
    cube: LazyCube,
    notes: list[str],
    file_chunks: tuple[int, int, int] | None = None,
    key: str = "",
) -> tuple[da.Array, BoolArray | None]:
    """Make the counts as :func:`dask_counts` does, and the mask of the measured pixels.

    A pixel of a file of floats is missing where a value is not a number (NaN). To find them the
    file is read once, unless it is larger than 4 GB.

    Returns
    -------
    counts : dask array, shape (y, x, channel)
        Whole counts, 0 in missing pixels.
    valid : ndarray of bool, shape (y, x), or None
        Which pixels were measured; None means all of them.
    """
    numbers = _dask_numbers(cube, file_chunks, key)
    if cube.dtype.kind != "f":
        return numbers, None
    counts = _whole(cube, numbers, skip_missing=False)
    if numbers.nbytes > _MAX_SEARCHED_BYTES:
        return counts, None
    lazy: Any = numbers
    finite = lazy.map_blocks(_finite_pixels, drop_axis=2, dtype=bool, meta=np.empty((0, 0), bool))
    valid: BoolArray = np.asarray(finite.compute())
    missing = int(np.count_nonzero(~valid))
    if not missing:
        return counts, None
    notes.append(
        f"Pixels with values that are not numbers (NaN), which count as missing: {missing:,}."
    )
    return _whole(cube, numbers, skip_missing=True), valid


def _dask_numbers(cube: LazyCube, file_chunks: tuple[int, int, int] | None, key: str) -> da.Array:
    name = Path(cube.path).name
    if cube.dtype.kind not in "uif":
        raise ValueError(f"{name} holds values of type {cube.dtype}, not counts.")
    if cube.dtype.kind in "ui" and cube.dtype.itemsize == 8:
        _check_magnitude(cube, name)
    status = os.stat(cube.path)
    token = tokenize(os.fspath(cube.path), status.st_size, status.st_mtime_ns, key, cube.shape)
    numbers: da.Array = da.from_array(
        cube,
        chunks=aligned_chunks(cube.shape, cube.dtype, file_chunks),
        name=f"xrf-counts-{token}",
        asarray=False,
        fancy=True,  # where it is False, dask reads a whole chunk for one spectrum
        meta=np.empty((0, 0, 0), cube.dtype),
    )
    return numbers


def _whole(cube: LazyCube, numbers: da.Array, *, skip_missing: bool) -> da.Array:
    """Convert floats to integers, block by block."""
    name = Path(cube.path).name
    if not looks_like_counts(cube):
        raise ValueError(
            f"{name} holds numbers with a fractional part, so they are not the counts of a scan."
        )
    # A float32 is exact up to 2**24 only, so 32 bits hold every count of such a file.
    whole = np.dtype(np.int32 if cube.dtype.itemsize <= 4 else np.int64)
    lazy: Any = numbers
    counts: da.Array = lazy.map_blocks(
        to_integer_counts,
        name,
        whole,
        skip_missing=skip_missing,
        dtype=whole,
        meta=np.empty((0, 0, 0), whole),
    )
    return counts


def _check_magnitude(cube: LazyCube, name: str) -> None:
    """Refuse integers whose sums would overflow, as nine spectra show them."""
    for y, x in _sampled_pixels(cube):
        try:
            values = cube.read((slice(y, y + 1), slice(x, x + 1), slice(None)))
        except (ValueError, OSError):
            continue  # reading that pixel explains the damage
        if values.max(initial=0) > MAX_COUNT:
            raise ValueError(f"{name} holds numbers that are too large for counts.")


def _sampled_pixels(cube: LazyCube) -> list[tuple[int, int]]:
    rows, columns, _ = cube.shape
    return [
        (y, x)
        for y in sorted({0, rows // 2, rows - 1})
        for x in sorted({0, columns // 2, columns - 1})
    ]


def _finite_pixels(block: NDArray[Any]) -> BoolArray:
    finite: BoolArray = np.isfinite(block).all(axis=2)
    return finite


def aligned_chunks(
    shape: tuple[int, int, int], dtype: np.dtype[Any], file_chunks: tuple[int, int, int] | None
) -> tuple[int, int, int]:
    """Round the chosen chunks up to whole chunks of the file where that stays small.

    A compressed chunk that straddles two tasks is decompressed twice.
    """
    chunks = choose_chunks(shape, dtype)
    if file_chunks is None:
        return chunks
    rounded = [
        min(length, -(-wanted // step) * step)
        for length, wanted, step in zip(shape[:2], chunks[:2], file_chunks[:2], strict=True)
    ]
    if rounded[0] * rounded[1] * shape[2] * dtype.itemsize > MAX_CHUNK_BYTES:
        rounded = [
            min(length, max(step, wanted // step * step))
            for length, wanted, step in zip(shape[:2], chunks[:2], file_chunks[:2], strict=True)
        ]
    if rounded[0] * rounded[1] * shape[2] * dtype.itemsize > MAX_CHUNK_BYTES:
        return chunks
    return rounded[0], rounded[1], shape[2]


def looks_like_counts(cube: LazyCube) -> bool:
    """Check that the spectra of nine pixels are whole numbers, or missing (NaN)."""
    for y, x in _sampled_pixels(cube):
        values = cube.read((slice(y, y + 1), slice(x, x + 1), slice(None)))
        values = values[np.isfinite(values)]
        if np.any(np.rint(values) != values):
            return False
    return True


def to_integer_counts(
    block: NDArray[Any], name: str, dtype: np.dtype[Any], *, skip_missing: bool = False
) -> NDArray[Any]:
    """Convert a block of whole-numbered floats to integers.

    Parameters
    ----------
    block : ndarray, shape (y, x, channel)
        Numbers of a file.
    name : str
        Name of the file, for errors.
    dtype : numpy.dtype
        Type of the result.
    skip_missing : bool
        Whether a pixel with a value that is not a number gets 0 counts.

    Raises
    ------
    ValueError
        If a number has a fractional part or is too large, or is none and not skipped.
    """
    finite = _finite_pixels(block)
    if not finite.all():
        if not skip_missing:
            raise ValueError(
                f"{name} holds values that are not numbers (NaN), so its counts are not complete."
            )
        block = np.where(finite[..., None], block, 0)
    with np.errstate(invalid="ignore"):
        whole = block.astype(dtype)
    if not np.array_equal(whole, block):
        if np.abs(block).max() > np.iinfo(dtype).max:
            raise ValueError(f"{name} holds numbers that are too large for counts.")
        raise ValueError(
            f"{name} holds numbers with a fractional part, so they are not the counts of a scan."
        )
    return whole
