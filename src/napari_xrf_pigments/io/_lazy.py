"""Lazy arrays over files: the file is opened inside each task and closed after it.

So a dask graph holds no open file, can be pickled and travels to a cluster.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import dask.array as da
import numpy as np
from dask.base import tokenize
from numpy.typing import NDArray

from ..cube import choose_chunks

MAX_CHUNK_BYTES = 64 * 2**20


class CubeOnDisk(Protocol):
    """Array-like over a file, in the order (y, x, channel)."""

    @property
    def path(self) -> str:
        """The file."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(y, x, channel)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a count, in the byte order of this machine."""

    def __getitem__(self, key: Any) -> NDArray[Any]: ...


def as_slices(key: Any) -> tuple[tuple[slice, slice, slice], tuple[int | slice, ...]]:
    """A key of slices and integers as three slices, and what then drops the integers' axes.

    dask fuses later indexing, integers included, into the access of the file.
    """
    parts = (
        (*key, *[slice(None)] * 3)[:3]
        if isinstance(key, tuple)
        else (key, slice(None), slice(None))
    )
    slices = [part if isinstance(part, slice) else slice(part, part + 1) for part in parts]
    rest = tuple(slice(None) if isinstance(part, slice) else 0 for part in parts)
    return (slices[0], slices[1], slices[2]), rest


@dataclass(frozen=True)
class RawCube:
    """A cube in a binary file.

    Parameters
    ----------
    path : str
        The file.
    disk_dtype : str
        numpy type string with byte order, such as ``">u2"``.
    disk_shape : tuple of int
        Shape as it lies in the file.
    axes : tuple of int
        Which of those axes are y, x and channel.
    offset : int
        Bytes before the data.
    order : str
        ``"C"`` or ``"F"``.
    """

    path: str
    disk_dtype: str
    disk_shape: tuple[int, int, int]
    axes: tuple[int, int, int] = (0, 1, 2)
    offset: int = 0
    order: str = "C"

    ndim = 3

    @property
    def shape(self) -> tuple[int, int, int]:
        """(y, x, channel)."""
        y, x, channel = self.axes
        return self.disk_shape[y], self.disk_shape[x], self.disk_shape[channel]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a count, in the byte order of this machine."""
        return np.dtype(self.disk_dtype).newbyteorder("=")

    @property
    def n_bytes(self) -> int:
        """Bytes that the file must have."""
        pixels = self.disk_shape[0] * self.disk_shape[1] * self.disk_shape[2]
        return self.offset + pixels * self.dtype.itemsize

    def __getitem__(self, key: Any) -> NDArray[Any]:
        disk: Any = np.memmap(
            self.path,
            self.disk_dtype,
            "r",
            self.offset,
            self.disk_shape,
            "F" if self.order == "F" else "C",
        )
        return np.array(disk.transpose(self.axes)[key], dtype=self.dtype, order="C")


@dataclass(frozen=True)
class Fusible:
    """A cube on disk of which dask may read any part, so that it reads no more than is wanted.

    dask fuses all later indexing into the access of the file; the cubes themselves know slices
    and integers alone.
    """

    source: CubeOnDisk

    ndim = 3

    @property
    def shape(self) -> tuple[int, int, int]:
        """(y, x, channel)."""
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a count, in the byte order of this machine."""
        return self.source.dtype

    def __getitem__(self, key: Any) -> NDArray[Any]:
        parts = key if isinstance(key, tuple) else (key,)
        if all(isinstance(part, int | np.integer | slice) for part in parts):
            return self.source[key]
        bounds: list[slice] = []
        chosen: list[Any] = []
        for part in parts:
            if part is None:
                continue
            if isinstance(part, slice):
                bounds.append(part)
                chosen.append(slice(None))
            elif isinstance(part, int | np.integer):
                bounds.append(slice(int(part), int(part) + 1))
                chosen.append(slice(None))
            else:
                index = np.asarray(part)
                index = np.flatnonzero(index) if index.dtype == bool else index.astype(np.intp)
                low = int(index.min()) if index.size else 0
                bounds.append(slice(low, int(index.max(initial=low - 1)) + 1))
                chosen.append(index - low)
        # In two steps: an integer beside a list would move the axes.
        values: NDArray[Any] = self.source[tuple(bounds)][tuple(chosen)]
        last = tuple(
            None if part is None else 0 if isinstance(part, int | np.integer) else slice(None)
            for part in parts
        )
        found: NDArray[Any] = values[last]
        return found


def lazy_cube(
    source: CubeOnDisk, file_chunks: tuple[int, int, int] | None = None, key: str = ""
) -> da.Array:
    """Dask array (y, x, channel) of whole counts over a file.

    Parameters
    ----------
    source : CubeOnDisk
        The file.
    file_chunks : tuple of int, optional
        Shape (y, x, channel) of the file's own chunks.
    key : str
        Anything that tells apart two cubes of one file.

    Raises
    ------
    ValueError
        If the file holds numbers with a fractional part, or no numbers.
    """
    name = Path(source.path).name
    if source.dtype.kind not in "uif":
        raise ValueError(f"{name} holds values of type {source.dtype}, not counts.")
    status = os.stat(source.path)
    token = tokenize(os.fspath(source.path), status.st_size, status.st_mtime_ns, key, source.shape)
    lazy: Any = da.from_array(
        Fusible(source),
        chunks=aligned_chunks(source.shape, source.dtype, file_chunks),
        name=f"xrf-counts-{token}",
        asarray=False,
        fancy=True,  # where it is False, dask reads a whole chunk for one spectrum
        meta=np.empty((0, 0, 0), source.dtype),
    )
    counts: da.Array = lazy
    if source.dtype.kind != "f":
        return counts
    if not holds_whole_numbers(source):
        raise ValueError(
            f"{name} holds numbers with a fractional part, so they are not the counts of a scan."
        )
    # A float32 is exact to 2**24 only, so 32 bits hold all that such a file can say.
    whole = np.dtype(np.int32 if source.dtype.itemsize <= 4 else np.int64)
    empty = np.empty((0, 0, 0), whole)
    counts = lazy.map_blocks(to_whole, name, whole, dtype=whole, meta=empty)
    return counts


def aligned_chunks(
    shape: tuple[int, int, int], dtype: np.dtype[Any], file_chunks: tuple[int, int, int] | None
) -> tuple[int, int, int]:
    """The usual chunks, rounded up to whole chunks of the file where that stays small.

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


def holds_whole_numbers(source: CubeOnDisk) -> bool:
    """Whether the spectra of a few pixels are whole numbers (cheap: nine spectra)."""
    rows, columns, _ = source.shape
    for y in sorted({0, rows // 2, rows - 1}):
        for x in sorted({0, columns // 2, columns - 1}):
            values = source[y : y + 1, x : x + 1]
            if not np.all(np.isfinite(values)) or np.any(np.rint(values) != values):
                return False
    return True


def to_whole(block: NDArray[Any], name: str, dtype: np.dtype[Any]) -> NDArray[Any]:
    """A block of whole-numbered floats as integers.

    Raises
    ------
    ValueError
        If a number has a fractional part.
    """
    with np.errstate(invalid="ignore"):
        whole = block.astype(dtype)
    if not np.array_equal(whole, block):
        raise ValueError(
            f"{name} holds numbers with a fractional part, so they are not the counts of a scan."
        )
    return whole
