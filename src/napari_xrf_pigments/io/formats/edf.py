"""EDF scans (ESRF): one image of spectra per row, in numbered files or in one file.

``fabio`` reads the headers, behind a file object that bounds what it can be made to do. The counts
are mapped from the files here: fabio would read, decompress and convert a whole frame for one
spectrum, follow the name of another file in the header, and fill what is missing with zeros.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments._typing import BoolArray
from napari_xrf_pigments.cube import EnergyAxis, XRFCube

from .. import _detector_choice as detectors
from .._lazy import LazyCube, dask_counts
from .._metadata import LEAST_CHANNELS, axis_from_values
from .._reader import (
    FormatReader,
    ReadOptions,
    check_size,
    estimated_axis,
    make_source,
    parse_float,
    read_head,
)
from ._guards import quiet_logger

FORMAT = "EDF (ESRF)"
_FIRST_BYTES = 2**15
MAX_FRAMES = 100_000
# Folders of other things may hold names of any kind.
MAX_SERIES = 500
_KEYS_OF_SPECTRA = ("mca a", "mca start ch", "xdet", "xcorr")
# Everything before and after the last number of a name.
_NUMBERED = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)
# Names of a detector in the files of the ESRF's maps: "map_xia02_0001_0000_0013.edf".
_DETECTOR = re.compile(r"xia(\d+|s\d+)_", re.IGNORECASE)
_STATISTICS = re.compile(r"xiast_", re.IGNORECASE)
_MANY_AXES = re.compile(rb"dim_\d\d", re.IGNORECASE)


@dataclass(frozen=True)
class EdfFrame:
    """One block of numbers in an EDF file.

    Parameters
    ----------
    path : str
        The file.
    start : int
        Where its numbers begin, in bytes.
    shape : tuple of int
        Slowest axis first.
    dtype : str
        numpy type string with byte order.
    keys : mapping
        Keys (lower case) and values of the header.
    complete : bool
        Whether the file reaches to the end of the block.
    """

    path: str
    start: int
    shape: tuple[int, ...]
    dtype: str
    keys: Mapping[str, str]
    complete: bool


class _HeaderFile(io.BufferedReader):
    """An EDF file of which fabio can read the headers, one after the other, and nothing else.

    Without it, a few bytes keep fabio busy for ever: a block of a negative size leads back to its
    own header, and the axis ``Dim_300000`` takes a minute.

    Parameters
    ----------
    path : Path
        The file.
    most : int
        Number of headers after which the file appears to end.
    """

    def __init__(self, path: Path, most: int) -> None:
        super().__init__(io.FileIO(path))
        self._left = most
        self._tail = b""
        self._header_end = 0

    def tell(self) -> int:
        """Return the position, which fabio needs once for each header: at its end."""
        self._left -= 1
        self._tail = b""
        self._header_end = super().tell()
        return self._header_end

    def read(self, size: int | None = -1) -> bytes:
        """Read a part of a header, or the last byte of a block.

        Raises
        ------
        ValueError
            If the file leads back, or a header declares more than nine axes.
        """
        if super().tell() < self._header_end - 1:
            raise ValueError("The blocks lead back into the headers.")
        if size == 1:
            return super().read(size)
        if self._left <= 0:
            return b""
        part = super().read(size)
        if _MANY_AXES.search(self._tail + part):
            raise ValueError("The header declares too many axes.")
        self._tail = part[-8:]
        return part


def is_edf(path: Path) -> bool:
    """Check whether a file begins with an EDF header."""
    start = read_head(path, _FIRST_BYTES).lstrip()
    if not start.startswith(b"{"):
        return False
    lowered = start.lower()
    return b"byteorder" in lowered and b"datatype" in lowered and b";" in start


def read_frames(path: Path, most: int = MAX_FRAMES) -> list[EdfFrame]:
    """Read the headers of the first frames of a file.

    Raises
    ------
    ValueError
        If a header is damaged or describes counts that are not read.
    """
    from fabio.edfimage import EdfImage

    size = path.stat().st_size
    # A general header, with defaults for all frames, may precede them.
    with _HeaderFile(path, most + 1) as file, quiet_logger("fabio.edfimage"):
        try:
            frames = list(islice(EdfImage().read(file).frames(), most))
        except Exception as error:  # fabio wraps errors of every kind into this one
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise ValueError(f"{path.name} is damaged: its EDF headers cannot be read.") from error
        return [_frame(path, size, frame) for frame in frames if frame.shape]


def _frame(path: Path, size: int, frame: Any) -> EdfFrame:
    keys = {key.lower(): value for key, value in frame.header.items()}
    if "edf_binaryfilename" in keys:
        raise ValueError(f"{path.name} keeps its counts in another file: not read.")
    if not keys.get("compression", "none").lower().startswith("no"):
        raise ValueError(f"{path.name} holds compressed frames, which are not read.")
    shape = tuple(int(length) for length in frame.shape)
    for length in shape:
        if not 1 <= length <= 10**9:
            raise ValueError(f"{path.name} declares an axis of {length} values, so it is damaged.")
    order = ">" if keys["byteorder"].lower().startswith("high") else "<"
    dtype = np.dtype(frame.dtype).newbyteorder(order)
    complete = frame.start + dtype.itemsize * int(np.prod(shape, dtype=object)) <= size
    return EdfFrame(os.fspath(path), frame.start, shape, dtype.str, keys, complete)


@dataclass(frozen=True)
class Series:
    """Files of one detector.

    Parameters
    ----------
    detector : str
        Name of the detector; empty where the file names state none.
    scan : str
        Part of the names that all files of one scan share.
    files : mapping of int to Path
        The file of each number.
    """

    detector: str
    scan: str
    files: Mapping[int, Path]

    @property
    def first(self) -> Path:
        """File with the smallest number."""
        return self.files[min(self.files)]


def scans_in(folder: Path) -> list[list[Series]]:
    """Find the scans of a folder, the one with most files first; a scan is a series per detector.

    Only the first file of each series is opened.
    """
    return _scans_in(folder, os.stat(folder).st_mtime_ns)


# Dropping a series at once looks up the scan of each of its files.
@lru_cache(maxsize=4)
def _scans_in(folder: Path, _modified_ns: int) -> list[list[Series]]:
    grouped: dict[tuple[str, str], dict[int, Path]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            match = _NUMBERED.fullmatch(entry.name)
            if match is None or _STATISTICS.search(entry.name) or not entry.is_file():
                continue
            home = (match[1], match[3])
            grouped.setdefault(home, {})[int(match[2][-15:])] = folder / entry.name
    scans: dict[str, list[Series]] = {}
    for (before, after), files in sorted(islice(grouped.items(), MAX_SERIES)):
        named = _DETECTOR.search(before)
        detector = named[0].rstrip("_") if named else ""
        scan = _DETECTOR.sub("", before) + "#" + after
        series = Series(detector, scan, files)
        if is_edf(series.first):
            scans.setdefault(scan, []).append(series)
    return sorted(scans.values(), key=lambda each: -len(each[0].files))


def scan_of(path: Path) -> list[Series]:
    """Find the scan that an EDF file belongs to: its series, or the file alone."""
    match = _NUMBERED.fullmatch(path.name)
    if match is not None:
        for scan in scans_in(path.parent):
            if any(path in series.files.values() for series in scan):
                return scan
    return [Series("", path.stem, {0: path})]


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
    transposed : bool
        Whether a row lies in the file as (channel, x).
    """

    rows: tuple[tuple[str, int] | None, ...]
    columns: int
    channels: int
    disk_dtype: str
    transposed: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """Lengths along (y, x, channel)."""
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
        shape = (self.channels, self.columns) if self.transposed else (self.columns, self.channels)
        for target, row in zip(block, chosen, strict=True):
            if row is not None:
                disk: Any = np.memmap(row[0], self.disk_dtype, "r", row[1], shape)
                target[...] = (disk.T if self.transposed else disk)[xs, channels]
        return block


