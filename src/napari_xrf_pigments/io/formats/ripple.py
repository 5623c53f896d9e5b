"""Ripple cubes: a text header (.rpl) and raw counts (.raw); either half finds the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_xrf_pigments.cube import XRFCube

from .._lazy import RawCube, lazy_cube
from .._reader import (
    FormatReader,
    ReadOptions,
    estimated_axis,
    head,
    make_source,
    number,
    plausible,
)
from ..scans import ripple as scan_ripple
from ._ripple_header import REQUIRED, acquisition, energy_axis, parse_header, pixel_mm, read_keys

FORMAT = "Ripple (.rpl/.raw)"
HEADER_BYTES = 64 * 2**10


def header_of(path: Path) -> Path | None:
    """The header that belongs to a header or to a file of raw counts."""
    if is_header(path):
        return path
    if path.suffix.lower() != ".raw":
        return None
    beside = _beside(path, ".rpl")
    return beside if beside is not None and is_header(beside) else None


def is_header(path: Path) -> bool:
    """Whether the file is a text with most of the keys that a header must have."""
    text = head(path, HEADER_BYTES)
    if not text or b"\0" in text[:1024]:
        return False
    return len(REQUIRED & read_keys(text.decode("latin-1")).keys()) >= 4


def matches(path: Path) -> bool:
    """Whether `path` is one of the two halves."""
    return path.is_file() and header_of(path) is not None


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open a cube.

    Raises
    ------
    ValueError
        If the header is wrong or the raw file is too short.
    FileNotFoundError
        If there are no raw counts beside the header.
    """
    header_path = header_of(path)
    if header_path is None:
        raise ValueError(f"{path.name} has no Ripple header (.rpl) beside it.")
    header = parse_header(head(header_path, HEADER_BYTES).decode("latin-1"), header_path.name)
    raw_path = path if path != header_path else _beside(header_path, ".raw")
    if raw_path is None:
        raise FileNotFoundError(
            f"{header_path.name} has no file {header_path.stem}.raw with the counts beside it."
        )
    raw = RawCube(str(raw_path), header.dtype, header.disk_shape, header.axes, header.offset)
    size = raw_path.stat().st_size
    if size < raw.n_bytes:
        raise ValueError(
            f"{raw_path.name} is truncated: it has {size:,} of the {raw.n_bytes:,} bytes "
            f"that {header_path.name} declares."
        )
    notes = list(header.notes)
    if size > raw.n_bytes:
        notes.append(f"{raw_path.name} is {size - raw.n_bytes:,} bytes longer than declared.")
    live = plausible(number(header.keys.get("live-time")), 0, 1e9)
    cube = XRFCube(
        lazy_cube(raw, key=f"{header.dtype}{header.axes}{header.offset}"),
        energy_axis(header) or estimated_axis(header.shape[2], notes),
        acquisition(header),
        pixel_mm(header),
        None if live is None else np.full(header.shape[:2], live),
        source=make_source(header_path, FORMAT, notes, size),
    )
    return scan_ripple.completed(cube, header_path)


def _beside(path: Path, suffix: str) -> Path | None:
    """The file of the same name with another suffix, in whatever case it was written."""
    for candidate in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
        if candidate.is_file():
            return candidate
    wanted = (path.stem + suffix).lower()
    for candidate in path.parent.iterdir():
        if candidate.name.lower() == wanted and candidate.is_file():
            return candidate
    return None


READER = FormatReader(FORMAT, matches, read)
