"""HDF5 of CRONO, the scanner of XGLab (Bruker).

The file holds the spectra in the order of the measurement, more than there are pixels, since the
scanner measures while it moves; its program then selects one for each pixel of a regular grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.io._guarded_hdf5 import (
    MAX_NUMBERS,
    get,
    is_readable,
    open_file,
    read_numbers,
    why_unreadable,
)
from napari_xrf_pigments.io._lazy import StoredArray

from .._candidates import Candidate
from ._candidates import can_be_counts, describe_dataset, stored_axis
from ._scan import Counts, Hdf5Scan

FORMAT = "HDF5 of CRONO (.h5)"
SPECTRA, _SELECTION = "XRF/Spectra", "XRF/SpectraSelectedIndex"
#: Unwanted spectra between two wanted ones that are read along with them.
_GAP = 8
_MICROSECONDS = 1e-6


@dataclass(frozen=True)
class SelectedSpectra(StoredArray):
    """The cube (y, x, channel) of a list of spectra and the index of each pixel's spectrum.

    Parameters
    ----------
    name : str
        Path of the list (spectrum, channel) in the file.
    selection : str
        Path of the indices (y, x) or (y, x, 1).
    """

    name: str = ""
    selection: str = ""

    def read(self, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Read the spectra of the pixels within three slices."""
        rows, columns, channels = slices
        path = Path(self.path)
        with open_file(path) as file:
            try:
                spectra = file[self.name]
                indices = _indices(file[self.selection], (rows, columns), len(spectra))
                block = _read_spectra(spectra, indices.reshape(-1), channels, self.dtype)
            except (OSError, RuntimeError, KeyError) as error:
                raise OSError(why_unreadable(path, error)) from None
        return block.reshape(*indices.shape, -1)


def find_crono(file: Any) -> Hdf5Scan | None:
    """Find the scan of such a file; None where it is none."""
    dataset = get(file, SPECTRA)
    if can_be_counts(dataset) and is_readable(dataset):
        array = describe_dataset(file, dataset)
        return None if array is None else Hdf5Scan(FORMAT, (Counts("0", array),))
    selection = get(file, _SELECTION)
    if not _holds_integers(dataset, (2,)) or not _holds_integers(selection, (2, 3)):
        return None
    if np.prod([float(length) for length in selection.shape]) > MAX_NUMBERS:
        return None
    spectra, channels = (int(length) for length in dataset.shape)
    rows, columns = (int(length) for length in selection.shape[:2])
    energies = stored_axis(dataset.parent, "EnergyVector", channels)
    shape = (rows, columns, channels)
    array = Candidate(SPECTRA, shape, dataset.dtype, (0, 1, 2), energies)
    note = (
        f"CRONO measured {spectra} spectra while it moved; of these it chose one for each of "
        f"the {rows} x {columns} pixels."
    )
    return Hdf5Scan(
        FORMAT,
        (Counts("0", array, selection=_SELECTION),),
        live_time=lambda: _live_time(file),
        valid=lambda: _valid(file),
        notes=(note,),
    )


def _holds_integers(dataset: Any, axes: tuple[int, ...]) -> bool:
    shape = getattr(dataset, "shape", None) or ()
    return (
        len(shape) in axes
        and 0 not in shape
        and dataset.dtype.kind in "ui"
        and is_readable(dataset)
    )


def _all_indices(file: Any) -> NDArray[np.int64]:
    whole = (slice(None), slice(None))
    return _indices(get(file, _SELECTION), whole, len(get(file, SPECTRA)))


def _indices(selection: Any, part: tuple[slice, slice], spectra: int) -> NDArray[np.int64]:
    """Read the index of each pixel's spectrum (y, x); -1 where the list has no such spectrum."""
    stored = selection[part] if len(selection.shape) == 2 else selection[(*part, 0)]
    signed = stored.astype(np.int64)  # 2**64 - 1 becomes -1
    return np.where((signed >= 0) & (signed < spectra), signed, -1)


def _valid(file: Any) -> NDArray[np.bool_] | None:
    valid = _all_indices(file) >= 0
    return None if valid.all() else valid


def _live_time(file: Any) -> NDArray[np.float64] | None:
    times = read_numbers(get(file, "XRF/LiveTimes"))
    if times is None or times.shape != get(file, SPECTRA).shape[:1]:
        return None
    return times[np.maximum(_all_indices(file), 0)][None] * _MICROSECONDS


def _read_spectra(
    spectra: Any, indices: NDArray[np.int64], channels: slice, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Read the spectra of some indices, in runs in the order of the file; zeros for -1."""
    width = len(range(*channels.indices(spectra.shape[1])))
    block = np.zeros((indices.size, width), dtype)
    wanted = np.unique(indices[indices >= 0])
    for run in np.split(wanted, np.flatnonzero(np.diff(wanted) > _GAP) + 1):
        if not run.size:
            continue
        first, last = int(run[0]), int(run[-1])
        here = (indices >= first) & (indices <= last)
        block[here] = spectra[first : last + 1, channels][indices[here] - first]
    return block
