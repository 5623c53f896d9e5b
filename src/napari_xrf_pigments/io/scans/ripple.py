"""Write a scan as a Ripple pair (.rpl, .raw) with its metadata in a comment of the header."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import XRFCube, choose_chunks

from .._reader import make_source, read_head
from ._blocks import Progress, scan_blocks, stored_dtype
from .metadata import from_json, metadata_of, to_json

#: Starts the comment of the header that holds what the format has no key for.
SIGN = ";xrf-pigments "
_HEADER_BYTES = 64 * 2**10
_MAX_IMAGES_BYTES = 4 * 2**30


def raw_of(header: Path) -> Path:
    """Return the file of counts that belongs to a header."""
    return header.with_suffix(".raw")


def images_of(header: Path) -> Path:
    """Return the file of live times and mask that belongs to a header."""
    return header.with_suffix(".pixels.npz")


def write_counts(path: Path, cube: XRFCube, progress: Progress | None = None) -> None:
    """Write the counts to a new file at `path`, spectrum by spectrum."""
    block = choose_chunks(cube.shape, cube.counts.dtype)
    little = stored_dtype(cube).newbyteorder("<")
    with path.open("wb", buffering=0) as file:
        for _, _, counts in scan_blocks(cube, block, progress):
            view = counts.astype(little, copy=False).data.cast("B")
            done = 0
            while done < len(view):  # a disk that is nearly full takes a part first
                done += file.write(view[done:])


def images(cube: XRFCube) -> dict[str, Any]:
    """Return the live times and the mask that do not fit into a line of the header."""
    found: dict[str, Any] = {}
    if cube.live_time_s is not None and _one_time(cube) is None:
        found["live_time_s"] = cube.live_time_s
    if cube.valid is not None:
        found["valid"] = cube.valid
    return found


def write_images(path: Path, cube: XRFCube) -> None:
    """Write live times and mask to a new file at `path`."""
    with path.open("wb") as file:
        np.savez_compressed(file, **images(cube))


def _one_time(cube: XRFCube) -> float | None:
    """Return the live time that all pixels share, if they do."""
    times = cube.live_time_s
    if times is None or times.dtype != np.float64 or not 0 < times.flat[0] <= 1e9:
        return None
    return float(times.flat[0]) if np.all(times == times.flat[0]) else None


def header_text(cube: XRFCube) -> str:
    """Write the header as the programs of the field read it.

    RosettaSciIO expects tabs and strips each word; PyMca reads every key that begins with
    "width", "height" or "depth" as that size, so further such keys have a space before them.
    """
    rows, columns, channels = cube.shape
    dtype, axis = stored_dtype(cube), cube.energies
    keys: list[tuple[str, object]] = [
        ("key", "value"),
        ("width", columns),
        ("height", rows),
        ("depth", channels),
        ("offset", 0),
        ("data-length", dtype.itemsize),
        ("data-type", "signed" if dtype.kind == "i" else "unsigned"),
        ("byte-order", "dont-care" if dtype.itemsize == 1 else "little-endian"),
        ("record-by", "vector"),
        ("ev-per-chan", repr(1000 * float(axis.gain_kev))),
        (" depth-name", "Energy"),
        (" depth-scale", repr(float(axis.gain_kev))),
        (" depth-origin", repr(float(axis.offset_kev))),
        (" depth-units", "keV"),
    ]
    if cube.pixel_mm is not None:
        for side, length in zip(("height", "width"), cube.pixel_mm, strict=True):
            keys += [(f" {side}-scale", repr(float(length))), (f" {side}-units", "mm")]
    one_time, known = _one_time(cube), cube.acquisition
    for key, value in (
        ("live-time", one_time),
        ("beam-energy", known.tube_kv),
        ("elevation-angle", known.takeoff_deg),
    ):
        if value is not None:
            keys.append((key, repr(float(value))))
    lines = [f"{key}\t{value}" for key, value in keys]
    comment = SIGN + to_json(metadata_of(cube))
    return "\n".join([*lines, comment, ""])


def is_scan(path: Path) -> bool:
    """Return whether `path` is a header that this program wrote."""
    return path.is_file() and _comment(path) is not None


def _comment(header: Path) -> str | None:
    text = read_head(header, _HEADER_BYTES).decode("latin-1")
    lines = (line for line in text.splitlines() if line.startswith(SIGN))
    return next((line.removeprefix(SIGN) for line in lines), None)


def completed(cube: XRFCube, header: Path) -> XRFCube:
    """Complete the cube of a Ripple pair by the metadata in the comment of our own header.

    An energy axis or a size of a pixel that was changed by hand overrides the comment.

    Raises
    ------
    ValueError
        If the comment or the file of live times and mask is damaged.
    """
    text = _comment(header)
    if text is None:
        return cube
    metadata = from_json(text, header.name)
    stated = (cube.energies.n_channels, cube.energies.gain_kev, cube.energies.offset_kev)
    saved = metadata.energies
    same = stated == (saved.n_channels, saved.gain_kev, saved.offset_kev)
    found = _read_images(header, cube.shape[:2])
    raw = cube.source
    return replace(
        cube,
        energies=saved if same else cube.energies,
        acquisition=metadata.acquisition,
        live_time_s=found.get("live_time_s", cube.live_time_s),
        valid=found.get("valid"),
        source=None
        if raw is None
        else make_source(raw.path, raw.format, (*metadata.notes, *raw.notes), raw.size),
    )


def _read_images(header: Path, shape: tuple[int, int]) -> dict[str, Any]:
    path = images_of(header)
    if not path.is_file():
        return {}
    sentence = f"{path.name}, which holds live times and mask of {header.name}, is damaged."
    try:
        if os.path.getsize(path) > _MAX_IMAGES_BYTES:
            raise ValueError
        with zipfile.ZipFile(path) as archive:
            names = [info.removesuffix(".npy") for info in archive.namelist()]
            found = {name: _checked(archive, name, shape) for name in names}
    except Exception as error:  # zip, zlib and numpy raise a dozen kinds
        if isinstance(error, MemoryError | PermissionError):
            raise
        raise ValueError(sentence) from None
    return found


def _checked(archive: zipfile.ZipFile, name: str, shape: tuple[int, int]) -> Any:
    """Read an image after a check of its header, before anything is unpacked."""
    kinds = {"live_time_s": "f", "valid": "b"}
    with archive.open(f"{name}.npy") as member:
        version = np.lib.format.read_magic(member)
        if version != (1, 0):
            raise ValueError
        declared, _, dtype = np.lib.format.read_array_header_1_0(member)
    if declared != shape or dtype.kind not in kinds.get(name, ""):
        raise ValueError
    with archive.open(f"{name}.npy") as member:
        return np.lib.format.read_array(member, allow_pickle=False)
