"""Maps of electron microscopes, EDAX (.spd) and JEOL (.pts), by the readers of RosettaSciIO."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import Acquisition, XRFCube

from .._lazy import RawCube, masked_counts
from .._metadata import LENGTH_UNITS_MM, axis_from_values
from .._reader import (
    FormatReader,
    ReadOptions,
    check_size,
    estimated_axis,
    in_range_or_none,
    make_source,
    parse_float,
    read_head,
    used_number,
)
from ._guards import damage_as_value_error

EDAX = "EDAX spectrum image (.spd)"
JEOL = "JEOL spectrum image (.pts)"
_EDAX_MAGIC = b"MAPSPECTRA_DATA"
_JEOL_MAGIC = (304).to_bytes(4, "little")
# A file of JEOL is a list of events, which is unpacked into memory as a whole.
_MAX_JEOL_BYTES = 2**30
_MAX_UNPACKED_BYTES = 2**32


def is_edax(path: Path) -> bool:
    """Return whether the file begins as EDAX's spectrum images do, and is named as they are."""
    return path.suffix.lower() == ".spd" and read_head(path, 16).startswith(_EDAX_MAGIC)


def is_jeol(path: Path) -> bool:
    """Return whether the file begins as JEOL's files do, and is named as its maps are."""
    return path.suffix.lower() == ".pts" and read_head(path, 4) == _JEOL_MAGIC


def read_edax(path: Path, options: ReadOptions) -> XRFCube:
    """Open a spectrum image lazily; energies from the .spc and sizes from the .ipr beside it.

    Raises
    ------
    ValueError
        If it is damaged, or RosettaSciIO is not installed.
    """
    signal = _signals(path, "edax", lazy=True)[0]
    header = signal["original_metadata"]["spd_header"]
    shape = tuple(int(header[key]) for key in ("nLines", "nPoints", "nChannels"))
    check_size(path.name, *shape)
    dtype = {1: "u1", 2: "<u2", 4: "<u4"}.get(int(header["countBytes"]))
    if dtype is None:
        raise ValueError(f"{path.name} declares counts of {header['countBytes']} bytes.")
    raw = RawCube(str(path), dtype, shape, (0, 1, 2), int(header["dataOffset"]))
    if path.stat().st_size < raw.n_bytes:
        raise ValueError(
            f"{path.name} is truncated: it has {path.stat().st_size:,} of the {raw.n_bytes:,} "
            "bytes that it declares."
        )
    notes: list[str] = []
    counts, _ = masked_counts(raw, notes, key=f"{dtype}{shape}")
    return _cube(path, EDAX, signal, counts, notes)


def read_jeol(path: Path, options: ReadOptions) -> XRFCube:
    """Read a spectrum image, all of its frames added up, into memory.

    Raises
    ------
    ValueError
        If it is damaged or too large, or RosettaSciIO (with numba) is not installed.
    """
    if path.stat().st_size > _MAX_JEOL_BYTES:
        raise ValueError(f"{path.name} is too large: its events do not fit into memory.")
    signals = _signals(path, "jeol", SI_dtype=np.uint32)
    maps = [each for each in signals if np.ndim(each["data"]) == 3]
    if not maps:
        raise ValueError(f"{path.name} holds no spectrum image.")
    counts = np.asarray(maps[0]["data"])
    if counts.nbytes > _MAX_UNPACKED_BYTES:
        raise ValueError(f"{path.name} is too large: its counts do not fit into memory.")
    check_size(path.name, *counts.shape)
    return _cube(path, JEOL, maps[0], counts, [])


def _signals(path: Path, reader: str, **options: Any) -> list[dict[str, Any]]:
    """Read a file with a reader of RosettaSciIO."""
    try:
        module = importlib.import_module(f"rsciio.{reader}")
        with damage_as_value_error(path):
            signals: list[dict[str, Any]] = module.file_reader(str(path), **options)
    except ModuleNotFoundError as error:
        needed = "numba" if error.name == "numba" else "rosettasciio"
        raise ValueError(
            f"{path.name} needs the package {needed}: install napari-xrf-pigments[microscope]."
        ) from None
    if not signals:
        raise ValueError(f"{path.name} holds no signal.")
    return signals


def _cube(
    path: Path, format_name: str, signal: Mapping[str, Any], counts: Any, notes: list[str]
) -> XRFCube:
    """Build the cube of a signal whose axes are (y, x, energy)."""
    y, x, energy = signal["axes"]
    channels = int(counts.shape[2])
    unit = str(energy.get("units") or "")
    axis = None
    if unit:
        values = float(energy["offset"]) + float(energy["scale"]) * np.arange(channels)
        axis = axis_from_values(values, unit, channels, notes)
    microscope = signal["metadata"].get("Acquisition_instrument", {})
    column = microscope.get("SEM") or microscope.get("TEM") or {}
    detector = column.get("Detector", {}).get("EDS", {})
    cube = XRFCube.from_array(counts, gain_kev=1.0)
    return XRFCube(
        cube.counts,
        axis or estimated_axis(channels, notes),
        Acquisition(
            tube_kv=used_number(
                _number(column, "beam_energy"), 1, 200, "acceleration voltage", "kV", notes
            ),
            takeoff_deg=in_range_or_none(_number(detector, "elevation_angle"), 0, 90),
        ),
        _pixel_mm(y, x),
        source=make_source(path, format_name, notes),
    )


def _number(values: Mapping[str, Any], key: str) -> float | None:
    return parse_float(str(values[key])) if key in values else None


def _pixel_mm(y: Mapping[str, Any], x: Mapping[str, Any]) -> tuple[float, float] | None:
    sides = []
    for axis in (y, x):
        unit = LENGTH_UNITS_MM.get(str(axis.get("units") or "").lower())
        scale = parse_float(str(axis.get("scale")))
        if unit is None or scale is None or scale <= 0:
            return None
        sides.append(scale * unit)
    return sides[0], sides[1]


EDAX_READER = FormatReader(EDAX, is_edax, read_edax)
JEOL_READER = FormatReader(JEOL, is_jeol, read_jeol)
