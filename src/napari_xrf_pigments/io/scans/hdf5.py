"""Write a scan as HDF5 with an NXdata group for other programs, and read such a file back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import XRFCube, choose_pieces

from .._guarded_hdf5 import get, open_file, readable_dataset
from .._lazy import dask_counts
from .._reader import FormatReader, ReadOptions, check_size, make_source
from ..formats.hdf5.reader import Hdf5Cube, is_hdf5
from ..outputs.atomic_write import GuardedFile
from ..results.fields import MARKER
from ._blocks import Progress, scan_blocks, stored_dtype
from .metadata import KIND, from_json, metadata_of, to_json

FORMAT = "HDF5 scan of this program (.h5)"
COUNTS = "entry/data/counts"
_METADATA = "entry/xrf_pigments"
_IMAGES = {"live_time_s": "entry/instrument/live_time", "valid": "entry/instrument/valid"}


def write(path: Path, cube: XRFCube, progress: Progress | None = None) -> None:
    """Write a scan to a new file at `path`."""
    import h5py

    with GuardedFile(path) as disk:
        with h5py.File(disk, "w") as file:
            _write_frame(file, cube)
            block, piece = choose_pieces(cube.shape, cube.counts.dtype)
            counts = file["entry/data"].create_dataset(
                "counts",
                cube.shape,
                stored_dtype(cube),
                chunks=tuple(min(a, b) for a, b in zip(piece, cube.shape, strict=True)),
                compression="gzip",  # the one that every HDF5 reads
                compression_opts=1,
                shuffle=True,
                fletcher32=True,
            )
            counts.attrs.update(units="counts", long_name="counts", interpretation="spectrum")
            for rows, columns, values in scan_blocks(cube, block, progress):
                counts[rows, columns] = values
                disk.check()
    disk.check()


def _write_frame(file: Any, cube: XRFCube) -> None:
    """Write everything but the counts."""
    metadata = metadata_of(cube)
    file.attrs.update(default="entry", creator=metadata.origin["program"])
    file.attrs[MARKER] = KIND
    entry = file.create_group("entry")
    entry.attrs.update(NX_class="NXentry", default="data")
    # For people and other programs; the text below is read back here.
    for name, value in cube.acquisition.known().items():
        if isinstance(value, str | float | int):
            entry.attrs[name] = value
    file[_METADATA] = to_json(metadata)
    file.create_group("entry/instrument").attrs["NX_class"] = "NXinstrument"
    if cube.live_time_s is not None:
        file[_IMAGES["live_time_s"]] = cube.live_time_s
        file[_IMAGES["live_time_s"]].attrs["units"] = "s"
    if cube.valid is not None:
        file[_IMAGES["valid"]] = cube.valid
    data = entry.create_group("data")
    data.attrs.update(NX_class="NXdata", signal="counts", axes=["y", "x", "energy"])
    data["energy"] = cube.energies.kev
    data["energy"].attrs.update(units="keV", long_name="energy (keV)")
    pitches = cube.pixel_mm or (None, None)
    for name, length, pitch in zip("yx", cube.shape, pitches, strict=False):
        data[name] = np.arange(length) * (1.0 if pitch is None else pitch)
        data[name].attrs["units"] = "pixel" if pitch is None else "mm"


def is_scan(path: Path) -> bool:
    """Return whether `path` is a file that :func:`write` wrote."""
    if not path.is_file() or not is_hdf5(path):
        return False
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return bool(file.attrs.get(MARKER) == KIND)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError):
        return False


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open a scan that :func:`write` wrote.

    Raises
    ------
    ValueError
        If the file is damaged, or another dataset is requested.
    """
    if options.dataset is not None and options.dataset.strip("/") != COUNTS:
        raise ValueError(f"{path.name} has no dataset {options.dataset}; it has {COUNTS} alone.")
    try:
        with open_file(path) as file:
            dataset = readable_dataset(file, COUNTS)
            shape, dtype, piece = dataset.shape, dataset.dtype, dataset.chunks
            if len(shape) != 3 or dtype.kind not in "ui":
                raise TypeError
            check_size(path.name, *shape)
            metadata = from_json(readable_dataset(file, _METADATA).asstr()[()], path.name)
            images = {key: _image(file, name, shape) for key, name in _IMAGES.items()}
    except PermissionError:
        raise
    except (OSError, RuntimeError, KeyError, TypeError, AttributeError):
        raise ValueError(f"{path.name} is truncated or damaged: HDF5 cannot read it.") from None
    valid = images["valid"]
    return XRFCube(
        dask_counts(Hdf5Cube(str(path), dtype.str, shape, name=COUNTS), piece, COUNTS),
        metadata.energies,
        metadata.acquisition,
        metadata.pixel_mm,
        images["live_time_s"],
        None if valid is None else valid.astype(bool),
        make_source(path, FORMAT, metadata.notes),
    )


def _image(file: Any, name: str, shape: tuple[int, ...]) -> Any:
    if get(file, name) is None:
        return None
    dataset = readable_dataset(file, name)
    if dataset.shape != shape[:2] or dataset.dtype.kind not in "fb":
        raise TypeError
    return dataset[()]


READER = FormatReader(FORMAT, is_scan, read)