def matches(path: Path) -> bool:
    """Check whether `path` is an EDF file of spectra, or a folder with a series of them."""
    try:
        scan = _scan(path, None)
        if not scan:
            return False
        first = read_frames(scan[0].first, 1)
    except OSError:
        return False
    except ValueError:
        return True  # of a damaged EDF file, reading explains more
    return bool(first) and _holds_spectra(first[0])


def first_file(path: Path) -> Path | None:
    """Find the first file of the scan that an EDF file or a folder belongs to."""
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
    remarks: list[list[str]] = [[] for _ in cubes]
    axes = [
        _axis(cube.first, cube.source.channels, remark)
        for cube, remark in zip(cubes, remarks, strict=True)
    ]
    if any(cube.source.shape != cubes[0].source.shape for cube in cubes):
        raise ValueError(f"{path.name}: the detectors' files differ in their sizes.")
    chosen = detectors.select_detectors(options.detector, names)
    if chosen is None:
        chosen = detectors.default_selection(names, axes, notes)
    detectors.note_selection(chosen, names, notes)
    used = [cubes[index] for index in chosen]
    source = detectors.sum_cubes([each.source for each in used])
    rows, columns, channels = source.shape
    notes += remarks[chosen[0]]
    valid = np.logical_and.reduce([each.measured for each in used])
    missing = int(np.count_nonzero(~valid))
    if missing:
        notes.append(f"Rows whose file is missing or too short: {missing} of {rows}.")
    cube = XRFCube(
        dask_counts(source, key=str([(each.source.rows, each.source.transposed) for each in used])),
        axes[chosen[0]] or estimated_axis(channels, notes),
        valid=np.repeat(valid[:, None], columns, axis=1) if missing else None,
        source=make_source(scan[0].first, FORMAT, notes, sum(each.size for each in used)),
    )
    return detectors.with_detectors(cube, names, chosen)


