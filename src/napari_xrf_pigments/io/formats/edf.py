"""EDF scans (ESRF): an image of spectra a row, in numbered files or in one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import EnergyAxis, XRFCube

from .. import _detectors as detectors
from .._lazy import LazyCube, dask_counts
from .._metadata import axis_from_values
from .._reader import (
    FormatReader,
    ReadOptions,
    check_size,
    estimated_axis,
    make_source,
    parse_float,
)
from ._edf_header import EdfFrame, frames, is_edf
from ._edf_series import Series, scan_of, scans_in

FORMAT = "EDF (ESRF)"
# Shorter rows of numbers are pictures.
LEAST_CHANNELS = 128
_KEYS_OF_SPECTRA = ("mca a", "mca start ch", "xdet", "xcorr")


@dataclass(frozen=True)
class EdfCube(LazyCube):
    """Rows of spectra in EDF frames.

    Parameters
    ----------
    path : str
        The first file.
    rows : tuple of (str, int) or None
        File and first byte of each row; None where the row is missing.
    columns, channels : int
        Shape of a row.
    disk_dtype : str
        numpy type string with byte order.
    turned : bool
        Whether a row lies in the file as (channel, x).
    """

    rows: tuple[tuple[str, int] | None, ...]
    columns: int
    channels: int
    disk_dtype: str
    turned: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """(y, x, channel)."""
        return len(self.rows), self.columns, self.channels

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a count, in the byte order of this machine."""
        return np.dtype(self.disk_dtype).newbyteorder("=")

    def read(self, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Read the rows within three slices."""
        ys, xs, channels = slices
        chosen = self.rows[ys]
        width = len(range(*xs.indices(self.columns)))
        depth = len(range(*channels.indices(self.channels)))
        block = np.zeros((len(chosen), width, depth), self.dtype)
        shape = (self.channels, self.columns) if self.turned else (self.columns, self.channels)
        for target, row in zip(block, chosen, strict=True):
            if row is not None:
                disk: Any = np.memmap(row[0], self.disk_dtype, "r", row[1], shape)
                target[...] = (disk.T if self.turned else disk)[xs, channels]
        return block


def matches(path: Path) -> bool:
    """Whether `path` is an EDF file of spectra, or a folder with a series of them."""
    try:
        scan = _scan(path, None)
        if not scan:
            return False
        first = next(frames(scan[0].first, 1), None)
    except OSError:
        return False
    except ValueError:
        return True  # a damaged EDF file: reading it says more
    return first is not None and _holds_spectra(first)


def first_file(path: Path) -> Path | None:
    """The file that stands for the scan which an EDF file or a folder belongs to."""
    scan = _scan(path, None) if matches(path) else []
    return scan[0].first if scan else None


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open a scan.

    Raises
    ------
    ValueError
        If it is damaged, or its frames are no spectra.
    """
    notes: list[str] = []
    scan = _scan(path, options.dataset, notes)
    if not scan:
        raise ValueError(f"{path.name} holds no EDF files of spectra.")
    names = [series.detector or str(index) for index, series in enumerate(scan)]
    cubes = [_cube(series) for series in scan]
    axes = [_axis(cube.first, cube.source.channels) for cube in cubes]
    if any(cube.source.shape != cubes[0].source.shape for cube in cubes):
        raise ValueError(f"{path.name}: the detectors' files differ in their sizes.")
    chosen = detectors.select_detectors(options.detector, names)
    if chosen is None:
        chosen = detectors.default_selection(names, axes, notes)
    detectors.note_selection(chosen, names, notes)
    used = [cubes[index] for index in chosen]
    source = detectors.sum_cubes([each.source for each in used])
    rows, columns, channels = source.shape
    valid = np.logical_and.reduce([each.measured for each in used])
    missing = int(np.count_nonzero(~valid))
    if missing:
        notes.append(f"Rows whose file is missing or too short: {missing} of {rows}.")
    return XRFCube(
        dask_counts(source, key=str([(each.source.rows, each.source.turned) for each in used])),
        axes[chosen[0]] or estimated_axis(channels, notes),
        valid=np.repeat(valid[:, None], columns, axis=1) if missing else None,
        source=make_source(scan[0].first, FORMAT, notes, sum(each.size for each in used)),
    )


@dataclass(frozen=True)
class _Opened:
    first: EdfFrame
    source: EdfCube
    measured: NDArray[np.bool_]
    size: int


def _scan(path: Path, wanted: str | None, notes: list[str] | None = None) -> list[Series]:
    """The series of the scan at a path: one a detector."""
    if path.is_file():
        return scan_of(path) if is_edf(path) else []
    scans = scans_in(path)
    if wanted is not None:
        scans = [scan for scan in scans if wanted in (scan[0].scan, scan[0].first.name)]
        if not scans:
            raise ValueError(f"{path.name} has no series of EDF files called {wanted}.")
    elif notes is not None and len(scans) > 1:
        others = ", ".join(scan[0].first.name for scan in scans[1:6])
        notes.append(f"{scans[0][0].first.name} was opened; the folder also holds {others}.")
    return scans[0] if scans else []


def _holds_spectra(frame: EdfFrame) -> bool:
    """By the header, or by an axis as long as detectors have channels."""
    if len(frame.shape) > 3 or max(frame.shape) < LEAST_CHANNELS:
        return False
    if any(key in frame.keys for key in _KEYS_OF_SPECTRA):
        return True
    # Square pictures of cameras have such lengths too.
    powers = [length for length in frame.shape[-2:] if length >= 256 and not length & (length - 1)]
    return len(powers) == 1


def _cube(series: Series) -> _Opened:
    """The rows of one detector."""
    name = series.first.name
    own = list(frames(series.first))
    if not own:
        raise ValueError(f"{name} holds no frame.")
    first = own[0]
    if not _holds_spectra(first):
        raise ValueError(f"{name} holds pictures, not rows of spectra.")
    alone = len(series.files) == 1
    if alone and len(first.shape) == 3:
        own = _slices(first)
    columns, channels, turned = _row_shape(own[0])
    if alone:
        rows: list[EdfFrame | None] = list(own)
    else:
        numbers = range(min(series.files), max(series.files) + 1)
        if len(numbers) > 10 * len(series.files) + 1000:
            raise ValueError(f"{name}: the numbers of the files leave too many gaps for a scan.")
        rows = [_only_frame(series.files.get(each)) for each in numbers]
    check_size(name, len(rows), columns, channels)
    fits = [
        row is not None and row.complete and (row.shape, row.dtype) == (own[0].shape, own[0].dtype)
        for row in rows
    ]
    if not any(fits):
        raise ValueError(f"{name} is truncated: it is shorter than its header declares.")
    places = [
        (row.path, row.start) if row is not None and fit else None
        for row, fit in zip(rows, fits, strict=True)
    ]
    source = EdfCube(str(series.first), tuple(places), columns, channels, own[0].dtype, turned)
    size = sum(path.stat().st_size for path in series.files.values())
    return _Opened(first, source, np.array(fits), size)


def _only_frame(path: Path | None) -> EdfFrame | None:
    """The frame of a row's file; None where it is missing or damaged."""
    try:
        return next(islice(frames(path, 1), 1), None) if path is not None else None
    except (ValueError, OSError):
        return None


def _slices(frame: EdfFrame) -> list[EdfFrame]:
    """The rows of a frame with three axes."""
    step = int(np.prod(frame.shape[1:], dtype=object)) * np.dtype(frame.dtype).itemsize
    check_size(Path(frame.path).name, *frame.shape)
    return [
        EdfFrame(
            frame.path,
            frame.start + index * step,
            frame.shape[1:],
            frame.dtype,
            frame.keys,
            frame.complete,
        )
        for index in range(frame.shape[0])
    ]


def _row_shape(frame: EdfFrame) -> tuple[int, int, bool]:
    """Columns, channels, and whether a row lies in the file as (channel, x)."""
    if len(frame.shape) == 1:
        return 1, frame.shape[0], False
    slow, fast = frame.shape
    power = [length >= 256 and not length & (length - 1) for length in (slow, fast)]
    turned = (power[0] and not power[1]) or (fast < LEAST_CHANNELS <= slow)
    return (fast, slow, True) if turned else (slow, fast, False)


def _axis(frame: EdfFrame, channels: int) -> EnergyAxis | None:
    """The calibration a + b n + c n^2 in keV that PyMca and the ESRF write."""
    offset, gain, square = (parse_float(frame.keys.get(f"mca {key}")) for key in "abc")
    if not gain or gain <= 0 or (gain, offset or 0.0) == (1.0, 0.0):
        return None
    first = parse_float(frame.keys.get("mca start ch")) or 0.0
    # Numbers that no energy and no channel has overflow in what follows.
    if max(abs(offset or 0.0), gain, abs(square or 0.0), abs(first)) > 1e12:
        return None
    channel = first + np.arange(channels, dtype=np.float64)
    values = (offset or 0.0) + gain * channel + (square or 0.0) * channel**2
    return axis_from_values(values, "kev", channels)


READER = FormatReader(FORMAT, matches, read, chooses_detectors=True)
