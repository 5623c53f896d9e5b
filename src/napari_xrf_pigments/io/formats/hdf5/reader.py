"""HDF5 scans of several programs, recognised by content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import XRFCube
from napari_xrf_pigments.io import _detector_choice as detectors
from napari_xrf_pigments.io._guarded_hdf5 import (
    external_files,
    get,
    is_readable,
    linked_files,
    open_file,
    piece_bytes,
    why_unreadable,
)
from napari_xrf_pigments.io._lazy import LazyCube, StoredArray
from napari_xrf_pigments.io._reader import FormatReader, ReadOptions, check_size, read_head

from .._candidates import Candidate, build_cube, holds_counts, refusal
from ._candidates import (
    can_be_counts,
    describe_dataset,
    find_candidates,
    is_foreign,
    settings_of,
)
from ._scan import FORMAT, Counts, Hdf5Scan
from .crono import SelectedSpectra
from .layouts import find_known_scan, scan_of

MAGIC = b"\x89HDF\r\n\x1a\n"
_USER_BLOCKS = (0, 512, 1024, 2048)
# Reading larger pieces takes longer than recognising a file may.
_QUICK_PIECE_BYTES = 2**20
# So many datasets, the best first, are searched for whole numbers.
_MOST_TRIED = 32
_MOST_LISTED = 8
_BROKEN = (RuntimeError, KeyError, OSError, TypeError, IndexError)


@dataclass(frozen=True)
class Hdf5Cube(StoredArray):
    """The counts of one detector.

    Parameters
    ----------
    name : str
        Path of the dataset.
    detector : int
        Index on the axis of the detectors, where the dataset has four axes.
    """

    name: str = ""
    detector: int = 0

    def read(self, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Read a block of the dataset within three slices."""
        path = Path(self.path)
        with open_file(path) as file:
            try:
                block = file[self.name][self.disk_key(slices, self.detector)]
            except (OSError, RuntimeError, KeyError) as error:
                raise OSError(why_unreadable(path, error)) from None
        return self.ordered(block)


def _cube_of(path: Path, counts: Counts) -> LazyCube:
    array = counts.array
    stored = str(path), array.dtype.str, array.shape, array.axes, array.name
    if counts.selection is not None:
        return SelectedSpectra(*stored, counts.selection)
    return Hdf5Cube(*stored, counts.index, missing=array.missing)


def is_hdf5(path: Path) -> bool:
    """Return whether the file has the signature of HDF5 (cheap)."""
    start = read_head(path, _USER_BLOCKS[-1] + len(MAGIC))
    return any(start[skip : skip + len(MAGIC)] == MAGIC for skip in _USER_BLOCKS)


