"""A cube in an HDF5 file, which is opened at each access."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.io._lazy import CubeOnDisk, as_slices

from ._file import open_file, why_unreadable
from ._hdf5_scan import Counts
from .crono import on_grid


@dataclass(frozen=True)
class Hdf5Cube:
    """The counts of one detector.

    Parameters
    ----------
    path : str
        The file.
    name : str
        Path of the dataset in it.
    disk_shape : tuple of int
        Shape of the dataset, three axes or four.
    disk_dtype : str
        numpy type string of a count in it.
    axes : tuple of int
        Which of its axes are y, x and channel.
    fixed : tuple of int or None
        The axis of the detectors and the place on it, where there are four axes.
    """

    path: str
    name: str
    disk_shape: tuple[int, ...]
    disk_dtype: str
    axes: tuple[int, int, int]
    fixed: tuple[int, int] | None = None

    ndim = 3

    @property
    def shape(self) -> tuple[int, int, int]:
        """(y, x, channel)."""
        y, x, channel = self.axes
        return self.disk_shape[y], self.disk_shape[x], self.disk_shape[channel]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a count, in the byte order of this machine."""
        return np.dtype(self.disk_dtype).newbyteorder("=")

    def __getitem__(self, key: Any) -> NDArray[Any]:
        wanted: list[Any] = [slice(None)] * len(self.disk_shape)
        slices, rest = as_slices(key)
        for axis, part in zip(self.axes, slices, strict=True):
            wanted[axis] = part
        kept = list(range(len(self.disk_shape)))
        if self.fixed is not None:
            wanted[self.fixed[0]] = self.fixed[1]
            kept.remove(self.fixed[0])
        path = Path(self.path)
        with open_file(path) as file:
            try:
                block = file[self.name][tuple(wanted)]
            except (OSError, RuntimeError, KeyError) as error:
                raise OSError(why_unreadable(path, error)) from None
        order = [kept.index(axis) for axis in self.axes]
        return np.ascontiguousarray(block.transpose(order)[rest], dtype=self.dtype)


def cube_of(path: Path, file: Any, counts: Counts) -> CubeOnDisk:
    """The counts of a detector of an open file."""
    dataset, found = file[counts.found.name], counts.found
    if found.places is not None:
        return on_grid(path, file, found)
    fixed = None
    if found.detector_axis is not None and counts.number is not None:
        fixed = (found.detector_axis, counts.number)
    shape = tuple(int(length) for length in dataset.shape)
    return Hdf5Cube(str(path), found.name, shape, dataset.dtype.str, found.axes, fixed)
