"""numpy arrays: .npy (lazy) and .npz (with settings beside the counts)."""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import XRFCube

from .._lazy import RawCube, dask_counts
from .._metadata import (
    acquisition_from_settings,
    axis_from_settings,
    guess_channel_axis,
    image_from_settings,
    pixel_from_settings,
)
from .._reader import FormatReader, ReadOptions, check_size, estimated_axis, make_source, read_head

NPY_FORMAT = "numpy array (.npy)"
NPZ_FORMAT = "numpy archive (.npz)"
MAX_NPZ_BYTES = 2 * 2**30
_MAX_SETTING_BYTES = 256 * 2**20
_MAX_MEMBERS = 1000
# All that parsing a header, a Python literal, can raise.
_BAD_HEADER = (
    ValueError,
    EOFError,
    TypeError,
    SyntaxError,
    MemoryError,
    RecursionError,
    tokenize.TokenError,
)
# All that reading a damaged archive can raise.
_DAMAGE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,  # a compression that is not known
    RuntimeError,  # encrypted
)
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def npy_header(file: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read shape, Fortran order and type of an array.

    Raises
    ------
    ValueError
        If the header is damaged or the array holds pickled objects.
    """
    try:
        version = np.lib.format.read_magic(file)
        if version not in _HEADERS:
            raise ValueError
        shape, fortran, dtype = _HEADERS[version](file)
    except _BAD_HEADER:
        raise ValueError(f"{name} has a damaged header and cannot be read.") from None
    if dtype.hasobject:
        raise ValueError(
            f"{name} holds pickled Python objects, which are not read because they can run code."
        )
    return shape, fortran, dtype


def matches_npy(path: Path) -> bool:
    """Return whether the file is a numpy array."""
    return read_head(path, 6) == b"\x93NUMPY"


def matches_npz(path: Path) -> bool:
    """Return whether the file is a zip archive of nothing but numpy arrays."""
    if read_head(path, 4) != b"PK\x03\x04":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        # Truncated archives have lost their table of contents; only the name is left.
        return path.suffix.lower() == ".npz"
    return 0 < len(names) <= _MAX_MEMBERS and all(name.endswith(".npy") for name in names)


def read_npy(path: Path, options: ReadOptions) -> XRFCube:
    """Open an array lazily.

    Raises
    ------
    ValueError
        If it is no array of counts with three axes, or is truncated.
    """
    with path.open("rb") as file:
        shape, fortran, dtype = npy_header(file, path.name)
        offset = file.tell()
    disk_shape = _three(path.name, shape, dtype)
    notes: list[str] = []
    axes = _axes(disk_shape, notes)
    raw = RawCube(str(path), dtype.str, disk_shape, axes, offset, "F" if fortran else "C")
    if path.stat().st_size < raw.n_bytes:
        raise ValueError(
            f"{path.name} is truncated: it has {path.stat().st_size:,} "
            f"of the {raw.n_bytes:,} bytes that it declares."
        )
    counts = dask_counts(raw, key=f"{dtype.str}{axes}{offset}{fortran}")
    axis = estimated_axis(raw.shape[2], notes)
    return XRFCube(counts, axis, source=make_source(path, NPY_FORMAT, notes))


def read_npz(path: Path, options: ReadOptions) -> XRFCube:
    """Read an archive: the array "counts" (or the only one with three axes) and settings.

    Raises
    ------
    ValueError
        If there is no such array, or it is damaged or pickled.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = _read_members(path.name, archive, options.dataset)
    except _DAMAGE:
        raise ValueError(f"{path.name} is truncated or damaged.") from None
    counts, notes = arrays.pop("counts"), list[str]()
    counts = counts.transpose(_axes(_three(path.name, counts.shape, counts.dtype), notes))
    try:
        cube = XRFCube.from_array(counts, gain_kev=1.0)
    except ValueError:
        raise ValueError(
            f"{path.name} holds numbers with a fractional part, so they are not counts."
        ) from None
    rows, columns, channels = cube.shape
    valid = image_from_settings(arrays, "valid", (rows, columns))
    return XRFCube(
        cube.counts,
        axis_from_settings(arrays, channels) or estimated_axis(channels, notes),
        acquisition_from_settings(arrays),
        pixel_from_settings(arrays),
        image_from_settings(arrays, "live_time_s", (rows, columns)),
        None if valid is None else valid.astype(bool),
        make_source(path, NPZ_FORMAT, notes),
    )


def _read_members(name: str, archive: zipfile.ZipFile, wanted: str | None) -> dict[str, Any]:
    """Read the cube, under the name "counts", and the settings; sizes are checked first."""
    shapes: dict[str, tuple[int, ...]] = {}
    for info in archive.infolist():
        shapes[info.filename.removesuffix(".npy")] = _checked_shape(name, archive, info)
    cubes = [key for key, shape in shapes.items() if len(shape) == 3]
    key = wanted or ("counts" if "counts" in cubes or len(cubes) != 1 else cubes[0])
    if key not in cubes:
        raise ValueError(
            f"{name} has no array {key!r} with the three axes (y, x, channel); "
            f"it has {', '.join(sorted(shapes)[:8])}."
        )
    arrays: dict[str, Any] = {}
    for other in {key, *(set(shapes) - set(cubes))}:
        info = archive.getinfo(f"{other}.npy")
        if info.file_size > (MAX_NPZ_BYTES if other == key else _MAX_SETTING_BYTES):
            if other == key:
                raise ValueError(f"{name} is too large for an archive: save the counts as .npy.")
            continue
        with archive.open(info) as file:
            arrays["counts" if other == key else other] = np.lib.format.read_array(
                file, allow_pickle=False
            )
    return arrays


def _checked_shape(name: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[int, ...]:
    """Read the shape of an array, and check that all of it is there."""
    with archive.open(info) as file:
        shape, _, dtype = npy_header(file, f"{name} ({info.filename})")
        declared = dtype.itemsize
        for length in shape:
            declared *= max(length, 0)
        if declared + file.tell() > info.file_size:
            raise ValueError(f"{name} is truncated: {info.filename} is shorter than declared.")
    return shape


def read_arrays(path: Path, limit: int) -> dict[str, NDArray[Any]]:
    """Read all arrays of an archive that unpacks to at most `limit` bytes.

    Raises
    ------
    ValueError
        If it is larger, damaged or pickled.
    """
    arrays: dict[str, NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MAX_MEMBERS or sum(info.file_size for info in members) > limit:
                raise ValueError(f"{path.name} is too large for an archive of this kind.")
            for info in members:
                _checked_shape(path.name, archive, info)
                with archive.open(info) as file:
                    arrays[info.filename.removesuffix(".npy")] = np.lib.format.read_array(
                        file, allow_pickle=False
                    )
    except _DAMAGE:
        raise ValueError(f"{path.name} is truncated or damaged.") from None
    return arrays


def _three(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise ValueError(f"{name} has {len(shape)} axes, but a scan has three: (y, x, channel).")
    check_size(name, shape[0], shape[1], 1)
    check_size(name, 1, 1, shape[2])
    if dtype.kind not in "uif":
        raise ValueError(f"{name} holds values of type {dtype}, not counts.")
    return shape[0], shape[1], shape[2]


def _axes(shape: tuple[int, int, int], notes: list[str]) -> tuple[int, int, int]:
    channel = guess_channel_axis(shape, prefer_last=True)
    y, x = (axis for axis in range(3) if axis != channel)
    if channel != 2:
        notes.append(
            f"Axis {channel + 1} of {shape[0]} x {shape[1]} x {shape[2]} was taken as the spectrum."
        )
    return y, x, channel


NPY_READER = FormatReader(NPY_FORMAT, matches_npy, read_npy)
NPZ_READER = FormatReader(NPZ_FORMAT, matches_npz, read_npz)
