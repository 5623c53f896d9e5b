"""HDF5 with spectra in a list (spectrum, channel) and the positions of a motor beside them.

BLISS and other programs of beam lines write scans so: one dataset of spectra per detector, in the
order of the measurement, and vectors of positions of the same length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import XRFCube
from napari_xrf_pigments.io import _detector_choice as detectors
from napari_xrf_pigments.io._guarded_hdf5 import (
    attribute,
    datasets,
    decode,
    get,
    is_readable,
    open_file,
    read_numbers,
    why_unreadable,
)
from napari_xrf_pigments.io._lazy import StoredArray
from napari_xrf_pigments.io._metadata import LENGTH_UNITS_MM
from napari_xrf_pigments.io._reader import FormatReader, ReadOptions, check_size
from napari_xrf_pigments.io.places.gridding import Grid, grid_of_positions, place

from .._candidates import Candidate, build_cube, holds_counts
from ._candidates import axis_of_coefficients, energies_of, is_foreign, settings_of
from .crono import SPECTRA
from .reader import is_hdf5

FORMAT = "HDF5 with a list of spectra (.h5)"
MIN_CHANNELS = 128
_MAX_SPECTRA = 100_000_000
_MAX_VECTORS = 24
_SPECTRA = re.compile(r"mca|spectr|histogram|xmap|fluo|sdd|vortex|xia|falcon|xsp", re.IGNORECASE)
_MOTOR = re.compile(
    r"(?:^|.*[\W_])(?:sam|samp|st|stage|pi|mot|motor|pos|position|scan|nano|pz|f|s|d|m|t|r)*_?"
    r"(?P<axis>[xyz]|hor|ver)(?:enc|pos|_?encoder|_?position|_?mm|_?um|\d*)",
    re.IGNORECASE,
)
# Several scans of one file.
_ENTRY = re.compile(r"\d+\.\d+|entry_?\d*|scan_?\d*", re.IGNORECASE)
_MAX_PAIRS = 16
_GENERIC = ("value", "data", "position", "values")
_BROKEN = (RuntimeError, KeyError, OSError, TypeError, IndexError, ValueError)


@dataclass(frozen=True)
class ListedSpectra(StoredArray):
    """One row of pixels (1, spectrum, channel) over a dataset (spectrum, channel).

    Parameters
    ----------
    name : str
        Path of the dataset.
    """

    name: str = ""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(1, spectrum, channel)."""
        return 1, self.disk_shape[0], self.disk_shape[1]

    def read(self, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Read the spectra within three slices."""
        rows, spectra, channels = slices
        path = Path(self.path)
        with open_file(path) as file:
            try:
                block = file[self.name][spectra, channels]
            except (OSError, RuntimeError, KeyError) as error:
                raise OSError(why_unreadable(path, error)) from None
        row: NDArray[Any] = np.ascontiguousarray(block, dtype=self.dtype)[None]
        return row[rows]


def matches(path: Path) -> bool:
    """Check whether the file holds a list of spectra."""
    if not is_hdf5(path):
        return False
    try:
        with open_file(path) as file:
            return bool(_find_lists(file))
    except _BROKEN:
        return False


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open the spectra as a scan where their positions form a grid, else as one row.

    Raises
    ------
    ValueError
        If the file is damaged, or has no such dataset.
    """
    with open_file(path) as file:
        try:
            return _open(path, file, options)
        except (RuntimeError, KeyError, OSError, TypeError, IndexError) as error:
            raise ValueError(why_unreadable(path, error)) from None


def _open(path: Path, file: Any, options: ReadOptions) -> XRFCube:
    lists = _find_lists(file, options.dataset)
    if not lists:
        raise ValueError(f"{path.name} has no dataset {options.dataset} with a list of spectra.")
    notes: list[str] = []
    same = [each for each in lists if each.shape == lists[0].shape and _alike(each, lists[0])]
    names = [_detector_name(each.name, index) for index, each in enumerate(same)]
    chosen: tuple[int, ...] = (0,)
    if len(same) > 1:
        selected = detectors.select_detectors(options.detector, names)
        axes = [each.energies for each in same]
        chosen = selected or detectors.default_selection(names, axes, notes)
        detectors.note_selection(chosen, names, notes)
    else:
        detectors.require_single_detector(options.detector)
    others = [each.name for each in lists if each not in same]
    if others:
        notes.append(f"The file also holds {', '.join(others[:5])}, which `--dataset PATH` opens.")
    used = [same[index] for index in chosen]
    counts = detectors.sum_cubes(
        [ListedSpectra(str(path), u.dtype.str, u.shape, (0, 0, 1), u.name) for u in used]
    )
    check_size(path.name, *counts.shape)
    if not holds_counts(used[0], counts):
        raise ValueError(f"{path.name}: {used[0].name} holds fractions, so they are not counts.")
    given = options.shape is not None or options.positions is not None
    grid = None if given else _grid(file, used[0].shape[0], notes)
    key = "".join(each.name for each in used)
    cube = build_cube(
        path, FORMAT, counts, used[0], settings_of(file, used[0].name), notes, key=key
    )
    return cube if grid is None else place(cube, grid)


def _find_lists(file: Any, wanted: str | None = None) -> list[Candidate]:
    """List the datasets of spectra, those with most channels first."""
    # CRONO measures more spectra than there are pixels; without its selection they are no scan.
    if is_foreign(file) or (wanted is None and get(file, SPECTRA) is not None):
        return []
    found: dict[str, Candidate] = {}
    for dataset in [get(file, wanted)] if wanted else datasets(file):
        shape, dtype = getattr(dataset, "shape", None), getattr(dataset, "dtype", None)
        if shape is None or len(shape) != 2 or dtype is None or dtype.kind not in "uif":
            continue
        if shape[0] < 2 or shape[1] < MIN_CHANNELS or shape[0] > _MAX_SPECTRA:
            continue
        name = dataset.name.lstrip("/")
        last = "/".join(name.split("/")[-2:])
        spectral = decode(attribute(dataset, "interpretation")) == "spectrum"
        if not (wanted or spectral or _SPECTRA.search(last)) or not is_readable(dataset):
            continue
        size = int(shape[0]), int(shape[1])
        energies = energies_of(dataset.parent, size[1]) or axis_of_coefficients(
            get(dataset.parent, "calibration"), size[1]
        )
        found[name] = Candidate(name, size, dtype, (0, 0, 1), energies)
    return sorted(found.values(), key=lambda each: (-each.shape[1], _pattern(each.name), each.name))


def _pattern(name: str) -> str:
    return re.sub(r"\d+", "#", name)


def _alike(first: Candidate, second: Candidate) -> bool:
    """Return whether two datasets are detectors of one scan: they differ in one numbered part."""
    parts = first.name.split("/"), second.name.split("/")
    if len(parts[0]) != len(parts[1]):
        return False
    different = [a for a, b in zip(*parts, strict=True) if a != b]
    if not different:
        return True
    numbered = _pattern(first.name) == _pattern(second.name) and not _ENTRY.fullmatch(different[0])
    return len(different) == 1 and numbered


def _detector_name(name: str, index: int) -> str:
    numbered = [part for part in name.split("/") if re.search(r"\d", part)]
    return numbered[-1] if numbered else str(index)


def _grid(file: Any, count: int, notes: list[str]) -> Grid | None:
    """Place the spectra by the two motors whose positions form the best grid."""
    vectors = _positions(file, count)
    best: Grid | None = None
    pairs = (
        pair
        for pair in combinations(vectors.items(), 2)
        if _axis_letter(pair[0][0]) != _axis_letter(pair[1][0])
    )
    for (name_x, x), (name_y, y) in islice(pairs, _MAX_PAIRS):
        unit_x, unit_y = (_unit_mm(get(file, name)) for name in (name_x, name_y))
        known = unit_x is not None and unit_y is not None
        try:
            grid = grid_of_positions(
                x * (unit_x or 1.0) if known else x,
                y * (unit_y or 1.0) if known else y,
                1.0 if known else None,
            )
        except ValueError:
            continue
        grid = replace(grid, notes=(f"Positions: {name_x} and {name_y}.", *grid.notes))
        if best is None or grid.index.size < best.index.size:
            best = grid
    if best is None:
        notes.append(
            f"No positions of the {count:,} spectra were found that form a grid, so they are one "
            "row; `--shape`, `--snake` and `--positions` state their places."
        )
    return best


def _positions(file: Any, count: int) -> dict[str, NDArray[np.float64]]:
    """Read the vectors with one position per spectrum, by path, those of x first."""
    found: dict[str, NDArray[np.float64]] = {}
    for dataset in datasets(file):
        if getattr(dataset, "shape", None) != (count,) or dataset.dtype.kind not in "uif":
            continue
        if len(found) == _MAX_VECTORS or _axis_letter(dataset.name) == "":
            continue
        numbers = read_numbers(dataset)
        if numbers is not None and np.ptp(numbers[np.isfinite(numbers)]) > 0:
            found[dataset.name.lstrip("/")] = numbers
    return dict(sorted(found.items(), key=lambda entry: _axis_letter(entry[0])))


def _axis_letter(name: str) -> str:
    """Return the axis that the name of a motor states: x, y, z, or nothing."""
    parts: Sequence[str] = [part for part in name.split("/") if part]
    last = parts[-1] if parts else ""
    if last.lower() in _GENERIC and len(parts) > 1:
        last = parts[-2]
    match = _MOTOR.fullmatch(last)
    letter = "" if match is None else match["axis"].lower()
    return {"hor": "x", "ver": "y"}.get(letter, letter)


def _unit_mm(dataset: Any) -> float | None:
    unit = "" if dataset is None else decode(attribute(dataset, "units")).lower()
    return LENGTH_UNITS_MM.get(unit)


READER = FormatReader(FORMAT, matches, read, chooses_detectors=True)
