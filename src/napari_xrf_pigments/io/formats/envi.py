"""ENVI cubes: a text header (.hdr) and raw counts; either half finds the other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import EnergyAxis, XRFCube

from .._metadata import (
    LENGTH_UNITS_MM,
    acquisition_from_settings,
    axis_from_values,
)
from .._reader import (
    FormatReader,
    ReadOptions,
    check_size,
    estimated_axis,
    make_source,
    note_unused_axis,
    note_unused_pixel_size,
    parse_float,
    read_head,
)
from ._raw_header import RawHeader, open_counts, whole_number

MAGIC = b"ENVI"
# Types by ENVI's numbers; 6 and 9 are complex.
_TYPES = {
    1: "u1",
    2: "i2",
    3: "i4",
    4: "f4",
    5: "f8",
    12: "u2",
    13: "u4",
    14: "i8",
    15: "u8",
}
# Which axes of the file are y, x and channel.
_ORDERS = {"bsq": (1, 2, 0), "bil": (0, 2, 1), "bip": (0, 1, 2)}
_LIGHT = ("nanomet", "micromet", "millimet", "micron", "nm", "um", "µm", "angstrom", "wavenumber")


def read_keys(text: str) -> dict[str, str]:
    """Parse keys (lower case) and values of a header, without the braces of lists."""
    keys: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        key, equals, value = line.partition("=")
        if not equals:
            continue
        parts = [value.strip()]
        if parts[0].startswith("{"):
            while "}" not in parts[-1]:
                following = next(lines, "}")
                parts.append(following)
        keys[key.strip().lower()] = " ".join(parts).replace("{", "").replace("}", "").strip()
    return keys


def parse_header(text: str, name: str = "The header") -> RawHeader:
    """Parse a header.

    Parameters
    ----------
    text : str
        The header.
    name : str
        Its name in errors.

    Raises
    ------
    ValueError
        If a key is missing or impossible, or if the cube holds light, not X-rays.
    """
    keys = read_keys(text)
    shape = (
        whole_number(keys, "lines", name),
        whole_number(keys, "samples", name),
        whole_number(keys, "bands", name),
    )
    offset = whole_number(keys, "header offset", name, 0)
    check_size(name, *shape)
    if offset < 0:
        raise ValueError(f"{name} declares a negative offset of {offset} bytes.")
    if holds_light(keys):
        unit = keys["wavelength units"]
        raise ValueError(f"{name} describes spectra of light (in {unit[:20]}), not of X-rays.")
    if shape[2] == 1:
        raise ValueError(f"{name} describes an image, not a cube of spectra.")
    if keys.get("file compression", "0") not in ("0", ""):
        raise ValueError(f"{name} describes compressed data, which is not read.")
    order = keys.get("interleave", "").lower()
    if order not in _ORDERS:
        raise ValueError(f"{name} states interleave as {order[:20]!r}, not bsq, bil or bip.")
    notes: list[str] = []
    return RawHeader(shape, _ORDERS[order], _dtype(keys, name, notes), offset, keys, tuple(notes))


def holds_light(keys: Mapping[str, str]) -> bool:
    """Return whether the channels are wavelengths of light: a camera's cube, no X-rays."""
    unit = keys.get("wavelength units", "").lower()
    return any(unit.startswith(word) for word in _LIGHT)


def energy_axis(header: RawHeader, notes: list[str]) -> EnergyAxis | None:
    """Read the energies that a header lists; None where it lists none in keV or eV."""
    unit = header.keys.get("wavelength units", "")
    listed = header.keys.get("wavelength", "")
    if not listed:
        return None
    values = [parse_float(part) for part in re.split(r"[,\s]+", listed) if part]
    if unit.lower() in ("", "unknown", "index"):
        note_unused_axis(notes, "its wavelengths have no unit, so they may be those of light")
        return None
    if len(values) not in (header.shape[2], header.shape[2] + 1):
        note_unused_axis(notes, f"it lists {len(values)} wavelengths of {header.shape[2]} bands")
        return None
    energies = np.array([np.nan if value is None else value for value in values])
    return axis_from_values(energies, unit, header.shape[2], notes)