@dataclass(frozen=True)
class _Opened:
    first: EdfFrame
    source: EdfCube
    measured: BoolArray
    size: int


def _scan(path: Path, wanted: str | None, notes: list[str] | None = None) -> list[Series]:
    """Find the series of the scan at a path: one per detector."""
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
    """Decide by the header, or by an axis as long as detectors have channels."""
    if len(frame.shape) > 3 or max(frame.shape) < LEAST_CHANNELS:
        return False
    if any(key in frame.keys for key in _KEYS_OF_SPECTRA):
        return True
    # Square images of cameras have such lengths too.
    powers = [length for length in frame.shape[-2:] if length >= 256 and not length & (length - 1)]
    return len(powers) == 1


def _cube(series: Series) -> _Opened:
    """Arrange the rows of one detector."""
    name = series.first.name
    own = read_frames(series.first)
    if not own:
        raise ValueError(f"{name} holds no frame.")
    first = own[0]
    if not _holds_spectra(first):
        raise ValueError(f"{name} holds images, not rows of spectra.")
    alone = len(series.files) == 1
    if alone and len(first.shape) == 3:
        own = _slices(first)
    columns, channels, transposed = _row_shape(own[0])
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
    source = EdfCube(str(series.first), tuple(places), columns, channels, own[0].dtype, transposed)
    size = sum(path.stat().st_size for path in series.files.values())
    return _Opened(first, source, np.array(fits), size)


def _only_frame(path: Path | None) -> EdfFrame | None:
    """Read the frame of a row's file; None where it is missing or damaged."""
    try:
        frames = [] if path is None else read_frames(path, 1)
    except (ValueError, OSError):
        return None
    return frames[0] if frames else None


def _slices(frame: EdfFrame) -> list[EdfFrame]:
    """Split a frame with three axes into its rows."""
    step = int(np.prod(frame.shape[1:], dtype=object)) * np.dtype(frame.dtype).itemsize
    check_size(Path(frame.path).name, *frame.shape)
    return [
        replace(frame, start=frame.start + index * step, shape=frame.shape[1:])
        for index in range(frame.shape[0])
    ]


def _row_shape(frame: EdfFrame) -> tuple[int, int, bool]:
    """Return columns, channels, and whether a row lies in the file as (channel, x)."""
    if len(frame.shape) == 1:
        return 1, frame.shape[0], False
    slow, fast = frame.shape
    power = [length >= 256 and not length & (length - 1) for length in (slow, fast)]
    transposed = (power[0] and not power[1]) or (fast < LEAST_CHANNELS <= slow)
    return (fast, slow, True) if transposed else (slow, fast, False)


def _axis(frame: EdfFrame, channels: int, notes: list[str]) -> EnergyAxis | None:
    """Compute the axis a + b n + c n^2 in keV that PyMca and the ESRF write."""
    offset, gain, square = (parse_float(frame.keys.get(f"mca {key}")) for key in "abc")
    if not gain or gain <= 0 or (gain, offset or 0.0) == (1.0, 0.0):
        return None
    first = parse_float(frame.keys.get("mca start ch")) or 0.0
    # Numbers that no energy and no channel has overflow in what follows.
    if max(abs(offset or 0.0), gain, abs(square or 0.0), abs(first)) > 1e12:
        return None
    channel = first + np.arange(channels, dtype=np.float64)
    values = (offset or 0.0) + gain * channel + (square or 0.0) * channel**2
    return axis_from_values(values, "kev", channels, notes)


READER = FormatReader(FORMAT, matches, read, chooses_detectors=True)