def matches(path: Path) -> bool:
    """Return whether the file holds something near its top that can be a scan."""
    if not is_hdf5(path):
        return False
    try:
        with open_file(path) as file:
            if find_known_scan(file) is not None:
                return True
            best = next(iter(find_candidates(file, brief=True)), None)
            if best is None or best.rejection is not None or best.energies is not None:
                return best is not None and best.rejection is None
            slow = piece_bytes(file[best.name]) > _QUICK_PIECE_BYTES
            return slow or holds_counts(best, _cube_of(path, Counts("", best)))
    except (*_BROKEN, ValueError):
        return False


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open the best scan, or the dataset that `options` names.

    Raises
    ------
    ValueError
        If the file is damaged or holds no scan.
    """
    with open_file(path) as file:
        try:
            return _open(path, file, _choose_scan(path, file, options), options)
        except _BROKEN as error:
            raise ValueError(why_unreadable(path, error)) from None


def _choose_scan(path: Path, file: Any, options: ReadOptions) -> Hdf5Scan:
    if options.dataset is not None:
        return _requested_scan(path, file, options)
    scan = find_known_scan(file)
    if scan is None:
        # The best candidate may be a stack of pictures in floating point.
        candidates = [
            each
            for each in find_candidates(file)[:_MOST_TRIED]
            if holds_counts(each, _cube_of(path, Counts("", each)))
        ]
        certain = [each for each in candidates if _is_certain(each, options)]
        if not certain:
            raise ValueError(_rejection_reason(path, file, candidates))
        return scan_of(file, [*certain, *(each for each in candidates if each not in certain)])
    if scan.total is not None and not holds_counts(scan.total.array, _cube_of(path, scan.total)):
        # Larch brings detectors of unlike axes onto one before it adds them up.
        note = "The stored sum of the detectors has fractions of counts, so it is not used."
        scan = replace(scan, total=None, notes=(*scan.notes, note))
    return scan


def _is_certain(candidate: Candidate, options: ReadOptions) -> bool:
    """Return whether an array is opened, although the user has not named it."""
    selected = options.detector is not None and candidate.detector_axis is not None
    return candidate.rejection is None or selected


def _requested_scan(path: Path, file: Any, options: ReadOptions) -> Hdf5Scan:
    name = str(options.dataset)
    dataset = get(file, name)
    if dataset is None or not can_be_counts(dataset):
        found = ", ".join(str(each) for each in find_candidates(file)[:_MOST_LISTED])
        others = f"; it holds {found}" if found else ""
        raise ValueError(f"{path.name} has no dataset {name} with three axes of counts{others}.")
    if not is_readable(dataset):
        others = ", ".join(external_files(dataset)[:3])
        where = f"in other files ({others})" if others else "in pieces too large to be read"
        raise ValueError(f"The counts of {name} in {path.name} lie {where}.")
    array = describe_dataset(file, dataset)
    if array is None:
        raise ValueError(f"{path.name}: it is not clear which of the four axes of {name} is what.")
    if array.detector_axis is not None and not _is_certain(array, options):
        raise ValueError(_stack_reason(path, array))
    return scan_of(file, [array])


def _rejection_reason(path: Path, file: Any, rejected: Sequence[Candidate]) -> str:
    stacks = [each for each in rejected if each.detector_axis is not None]
    if stacks:
        return _stack_reason(path, stacks[0])
    if rejected:
        return f"{path.name} is not a scan: {refusal(rejected)}"
    others = [] if is_foreign(file) else linked_files(file)
    if others:
        return (
            f"{path.name} is not a scan: its data lie in other files ({', '.join(others[:3])}), "
            "which are not followed, so open those."
        )
    return f"{path.name} is not a scan: it is HDF5 without whole counts in three axes."


def _stack_reason(path: Path, array: Candidate) -> str:
    return (
        f"{path.name} is not opened by default: {array} {array.rejection}. `--detector 0` opens "
        "the first of them, `--detector sum` their sum."
    )


def _open(path: Path, file: Any, scan: Hdf5Scan, options: ReadOptions) -> XRFCube:
    notes = list(scan.notes)
    used, selected = _select_detectors(scan, options, notes)
    array = used[0].array
    cube = detectors.sum_cubes([_cube_of(path, counts) for counts in used])
    rows, columns, channels = cube.shape
    check_size(path.name, rows, columns, channels)
    if array.guessed:
        guess = f"Axis {array.axes[2] + 1} of {array.name} ({channels} values)"
        notes.append(f"{guess} was taken as the spectrum.")
    opened = build_cube(
        path,
        scan.format,
        cube,
        array,
        settings_of(file, array.name),
        notes,
        pieces=_pieces(file, used[0]),
        key="".join(f"{each.array.name}{each.index}" for each in used) + str(array.axes),
        live_time_s=_live_time(scan, selected, (rows, columns), notes),
        valid=scan.valid(),
    )
    return detectors.with_detectors(opened, [each.detector for each in scan.detectors], selected)


def _pieces(file: Any, counts: Counts) -> tuple[int, ...] | None:
    """Return the lengths of a stored piece along the axes of the array."""
    pieces = file[counts.array.name].chunks
    if pieces is None or counts.selection is not None:
        return None
    return (1,) * counts.array.missing + tuple(pieces)


def _select_detectors(
    scan: Hdf5Scan, options: ReadOptions, notes: list[str]
) -> tuple[list[Counts], tuple[int, ...]]:
    """Select the counts to read, and the indices of the detectors that they stand for."""
    names = [counts.detector for counts in scan.detectors]
    if len(names) == 1 and scan.total is None:
        detectors.require_single_detector(
            options.detector if options.detector != names[0] else None
        )
        return list(scan.detectors), (0,)
    selected = detectors.select_detectors(options.detector, names)
    if selected is None and scan.total is not None:
        selected = tuple(range(len(names)))
    elif selected is None:
        axes = [counts.array.energies for counts in scan.detectors]
        selected = detectors.default_selection(names, axes, notes)
    if len(selected) == len(names) and scan.total is not None:
        listed = detectors.format_names(names)
        notes.append(f"Opened: the sum that the file holds of its detectors ({listed}).")
        return [scan.total], selected
    detectors.note_selection(selected, names, notes)
    return [scan.detectors[index] for index in selected], selected


def _live_time(
    scan: Hdf5Scan, selected: tuple[int, ...], shape: tuple[int, int], notes: list[str]
) -> NDArray[np.float64] | None:
    """Read the live time of each pixel in s, the mean over the selected detectors."""
    times = scan.live_time()
    if times is None or times.ndim != 3:
        return None
    unused = "The live times of the file are not used, because "
    if times.shape[-2:] != shape:
        found = " x ".join(str(length) for length in times.shape[-2:])
        notes.append(f"{unused}there are {found} of them for {shape[0]} x {shape[1]} pixels.")
        return None
    stated = times[list(selected)] if max(selected) < len(times) else times[:1]
    if not np.all(np.isfinite(stated)) or np.any(stated < 0):
        notes.append(f"{unused}some are no numbers or negative.")
        return None
    if not np.any(stated > 0):
        return None
    return np.asarray(stated.mean(axis=0))


READER = FormatReader(FORMAT, matches, read, chooses_detectors=True, has_signature=is_hdf5)
