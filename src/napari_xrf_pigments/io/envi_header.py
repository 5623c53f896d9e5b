"""The text header of an ENVI cube (.hdr).

The first line is ``ENVI``; then ``key = value``, where values in braces may run over several
lines (NV5 Geospatial, "ENVI Header Files"). X-ray instruments write energies where ENVI has
wavelengths, with the unit keV or eV.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..cube import EnergyAxis
from .contract import check_size, number
from .plain_settings import axis_from_values

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
# Axes of the file (first to last), and which of them are y, x and channel.
_ORDERS = {"bsq": "cyx", "bil": "ycx", "bip": "yxc"}
_KEV_UNITS = ("kev", "ev")
_LIGHT = ("nanomet", "micromet", "millimet", "micron", "nm", "um", "µm", "angstrom", "wavenumber")
_UNITS_MM = {"meters": 1e3, "m": 1e3, "millimeters": 1.0, "mm": 1.0, "micrometers": 1e-3}


@dataclass(frozen=True)
class EnviHeader:
    """What a header says.

    Parameters
    ----------
    shape : tuple of int
        (y, x, channel).
    order : str
        ``"bsq"``, ``"bil"`` or ``"bip"``.
    dtype : str
        numpy type string of a count, with its byte order.
    offset : int
        Bytes before the data.
    keys : mapping
        All keys (lower case) and values.
    notes : tuple of str
        Plain sentences on what was assumed.
    """

    shape: tuple[int, int, int]
    order: str
    dtype: str
    offset: int
    keys: Mapping[str, str]
    notes: tuple[str, ...] = ()

    @property
    def axes(self) -> tuple[int, int, int]:
        """Which axes of the file are y, x and channel."""
        letters = _ORDERS[self.order]
        return letters.index("y"), letters.index("x"), letters.index("c")

    @property
    def disk_shape(self) -> tuple[int, int, int]:
        """Shape as it lies in the file."""
        shape = [0, 0, 0]
        for axis, length in zip(self.axes, self.shape, strict=True):
            shape[axis] = length
        return shape[0], shape[1], shape[2]


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


def parse_header(text: str, name: str = "The header") -> EnviHeader:
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
    shape = _whole(keys, "lines", name), _whole(keys, "samples", name), _whole(keys, "bands", name)
    offset = _whole(keys, "header offset", name, 0)
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
    return EnviHeader(shape, order, _dtype(keys, name, notes), offset, keys, tuple(notes))


def holds_light(keys: Mapping[str, str]) -> bool:
    """Whether the channels are wavelengths of light: a camera's cube, no X-rays."""
    unit = keys.get("wavelength units", "").lower()
    return any(unit.startswith(word) for word in _LIGHT)


def energy_axis(header: EnviHeader) -> EnergyAxis | None:
    """The energies that a header lists; None where it lists none in keV or eV."""
    unit = header.keys.get("wavelength units", "").lower()
    listed = header.keys.get("wavelength", "")
    if unit not in _KEV_UNITS or not listed:
        return None
    values = [number(part) for part in re.split(r"[,\s]+", listed) if part]
    if None in values:
        return None
    return axis_from_values(np.array(values, dtype=np.float64), unit, header.shape[2])


def pixel_mm(header: EnviHeader) -> tuple[float, float] | None:
    """Height and width of a pixel in mm, where they are stated with a unit of length."""
    parts = [part.strip() for part in header.keys.get("pixel size", "").split(",")]
    units = [part.split("=")[-1].strip().lower() for part in parts if "=" in part]
    unit = _UNITS_MM.get(units[0]) if units else None
    sides = [number(part) for part in parts[:2]]
    if unit is None or len(sides) != 2 or not all(side and side > 0 for side in sides):
        return None
    x, y = (float(side or 0) * unit for side in sides)
    return y, x


def _whole(keys: Mapping[str, str], key: str, name: str, default: int | None = None) -> int:
    text = keys.get(key)
    if text is None:
        if default is None:
            raise ValueError(f"{name} does not state {key}.")
        return default
    try:
        return int(text)
    except ValueError:
        raise ValueError(
            f"{name} states {key} as {text[:20]!r}, which is no whole number."
        ) from None


def _dtype(keys: Mapping[str, str], name: str, notes: list[str]) -> str:
    code = _whole(keys, "data type", name)
    if code not in _TYPES:
        raise ValueError(f"{name} states data type {code}, which no counts have.")
    order = keys.get("byte order")
    if order not in (None, "0", "1"):
        raise ValueError(f"{name} states byte order as {order[:20]!r}, not 0 or 1.")
    dtype: np.dtype[Any] = np.dtype(f"{'>' if order == '1' else '<'}{_TYPES[code]}")
    if order is None and dtype.itemsize > 1:
        notes.append("The header does not state the byte order: little-endian is assumed.")
    return dtype.str
