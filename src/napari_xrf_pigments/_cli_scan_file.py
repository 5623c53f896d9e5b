"""Writing a simulated scan as an HDF5 file (NXdata) that any reader of such files opens."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

if TYPE_CHECKING:
    from .cube import XRFCube

COMPRESSION = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


def save_scan(
    path: Path, cube: XRFCube, progress: Callable[[int, int], None] | None = None
) -> None:
    """Write a scan with its energy axis, pixel size and settings.

    Parameters
    ----------
    path : Path
        The file; it appears only when it is complete.
    cube : XRFCube
        The scan.
    progress : callable, optional
        Called with (pixels done, pixels in all).

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        with h5py.File(unfinished, "w") as file:
            _fill(file, cube, progress)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _fill(file: h5py.File, cube: XRFCube, progress: Callable[[int, int], None] | None) -> None:
    rows, columns, channels = cube.shape
    file.attrs["default"] = "entry"
    entry = file.create_group("entry")
    entry.attrs.update(NX_class="NXentry", default="data")
    for name, value in cube.acquisition.known().items():
        if isinstance(value, str | float | int):
            entry.attrs[name] = value

    data = entry.create_group("data")
    data.attrs.update(NX_class="NXdata", signal="counts", axes=["y", "x", "energy"])
    data.create_dataset("energy", data=cube.energies.kev).attrs["units"] = "keV"
    for name, length, pitch in zip("yx", (rows, columns), cube.pixel_mm or (0, 0), strict=True):
        axis = data.create_dataset(name, data=np.arange(length) * (pitch or 1.0))
        axis.attrs["units"] = "mm" if pitch else "pixel"

    chunk = (1, min(columns, max(1, 2**18 // channels)), channels)
    counts = data.create_dataset(
        "counts", cube.shape, cube.counts.dtype, chunks=chunk, **COMPRESSION
    )
    counts.attrs["units"] = "counts"
    first = 0
    for height in cube.counts.chunks[0]:
        counts[first : first + height] = cube.counts[first : first + height].compute()
        first += height
        if progress is not None:
            progress(first * columns, rows * columns)
