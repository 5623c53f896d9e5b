"""Reading the pixel files of a folder: all at once, or when their pixels are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.io import _detectors as detectors
from napari_xrf_pigments.io._lazy import as_slices, lazy_cube

from . import spectrum as mca
from ._files import PixelFiles, ScanTable, first_number

EAGER_BYTES = 256 * 2**20
_SAMPLE = 5


@dataclass(frozen=True)
class FolderCube:
    """A cube in text files: those of the wanted pixels are read at each access."""

    path: str
    names: tuple[tuple[str | None, ...], ...]
    channels: int

    ndim = 3
    dtype = np.dtype(np.int32)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(y, x, channel)."""
        return len(self.names), len(self.names[0]), self.channels

    def __getitem__(self, key: Any) -> NDArray[Any]:
        (rows, columns, channels), rest = as_slices(key)
        chosen = [names[columns] for names in self.names[rows]]
        counts = np.zeros((len(chosen), len(chosen[0]), self.channels), self.dtype)
        for y, names in enumerate(chosen):
            for x, name in enumerate(names):
                values = None if name is None else read_pixel(Path(self.path, name), self.channels)
                if values is not None:
                    counts[y, x] = values
        return np.asarray(counts[:, :, channels][rest])


def read_pixel(path: Path, channels: int) -> NDArray[np.int64] | None:
    """Counts of a pixel; None where its file is absent, short or damaged."""
    try:
        counts = mca.parse_counts(path.read_bytes())
    except OSError:
        return None
    return counts if counts is not None and counts.size == channels else None


@dataclass(frozen=True)
class Pixels:
    """Counts (pixel or y, x; channel), which pixels are complete, live and real times in s."""

    counts: Any
    valid: NDArray[np.bool_]
    times: NDArray[np.float64]


def read_pixels(
    pixels: PixelFiles, names: list[str | None], table: ScanTable, channels: int
) -> Pixels:
    """The files of a scan: small ones (under 256 MB) at once, which is the fastest way."""
    small = len(names) * channels * FolderCube.dtype.itemsize <= EAGER_BYTES
    return (_read_all if small else _read_later)(pixels, names, table, channels)


def in_order(pixels: PixelFiles, declared: int, notes: list[str]) -> list[str | None]:
    """File names in the order of the pixels; None where there is no file."""
    names: list[str | None] = [None] * declared
    first, beyond = first_number(pixels), 0
    for number, (name, _) in pixels.files.items():
        if number - first < declared:
            names[number - first] = name
        else:
            beyond += 1
    if beyond:
        notes.append(f"Files with numbers beyond the last pixel, left out: {beyond}.")
    return names


def _read_all(
    pixels: PixelFiles, names: list[str | None], table: ScanTable, channels: int
) -> Pixels:
    """All files at once."""
    counts = np.zeros((len(names), channels), dtype=FolderCube.dtype)
    valid, times = np.zeros(len(names), dtype=bool), np.zeros((2, len(names)))
    for index, name in enumerate(names):
        data = b"" if name is None else _bytes(pixels.folder / name)
        values = mca.parse_counts(data)
        if values is not None and values.size == channels:
            counts[index], valid[index] = values, True
            times[:, index] = mca.parse_times(data)
    return Pixels(counts.reshape(table.rows, table.columns, channels), valid, times)


def _read_later(
    pixels: PixelFiles, names: list[str | None], table: ScanTable, channels: int
) -> Pixels:
    """Files are read when their pixels are wanted; until then only their sizes are known."""
    # A count and its line end take two bytes at least.
    complete = {name for name, size in pixels.files.values() if size >= 2 * channels}
    width = table.columns
    grid = tuple(tuple(names[row * width : (row + 1) * width]) for row in range(table.rows))
    return Pixels(
        lazy_cube(FolderCube(str(pixels.folder), grid, channels)),
        np.array([name in complete for name in names], dtype=bool),
        np.zeros((2, len(names))),
    )


def sample(pixels: PixelFiles) -> tuple[int, mca.McaHeader]:
    """Number of channels (the most frequent) and header of the first complete pixels."""
    sizes: dict[int, int] = {}
    header: mca.McaHeader | None = None
    for _, (name, _) in sorted(pixels.files.items()):
        data = _bytes(pixels.folder / name)
        counts = mca.parse_counts(data)
        if counts is None:
            continue
        sizes[counts.size] = sizes.get(counts.size, 0) + 1
        header = header or mca.parse_header(data)
        if sum(sizes.values()) == _SAMPLE:
            break
    if header is None:
        raise ValueError(f"{pixels.folder.name} holds no complete pixel file.")
    return max(sizes, key=lambda size: sizes[size]), header


def added(one: Pixels, other: Pixels) -> Pixels:
    """The pixels of two detectors added up: complete where both are; mean times."""
    wide = detectors.widened(np.result_type(one.counts.dtype, other.counts.dtype))
    return Pixels(
        one.counts.astype(wide) + other.counts.astype(wide),
        one.valid & other.valid,
        (one.times + other.times) / 2,
    )


def same_spectra(one: PixelFiles, other: PixelFiles) -> bool:
    """Whether one folder is a copy of the other: no two detectors count exactly alike."""
    shared = sorted(one.files.keys() & other.files.keys())
    for number in shared[:: max(1, len(shared) // _SAMPLE)][:_SAMPLE]:
        a, b = (
            mca.parse_counts(_bytes(pixels.folder / pixels.files[number][0]))
            for pixels in (one, other)
        )
        if a is None or b is None or not np.array_equal(a, b):
            return False
    return bool(shared)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def live_time(
    loaded: Pixels, dwell_s: float | None, notes: list[str]
) -> NDArray[np.float64] | None:
    """Live time of each pixel, shape (pixel,); else real time, else dwell time."""
    for stated, name in zip(loaded.times, ("live", "real"), strict=True):
        if np.all(stated[loaded.valid] > 0):
            if name == "real":
                notes.append("The files state no live time; the real time stands for it.")
            return np.asarray(stated)
    if dwell_s is None:
        return None
    notes.append("The files state no live time; the dwell time stands for it.")
    return np.asarray(np.where(loaded.valid, dwell_s, 0.0), dtype=np.float64)
