"""numpy arrays: .npy (lazy) and .npz (with settings beside the counts)."""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments._typing import BoolArray
from napari_xrf_pigments.cube import XRFCube

from .._lazy import MAX_COUNT, RawCube, masked_counts
from .._metadata import (
    acquisition_from_settings,
    axis_from_settings,
    guess_channel_axis,
    image_from_settings,
    picture_reason,
    pixel_from_settings,
)
from .._reader import FormatReader, ReadOptions, check_size, estimated_axis, make_source, read_head
from ._candidates import Candidate, note_others, refusal

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


def is_npy(path: Path) -> bool:
    """Return whether the file is a numpy array."""
    return read_head(path, 6) == b"\x93NUMPY"


def matches_npy(path: Path) -> bool:
    """Return whether the file is a numpy array, damaged or of counts, and no picture."""
    if not is_npy(path):
        return False
    try:
        with path.open("rb") as file:
            shape, _, dtype = npy_header(file, path.name)
        return _candidate(path.name, "", shape, dtype).rejection is None
    except ValueError:
        return True  # reading explains why


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
    array = _candidate(path.name, "", shape, dtype)
    if options.dataset is None and array.rejection is not None:
        raise ValueError(f"{path.name} is not a scan: {refusal([array])}")
    disk_shape, axes = (shape[0], shape[1], shape[2]), array.axes
    notes: list[str] = []
    _note_axis(array, notes)
    raw = RawCube(str(path), dtype.str, disk_shape, axes, offset, "F" if fortran else "C")
    if path.stat().st_size < raw.n_bytes:
        raise ValueError(
            f"{path.name} is truncated: it has {path.stat().st_size:,} "
            f"of the {raw.n_bytes:,} bytes that it declares."
        )
    counts, valid = masked_counts(raw, notes, key=f"{dtype.str}{axes}{offset}{fortran}")
    axis = estimated_axis(raw.shape[2], notes)
    return XRFCube(counts, axis, valid=valid, source=make_source(path, NPY_FORMAT, notes))


def read_npz(path: Path, options: ReadOptions) -> XRFCube:
    """Read an archive: the array "counts", or the one with most channels, and settings.

    Raises
    ------
    ValueError
        If there is no such array, or it is damaged or pickled.
    """
    notes: list[str] = []
    try:
        with zipfile.ZipFile(path) as archive:
            array, arrays = _read_members(path.name, archive, options.dataset, notes)
    except _DAMAGE:
        raise ValueError(f"{path.name} is truncated or damaged.") from None
    counts = arrays.pop("counts").transpose(array.axes)
    _note_axis(array, notes)
    measured = np.isfinite(counts).all(axis=2)
    missing = int(np.count_nonzero(~measured))
    if missing:
        notes.append(
            f"Pixels with values that are not numbers (NaN), which count as missing: {missing:,}."
        )
        counts = np.where(measured[..., None], counts, 0)
    if counts.max(initial=0) > MAX_COUNT:
        raise ValueError(f"{path.name} holds numbers that are too large for counts.")
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
        axis_from_settings(arrays, channels, notes) or estimated_axis(channels, notes),
        acquisition_from_settings(arrays, notes),
        pixel_from_settings(arrays),
        image_from_settings(arrays, "live_time_s", (rows, columns)),
        _combined(valid, measured),
        make_source(path, NPZ_FORMAT, notes),
    )


def _combined(valid: NDArray[Any] | None, measured: BoolArray) -> BoolArray | None:
    """Return the pixels that are valid, where stated, and measured; None where all are."""
    if valid is not None:
        return valid.astype(bool) & measured
    return None if measured.all() else measured


def _read_members(
    name: str, archive: zipfile.ZipFile, wanted: str | None, notes: list[str]
) -> tuple[Candidate, dict[str, Any]]:
    """Read the cube, under the name "counts", and the settings; sizes are checked first."""
    cubes: list[Candidate] = []
    others: list[str] = []
    for info in archive.infolist():
        shape, dtype = _checked_header(name, archive, info)
        key = info.filename.removesuffix(".npy")
        if len(shape) == 3 and 0 not in shape and dtype.kind in "uif":
            cubes.append(_candidate(name, key, shape, dtype))
        else:
            others.append(key)
    settings = _settings(archive, others)
    array = _chosen(name, cubes, others, settings, wanted, notes)
    info = archive.getinfo(f"{array.name}.npy")
    if info.file_size > MAX_NPZ_BYTES:
        raise ValueError(f"{name} is too large for an archive: save the counts as .npy.")
    with archive.open(info) as file:
        settings["counts"] = np.lib.format.read_array(file, allow_pickle=False)
    return array, settings


