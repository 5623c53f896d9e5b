"""HDF5 of CRONO, the scanner of XGLab (Bruker).

The file holds the spectra in the order of the measurement, more than there are pixels, since the
scanner measures while it moves; the program then chooses one for each pixel of a regular grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.io._lazy import StoredArray

from .._axes import MAX_PLACES, axis_of, values
from ._candidates import Candidate, can_be_counts, describe_dataset
from ._file import open_file, why_unreadable
from ._hdf5_scan import Counts, Hdf5Scan
from ._hdf5_walk import get, is_readable

FORMAT = "HDF5 of CRONO (.h5)"
_SPECTRA, _PLACES = "XRF/Spectra", "XRF/SpectraSelectedIndex"
#: Spectra that nobody asked for, between two that are wanted, are read along up to this many.
_GAP = 8
_MICROSECONDS = 1e-6


def crono(file: Any) -> Hdf5Scan | None:
    """The scan of such a file; None where it is none."""
    dataset = get(file, _SPECTRA)
    if can_be_counts(dataset) and is_readable(dataset):
        about = describe_dataset(file, dataset, asked_for=True)
        return None if about is None else Hdf5Scan(FORMAT, (Counts("0", about),))
    if not _is_list(dataset) or not _is_grid(get(file, _PLACES)):
        return None
    spectra, channels = dataset.shape
    energies = axis_of(dataset.parent, "EnergyVector", channels)
    about = Candidate(_SPECTRA, (0, 1, 2), energies, places=_PLACES)
    rows, columns = get(file, _PLACES).shape[:2]
    note = (
        f"CRONO measured {spectra} spectra while it moved; of these it chose one for each of "
        f"the {rows} x {columns} pixels."
    )
    return Hdf5Scan(
        FORMAT,
        (Counts("0", about),),
        live_time=lambda: _live_time(file),
        valid=lambda: _valid(file),
        notes=(note,),
    )


def _is_list(dataset: Any) -> bool:
    shape = getattr(dataset, "shape", None) or ()
    return (
        len(shape) == 2 and 0 not in shape and dataset.dtype.kind in "ui" and is_readable(dataset)
    )


def _is_grid(dataset: Any) -> bool:
    shape = getattr(dataset, "shape", None) or ()
    return (
        len(shape) in (2, 3)
        and 0 not in shape
        and int(np.prod([float(length) for length in shape])) <= MAX_PLACES
        and dataset.dtype.kind in "ui"
        and is_readable(dataset)
    )


def _places(file: Any) -> NDArray[np.int64]:
    """Number of the spectrum of each pixel (y, x); -1 where the list has none of that number."""
    return _numbers(get(file, _PLACES), (slice(None), slice(None)), len(get(file, _SPECTRA)))


def _numbers(grid: Any, part: tuple[slice, slice], spectra: int) -> NDArray[np.int64]:
    found = grid[part] if len(grid.shape) == 2 else grid[(*part, 0)]
    signed = found.astype(np.int64)  # 2**64 - 1 becomes -1
    return np.where((signed >= 0) & (signed < spectra), signed, -1)


def _valid(file: Any) -> NDArray[np.bool_] | None:
    valid = _places(file) >= 0
    return None if valid.all() else valid


def _live_time(file: Any) -> NDArray[np.float64] | None:
    times = values(get(file, "XRF/LiveTimes"))
    if times is None or times.shape != get(file, _SPECTRA).shape[:1]:
        return None
    return times[np.maximum(_places(file), 0)][None] * _MICROSECONDS


@dataclass(frozen=True)
class SpectraOnGrid(StoredArray):
    """The cube (y, x, channel) of a list of spectra and the number of each pixel's spectrum.

    Parameters
    ----------
    name : str
        Path of the list (spectrum, channel) in the file.
    places : str
        Path of the numbers (y, x) or (y, x, 1).
    """

    name: str = ""
    places: str = ""

    def read(self, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Read the spectra of the pixels within three slices."""
        rows, columns, channels = slices
        path = Path(self.path)
        with open_file(path) as file:
            try:
                spectra = file[self.name]
                numbers = _numbers(file[self.places], (rows, columns), len(spectra))
                block = _take(spectra, numbers.reshape(-1), channels, self.dtype)
            except (OSError, RuntimeError, KeyError) as error:
                raise OSError(why_unreadable(path, error)) from None
        return block.reshape(*numbers.shape, -1)


def _take(
    spectra: Any, numbers: NDArray[np.int64], channels: slice, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """The spectra of these numbers; zeros for -1. Read in runs, in the order of the file."""
    width = len(range(*channels.indices(spectra.shape[1])))
    block = np.zeros((numbers.size, width), dtype)
    wanted = np.unique(numbers[numbers >= 0])
    for run in np.split(wanted, np.flatnonzero(np.diff(wanted) > _GAP) + 1):
        if not run.size:
            continue
        first, last = int(run[0]), int(run[-1])
        here = (numbers >= first) & (numbers <= last)
        block[here] = spectra[first : last + 1, channels][numbers[here] - first]
    return block


def on_grid(path: Path, file: Any, found: Candidate) -> SpectraOnGrid:
    """The cube of a list of spectra of an open file."""
    spectra, grid = file[found.name], file[found.places]
    rows, columns = (int(length) for length in grid.shape[:2])
    shape = (rows, columns, int(spectra.shape[1]))
    return SpectraOnGrid(
        str(path), spectra.dtype.str, shape, name=found.name, places=str(found.places)
    )
