"""The text header of an ENVI cube (.hdr).

The first line is ``ENVI``; then ``key = value``, where values in braces may run over several
lines (NV5 Geospatial, "ENVI Header Files"). X-ray instruments write energies where ENVI has
wavelengths, with the unit keV or eV.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import EnergyAxis

from .._metadata import axis_from_values
from .._reader import check_size, number
from ._raw_header import RawHeader, whole_number

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
_KEV_UNITS = ("kev", "ev")
_LIGHT = ("nanomet", "micromet", "millimet", "micron", "nm", "um", "µm", "angstrom", "wavenumber")
_UNITS_MM = {"meters": 1e3, "m": 1e3, "millimeters": 1.0, "mm": 1.0, "micrometers": 1e-3}


def read_keys(text: str) -> dict[str, str]:
    """Keys (lower case) and values of a header, without the braces of lists."""
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
    """Make sense of a header.

    Parameters
    ----------
    text : str
        The header.
    name : str
        What errors call it.

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
        raise ValueError(f"{name} describes a picture, not a cube of spectra.")
    if keys.get("file compression", "0") not in ("0", ""):
        raise ValueError(f"{name} describes compressed data, which is not read.")
    order = keys.get("interleave", "").lower()
    if order not in _ORDERS:
        raise ValueError(f"{name} states interleave as {order[:20]!r}, not bsq, bil or bip.")
    notes: list[str] = []
    return RawHeader(shape, _ORDERS[order], _dtype(keys, name, notes), offset, keys, tuple(notes))


def holds_light(keys: Mapping[str, str]) -> bool:
    """Whether the channels are wavelengths of light: a camera's cube, no X-rays."""
    unit = keys.get("wavelength units", "").lower()
    return any(unit.startswith(word) for word in _LIGHT)


def energy_axis(header: RawHeader) -> EnergyAxis | None:
    """The energies that a header lists; None where it lists none in keV or eV."""
    unit = header.keys.get("wavelength units", "").lower()
    listed = header.keys.get("wavelength", "")
    if unit not in _KEV_UNITS or not listed:
        return None
    values = [number(part) for part in re.split(r"[,\s]+", listed) if part]
    if None in values:
        return None
    return axis_from_values(np.array(values, dtype=np.float64), unit, header.shape[2])


def pixel_mm(header: RawHeader) -> tuple[float, float] | None:
    """Height and width of a pixel in mm, where they are stated with a unit of length."""
    parts = [part.strip() for part in header.keys.get("pixel size", "").split(",")]
    units = [part.split("=")[-1].strip().lower() for part in parts if "=" in part]
    unit = _UNITS_MM.get(units[0]) if units else None
    sides = [number(part) for part in parts[:2]]
    if unit is None or len(sides) != 2 or not all(side and side > 0 for side in sides):
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