def _settings(archive: zipfile.ZipFile, names: Sequence[str]) -> dict[str, Any]:
    """Read the arrays that are no cubes."""
    settings: dict[str, Any] = {}
    for name in names:
        info = archive.getinfo(f"{name}.npy")
        if info.file_size <= _MAX_SETTING_BYTES:
            with archive.open(info) as file:
                settings[name] = np.lib.format.read_array(file, allow_pickle=False)
    return settings


def _chosen(
    name: str,
    cubes: Sequence[Candidate],
    others: Sequence[str],
    settings: Mapping[str, Any],
    wanted: str | None,
    notes: list[str],
) -> Candidate:
    """Choose the array that the user names, or "counts", or the one with most channels."""
    described = [_with_energies(each, settings) for each in cubes]
    found = sorted(described, key=lambda each: each.rank)
    if wanted is not None:
        found = [each for each in found if each.name == wanted.strip("/")]
    if not found:
        asked = "no array" if wanted is None else f"no array {wanted!r}"
        listed = ", ".join(sorted([*(str(each) for each in cubes), *others])[:8])
        raise ValueError(
            f"{name} has {asked} with the three axes (y, x, channel); it has {listed}."
        )
    if wanted is None and found[0].rejection is not None:
        raise ValueError(f"{name} is not a scan: {refusal(found)}")
    note_others(found[0], [each for each in described if each.name != found[0].name], notes)
    return found[0]


def _checked_header(
    name: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read shape and type of an array, and check that all of it is there."""
    with archive.open(info) as file:
        shape, _, dtype = npy_header(file, f"{name} ({info.filename})")
        declared = dtype.itemsize
        for length in shape:
            declared *= max(length, 0)
        if declared + file.tell() > info.file_size:
            raise ValueError(f"{name} is truncated: {info.filename} is shorter than declared.")
    return shape, dtype


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
                _checked_header(path.name, archive, info)
                with archive.open(info) as file:
                    arrays[info.filename.removesuffix(".npy")] = np.lib.format.read_array(
                        file, allow_pickle=False
                    )
    except _DAMAGE:
        raise ValueError(f"{path.name} is truncated or damaged.") from None
    return arrays


def _with_energies(array: Candidate, settings: Mapping[str, Any]) -> Candidate:
    """Return the array with the energies that the settings state; they name its spectrum."""
    guessed = array.axes[2]
    for channel in (guessed, *(axis for axis in range(3) if axis != guessed)):
        energies = axis_from_settings(settings, array.shape[channel])
        if energies is not None:
            y, x = (axis for axis in range(3) if axis != channel)
            return replace(array, axes=(y, x, channel), energies=energies, rejection=None)
    return array


def _candidate(name: str, key: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Candidate:
    """Describe an array of three axes.

    Raises
    ------
    ValueError
        If it has other axes, or no numbers, or is larger than any scan.
    """
    if len(shape) != 3:
        raise ValueError(f"{name} has {len(shape)} axes, but a scan has three: (y, x, channel).")
    check_size(name, shape[0], shape[1], 1)
    check_size(name, 1, 1, shape[2])
    if dtype.kind not in "uif":
        raise ValueError(f"{name} holds values of type {dtype}, not counts.")
    lengths = shape[0], shape[1], shape[2]
    channel = guess_channel_axis(lengths)
    y, x = (axis for axis in range(3) if axis != channel)
    return Candidate(
        key,
        lengths,
        dtype,
        (y, x, channel),
        guessed=channel != 2,
        is_default=key == "counts",
        rejection=picture_reason(lengths, channel),
    )


def _note_axis(array: Candidate, notes: list[str]) -> None:
    if array.guessed:
        lengths = " x ".join(str(length) for length in array.shape)
        notes.append(f"Axis {array.axes[2] + 1} of {lengths} was taken as the spectrum.")


NPY_READER = FormatReader(NPY_FORMAT, matches_npy, read_npy, has_signature=is_npy)
NPZ_READER = FormatReader(NPZ_FORMAT, matches_npz, read_npz)
