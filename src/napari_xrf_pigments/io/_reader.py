"""The contract of the readers, and helpers that all of them share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ..cube import EnergyAxis, Source, XRFCube

DEFAULT_GAIN_KEV = 0.01
_ASSUMED = "0.01 keV a channel from 0 keV is assumed, so calibrate it or give gain and offset."
#: Notes of scans whose energy axis is assumed.
NO_AXIS = f"The file states no energy axis: {_ASSUMED}"
UNUSED_AXIS = f"Instead of the energy axis of the file {_ASSUMED}"
_AXIS_UNUSED = "The energy axis of the file is not used, because "
_PIXEL_UNUSED = "The pixel size of the file is not used, because "
#: Note of every scan whose reader is slow; viewers and commands offer the conversion by it.
SLOW_FORMAT = "Reading this format is slow; `xrf-pigments convert` makes a copy that opens faster."
MAX_PIXELS = 100_000_000
MAX_CHANNELS = 1_000_000
SPECTRUM_FILE_BYTES = 16 * 2**20


@dataclass(frozen=True)
class ReadOptions:
    """The choice of the user where a file holds more than one scan.

    Parameters
    ----------
    dataset : str or None
        Path of a dataset in an HDF5 file, name of an array in an .npz file, or name of the
        detector's folder in a folder of .mca files.
    detector : int, str or None
        Which detector, where there are several: its number, counted from 0, its name, or
        ``"sum"``. None leaves the choice to the reader, which notes it.
    shape : tuple of int or None
        Rows and columns of spectra that are a list.
    snake : bool
        Whether every second of those rows was measured backwards.
    positions : Path or None
        Table of the positions of such spectra.
    """

    dataset: str | None = None
    detector: int | str | None = None
    shape: tuple[int, int] | None = None
    snake: bool = False
    positions: Path | None = None


@dataclass(frozen=True)
class FormatReader:
    """The reader of one format.

    Parameters
    ----------
    format : str
        Name of the format in words.
    matches : callable
        Returns whether the content of a path is of this format (cheap); never raises ValueError.
    read : callable
        Opens a path lazily; raises a ValueError or OSError of one sentence for the user if the
        file is damaged.
    chooses_detectors : bool
        Whether files of this format may hold several detectors.
    slow : bool
        Whether reading takes so long that converting the scan first pays.
    spectra : bool
        Whether files of this format hold one spectrum, or several that are separate measurements.
    has_signature : callable or None
        Returns whether a path is a container of this format, although nothing in it is a scan
        by default: `read` then explains why, or opens the array that the user names.
    """

    format: str
    matches: Callable[[Path], bool]
    read: Callable[[Path, ReadOptions], XRFCube]
    chooses_detectors: bool = False
    slow: bool = False
    spectra: bool = False
    has_signature: Callable[[Path], bool] | None = None


def read_head(path: Path, size: int = 4096) -> bytes:
    """Read the first bytes of a file; none where there is no readable file."""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError:
        return b""


def read_limited(path: Path) -> bytes:
    """Read a file that holds one spectrum or a header.

    Raises
    ------
    ValueError
        If it is larger than any such file.
    """
    if path.stat().st_size > SPECTRUM_FILE_BYTES:
        raise ValueError(f"{path.name} is far too large for a file of this kind.")
    return path.read_bytes()


def make_source(path: Path, format_name: str, notes: Iterable[str], size: int = 0) -> Source:
    """Describe the file that a cube is read from, with its present size and date."""
    status = os.stat(path)
    return Source(path, format_name, size or status.st_size, status.st_mtime, tuple(notes))


def estimated_axis(n_channels: int, notes: list[str]) -> EnergyAxis:
    """Make the axis of a file that states none, or none that is used, as a note explains."""
    unused = any(note.startswith(_AXIS_UNUSED) for note in notes)
    notes.append(UNUSED_AXIS if unused else NO_AXIS)
    return EnergyAxis(n_channels, DEFAULT_GAIN_KEV, 0.0, "estimated")


def note_unused_axis(notes: list[str] | None, reason: str) -> None:
    """Note why the energy axis that a file states is not used."""
    _note(notes, f"{_AXIS_UNUSED}{reason}.")


def note_unused_pixel_size(notes: list[str] | None, reason: str) -> None:
    """Note why the pixel size that a file states is not used."""
    _note(notes, f"{_PIXEL_UNUSED}{reason}.")


def states_pixel_size(notes: Iterable[str]) -> bool:
    """Return whether a note states that the pixel size of the file is not used."""
    return any(note.startswith(_PIXEL_UNUSED) for note in notes)


def _note(notes: list[str] | None, note: str) -> None:
    if notes is not None and note not in notes:
        notes.append(note)


def used_number(
    value: float | None, low: float, high: float, name: str, unit: str, notes: list[str] | None
) -> float | None:
    """Return a stated number if low < value <= high, else note that it is not used.

    Files write 0 for unknown, which is no statement.
    """
    used = in_range_or_none(value, low, high)
    if value and used is None:
        _note(
            notes,
            f"The {name} of the file, {value:.6g} {unit}, is not used, because it does not lie "
            f"between {low:g} and {high:g} {unit}.",
        )
    return used


def check_size(name: str, rows: int, columns: int, channels: int) -> None:
    """Refuse sizes that no scan has, before anything is allocated.

    Raises
    ------
    ValueError
        If a size is not positive or is absurdly large.
    """
    if min(rows, columns, channels) < 1:
        raise ValueError(
            f"{name} declares a scan of {rows} x {columns} pixels and {channels} channels, "
            "but every size must be at least 1."
        )
    if rows * columns > MAX_PIXELS or channels > MAX_CHANNELS:
        raise ValueError(
            f"{name} declares {rows} x {columns} pixels and {channels} channels, "
            "which is larger than any scan, so its header is probably damaged."
        )


def parse_float(text: str | None) -> float | None:
    """Parse a finite number, decimal commas allowed; None where there is none."""
    if text is None:
        return None
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


def in_range_or_none(value: float | None, low: float, high: float) -> float | None:
    """Return the value if low < value <= high; files write 0 for unknown."""
    return value if value is not None and low < value <= high else None