def pixel_mm(header: RawHeader, notes: list[str]) -> tuple[float, float] | None:
    """Read height and width of a pixel in mm, where they are stated with a unit of length."""
    parts = [part.strip() for part in header.keys.get("pixel size", "").split(",")]
    units = [part.split("=")[-1].strip().lower() for part in parts if "=" in part]
    unit = LENGTH_UNITS_MM.get(units[0]) if units else None
    sides = [parse_float(part) for part in parts[:2]]
    if unit is None or len(sides) != 2 or not all(side and side > 0 for side in sides):
        if parts != [""]:
            note_unused_pixel_size(notes, "it states no two lengths with a unit of length")
        return None
    x, y = (float(side or 0) * unit for side in sides)
    return y, x


def _dtype(keys: Mapping[str, str], name: str, notes: list[str]) -> str:
    code = whole_number(keys, "data type", name)
    if code not in _TYPES:
        raise ValueError(f"{name} states data type {code}, which no counts have.")
    order = keys.get("byte order")
    if order not in (None, "0", "1"):
        raise ValueError(f"{name} states byte order as {order[:20]!r}, not 0 or 1.")
    dtype: np.dtype[Any] = np.dtype(f"{'>' if order == '1' else '<'}{_TYPES[code]}")
    if order is None and dtype.itemsize > 1:
        notes.append("The header does not state the byte order: little-endian is assumed.")
    return dtype.str


FORMAT = "ENVI (.hdr and data)"
HEADER_BYTES = 4 * 2**20
# Suffixes of the data, the most common first; a header "a.img.hdr" belongs to "a.img".
_SUFFIXES = ("", ".img", ".dat", ".raw", ".bil", ".bip", ".bsq", ".bin", ".cube", ".envi")


def header_of(path: Path) -> Path | None:
    """Return the header of a pair, given either half; None where there is none."""
    if is_header(path):
        return path
    if path.suffix.lower() not in _SUFFIXES:
        return None
    names = {f"{path.name}.hdr".lower(), f"{path.stem}.hdr".lower()}
    found = [each for each in _beside(path) if each.name.lower() in names]
    headers = [each for each in found if is_header(each)]
    return headers[0] if headers else None


def is_header(path: Path) -> bool:
    """Return whether the file begins as every ENVI header does."""
    line = read_head(path, 64).split(b"\n")[0]
    return line.strip() == MAGIC


def matches(path: Path) -> bool:
    """Return whether `path` is one of the two halves of a cube that is not one of light."""
    if not path.is_file():
        return False
    header = header_of(path)
    return header is not None and not holds_light(read_keys(_text(header)))


def rejection_reason(path: Path) -> str | None:
    """Explain why an ENVI cube is no scan; None where `path` is none."""
    header = header_of(path) if path.is_file() else None
    if header is None or not holds_light(read_keys(_text(header))):
        return None
    return f"{header.name} describes spectra of light, as a camera sees them, not of X-rays."


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open a cube.

    Raises
    ------
    ValueError
        If the header is wrong or the data are too short.
    FileNotFoundError
        If there are no data beside the header.
    """
    header_path = header_of(path)
    if header_path is None:
        raise ValueError(f"{path.name} has no ENVI header (.hdr) beside it.")
    if header_path.stat().st_size > HEADER_BYTES:
        raise ValueError(f"{header_path.name} is far too large for a header.")
    header = parse_header(_text(header_path), header_path.name)
    data = path if path != header_path else _data_of(header_path)
    if data is None:
        raise FileNotFoundError(f"{header_path.name} has no file with the counts beside it.")
    counts, valid, size, notes = open_counts(header, header_path, data)
    return XRFCube(
        counts,
        energy_axis(header, notes) or estimated_axis(header.shape[2], notes),
        acquisition_from_settings(header.keys, notes),
        pixel_mm(header, notes),
        valid=valid,
        source=make_source(header_path, FORMAT, notes, size),
    )


def _text(header: Path) -> str:
    return read_head(header, HEADER_BYTES).decode("utf-8", "replace")


def _data_of(header: Path) -> Path | None:
    """Find the file of the same name with one of the common suffixes, in upper or lower case."""
    named = {each.name.lower(): each for each in _beside(header) if each != header}
    wanted = [header.stem.lower()]  # of "a.img.hdr" this is "a.img"
    wanted += [f"{header.stem}{suffix}".lower() for suffix in _SUFFIXES]
    return next((named[name] for name in wanted if name in named), None)


def _beside(path: Path) -> list[Path]:
    """List the files whose names begin alike."""
    start = path.name.split(".")[0].lower()
    try:
        return sorted(each for each in path.parent.iterdir() if each.name.lower().startswith(start))
    except OSError:
        return []


READER = FormatReader(FORMAT, matches, read)
