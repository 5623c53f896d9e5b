"""HDF5 scans of several programs, by content."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import XRFCube
from napari_xrf_pigments.io import _detectors as detectors
from napari_xrf_pigments.io._lazy import dask_counts, looks_like_counts
from napari_xrf_pigments.io._metadata import (
    acquisition_from_settings,
    axis_from_settings,
    pixel_from_settings,
)
from napari_xrf_pigments.io._reader import (
    FormatReader,
    ReadOptions,
    check_size,
    estimated_axis,
    make_source,
    read_head,
)

from .._axes import settings_of
from ._candidates import can_be_counts, describe_dataset, find_candidates, is_foreign
from ._file import open_file, why_unreadable
from ._hdf5_cube import cube_of
from ._hdf5_scan import FORMAT, Counts, Hdf5Scan
from ._hdf5_walk import elsewhere, get, is_readable, linked_files, piece_bytes
from .layouts import find_scan, scan_of

MAGIC = b"\x89HDF\r\n\x1a\n"
_USER_BLOCKS = (0, 512, 1024, 2048)
# Looking into larger pieces takes longer than a look at a file may.
_QUICK_PIECE_BYTES = 2**20
# Whole numbers are looked for in so many datasets, the surest first.
_MOST_TRIED = 32
_BROKEN = (RuntimeError, KeyError, OSError, TypeError, IndexError)


def is_hdf5(path: Path) -> bool:
    """Whether the file has the signature of HDF5 (cheap)."""
    start = read_head(path, _USER_BLOCKS[-1] + len(MAGIC))
    return any(start[skip : skip + len(MAGIC)] == MAGIC for skip in _USER_BLOCKS)


def matches(path: Path) -> bool:
    """Whether the file holds something that can be a scan; looks near its top only."""
    if not is_hdf5(path):
        return False
    try:
        with open_file(path) as file:
            scan = find_scan(file, brief=True)
            return scan is not None and _probably_counts(path, file, scan)
    except (*_BROKEN, ValueError):
        return False


def _probably_counts(path: Path, file: Any, scan: Hdf5Scan) -> bool:
    first = scan.detectors[0]
    dataset = file[first.found.name]
    known = scan.format != FORMAT or first.found.energies is not None
    if known or dataset.dtype.kind in "ui" or piece_bytes(dataset) > _QUICK_PIECE_BYTES:
        return True
    return looks_like_counts(cube_of(path, file, first))


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open the surest scan, or the dataset that `options` names.

    Raises
    ------
    ValueError
        If the file is damaged or holds no scan.
    """
    with open_file(path) as file:
        try:
            return _open(path, file, _choose(path, file, options), options)
        except _BROKEN as error:
            raise ValueError(why_unreadable(path, error)) from None


def _choose(path: Path, file: Any, options: ReadOptions) -> Hdf5Scan:
    if options.dataset is not None:
        return _named(path, file, options.dataset)
    scan = find_scan(file)
    if scan is not None and scan.format == FORMAT:
        # The surest may be a stack of pictures in floating point.
        surest = find_candidates(file)[:_MOST_TRIED]
        candidates = [each for each in surest if _whole(path, file, Counts("", each))]
        scan = scan_of(file, candidates) if candidates else None
    if scan is None:
        raise ValueError(_why_not(path, file))
    if scan.total is not None and not _whole(path, file, scan.total):
        # Larch brings detectors of unlike axes onto one before it adds them up.
        note = "The sum of the detectors that the file holds has fractions of counts: left aside."
        scan = replace(scan, total=None, notes=(*scan.notes, note))
    return scan


def _named(path: Path, file: Any, name: str) -> Hdf5Scan:
    dataset = get(file, name)
    if dataset is None or not can_be_counts(dataset):
        raise ValueError(f"{path.name} has no dataset {name} with three axes of counts.")
    if not is_readable(dataset):
        others = ", ".join(elsewhere(dataset)[:3])
        where = f"in other files ({others})" if others else "in pieces too large to be read"
        raise ValueError(f"The counts of {name} in {path.name} lie {where}.")
    asked = describe_dataset(file, dataset, asked_for=True)
    if asked is None:
        raise ValueError(f"{path.name}: it is not clear which of the four axes of {name} is what.")
    return scan_of(file, [asked])


