"""A cube in an HDF5 file, which is opened at each access."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_xrf_pigments.io._lazy import LazyCube, StoredArray

from ._file import open_file, why_unreadable
from ._hdf5_scan import Counts
from .crono import on_grid


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


def cube_of(path: Path, file: Any, counts: Counts) -> LazyCube:
    """The counts of a detector of an open file."""
    dataset, found = file[counts.found.name], counts.found
    if found.places is not None:
        return on_grid(path, file, found)
    shape = tuple(int(length) for length in dataset.shape)
    return Hdf5Cube(str(path), dataset.dtype.str, shape, found.axes, found.name, counts.number or 0)