def _why_not(path: Path, file: Any) -> str:
    others = [] if is_foreign(file) else linked_files(file)
    if others:
        return (
            f"{path.name} is not a scan: its data lie in other files ({', '.join(others[:3])}), "
            "which are not followed, so open those."
        )
    return f"{path.name} is not a scan: it is HDF5 without whole counts in three axes."


def _open(path: Path, file: Any, scan: Hdf5Scan, options: ReadOptions) -> XRFCube:
    notes = list(scan.notes)
    wanted, chosen = _detectors(scan, options, notes)
    first = wanted[0]
    dataset = file[first.found.name]
    sources = [cube_of(path, file, counts) for counts in wanted]
    source = detectors.sum_cubes(sources)
    rows, columns, channels = source.shape
    check_size(path.name, rows, columns, channels)
    axes = first.found.axes
    if first.found.guessed:
        notes.append(
            f"Axis {axes[2] + 1} of {first.found.name} ({channels} values) "
            "was taken as the spectrum."
        )
    pieces = dataset.chunks if first.found.places is None else None
    file_chunks = None if pieces is None else (pieces[axes[0]], pieces[axes[1]], pieces[axes[2]])
    settings = settings_of(file, first.found.name)
    axis = first.found.energies or axis_from_settings(settings, channels)
    key = "".join(f"{counts.found.name}{counts.number}" for counts in wanted) + str(axes)
    return XRFCube(
        dask_counts(source, file_chunks, key),
        axis or estimated_axis(channels, notes),
        acquisition_from_settings(settings),
        first.found.pixel_mm or pixel_from_settings(settings),
        _live_time(scan, chosen, (rows, columns)),
        scan.valid(),
        source=make_source(path, scan.format, notes),
    )


def _detectors(
    scan: Hdf5Scan, options: ReadOptions, notes: list[str]
) -> tuple[list[Counts], tuple[int, ...]]:
    """What is read, and the numbers of the detectors that it stands for."""
    names = [counts.detector for counts in scan.detectors]
    if len(names) == 1 and scan.total is None:
        detectors.require_single_detector(
            options.detector if options.detector != names[0] else None
        )
        return list(scan.detectors), (0,)
    chosen = detectors.select_detectors(options.detector, names)
    if chosen is None:
        axes = [counts.found.energies for counts in scan.detectors]
        stored = scan.total is not None
        chosen = (
            tuple(range(len(names))) if stored else detectors.default_selection(names, axes, notes)
        )
    if len(chosen) == len(names) and scan.total is not None:
        listed = detectors.format_names(names)
        notes.append(f"Opened: the sum that the file holds of its detectors ({listed}).")
        return [scan.total], chosen
    detectors.note_selection(chosen, names, notes)
    return [scan.detectors[number] for number in chosen], chosen


def _live_time(
    scan: Hdf5Scan, chosen: tuple[int, ...], shape: tuple[int, int]
) -> NDArray[np.float64] | None:
    """Live time of a pixel in s: that of the detector, or the mean of those added up."""
    times = scan.live_time()
    if times is None or times.shape[-2:] != shape or times.ndim != 3:
        return None
    stated = times[list(chosen)] if max(chosen) < len(times) else times[:1]
    if not np.all(np.isfinite(stated)) or np.any(stated < 0) or not np.any(stated > 0):
        return None
    return np.asarray(stated.mean(axis=0))


def _whole(path: Path, file: Any, counts: Counts) -> bool:
    """Integers, or floats that are whole in a few pixels."""
    dataset = file[counts.found.name]
    if dataset.dtype.kind in "ui":
        return True
    if counts.found.detector_axis is not None:
        counts = Counts(counts.detector, counts.found, 0)
    return looks_like_counts(cube_of(path, file, counts))


READER = FormatReader(FORMAT, matches, read, chooses_detectors=True)
