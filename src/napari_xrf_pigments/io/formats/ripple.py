"""Ripple cubes: a text header (.rpl) and raw counts (.raw); either half finds the other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from napari_xrf_pigments.cube import Acquisition, EnergyAxis, XRFCube

from .._metadata import LENGTH_UNITS_MM
from .._reader import (
    FormatReader,
    ReadOptions,
    check_size,
    estimated_axis,
    in_range_or_none,
    make_source,
    parse_float,
    read_head,
)
from ..scans import ripple as scan_ripple
from ._raw_header import RawHeader, open_counts, whole_number

REQUIRED = frozenset({"width", "height", "depth", "data-length", "data-type", "record-by"})
# Axes (y, x, channel) among the axes of the file.
_AXES = {"vector": (0, 1, 2), "image": (1, 2, 0)}
_KINDS = {"signed": "i", "unsigned": "u", "float": "f"}


def read_keys(text: str) -> dict[str, str]:
    """Parse keys (lower case) and values of a header; comments after ``;`` are dropped."""
    keys: dict[str, str] = {}
    for line in text.replace("\0", "").splitlines():
        words = line.split(";")[0].split(None, 1)
        if len(words) == 2:
            keys[words[0].rstrip(":").lower()] = words[1].strip()
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
        If a key is missing or has an impossible value.
    """
    keys = read_keys(text)
    rows, columns = whole_number(keys, "height", name), whole_number(keys, "width", name)
    channels, offset = whole_number(keys, "depth", name), whole_number(keys, "offset", name, 0)
    check_size(name, rows, columns, channels)
    if offset < 0:
        raise ValueError(f"{name} declares a negative offset of {offset} bytes.")
    notes: list[str] = []
    shape = (rows, columns, channels)
    return RawHeader(
        shape,
        _axes(keys, shape, name, notes),
        _dtype(keys, name, notes),
        offset,
        keys,
        tuple(notes),
    )


def energy_axis(header: RawHeader) -> EnergyAxis | None:
    """Read the energy axis of a header in the M6, Lispix and HyperSpy dialects.

    The M6's origin is the energy of channel 0 of the instrument. Where only the channels from
    depth1 to depth2 were stored, in bins of depthbinsize, the axis starts there.
    """
    keys, channels = header.keys, header.shape[2]
    for gain_key, origin_key, unit_key in (
        ("depthscaleincrement", "depthscaleorigin", "depthscaleunits"),
        ("depth-scale", "depth-origin", "depth-units"),
        ("ev-per-chan", "depth-origin", ""),
    ):
        gain = parse_float(keys.get(gain_key))
        if gain is None or gain <= 0:
            continue
        unit = keys.get(unit_key, "").lower()
        # A channel of 0.5 keV would be useless: without a unit, such a number is in eV.
        in_ev = gain_key == "ev-per-chan" or unit == "ev" or (unit != "kev" and gain > 0.5)
        scale = 1e-3 if in_ev else 1.0
        origin = parse_float(keys.get(origin_key)) or 0.0
        first, step = _stored_channels(keys, channels)
        offset = origin + (first + (step - 1) / 2) * gain
        return EnergyAxis(channels, gain * step * scale, offset * scale, "file")
    return None


def acquisition(header: RawHeader) -> Acquisition:
    """Read the settings of the instrument that some writers add."""
    keys = header.keys
    return Acquisition(
        tube_kv=in_range_or_none(parse_float(keys.get("beam-energy")), 1, 200),
        takeoff_deg=in_range_or_none(parse_float(keys.get("elevation-angle")), 0, 90),
    )


def pixel_mm(header: RawHeader) -> tuple[float, float] | None:
    """Read height and width of a pixel in mm, where both are stated with a unit of length."""
    sides = []
    for side in ("height", "width"):
        unit = LENGTH_UNITS_MM.get(header.keys.get(f"{side}-units", "").lower())
        scale = parse_float(header.keys.get(f"{side}-scale"))
        if unit is None or scale is None or scale <= 0:
            return None
        sides.append(scale * unit)
    return sides[0], sides[1]


def _stored_channels(keys: Mapping[str, str], channels: int) -> tuple[int, int]:
    """Return the index of the first stored channel and how many channels were binned."""
    first, last, step = (parse_float(keys.get(key)) for key in ("depth1", "depth2", "depthbinsize"))
    if first is None or last is None or not 0 <= first < last:
        return 0, 1
    width = max(1, int(step or 1))
    stored = {int(last - first) // width, int(last - first + 1) // width}
    return (int(first), width) if channels in stored else (0, 1)


def _axes(
    keys: Mapping[str, str], shape: tuple[int, int, int], name: str, notes: list[str]
) -> tuple[int, int, int]:
    order = keys.get("record-by", "dont-care").lower()
    if order in _AXES:
        return _AXES[order]
    if order != "dont-care":
        raise ValueError(f"{name} states record-by as {order[:20]!r}, not image or vector.")
    if shape[2] == 1:
        raise ValueError(f"{name} describes an image, not a cube of spectra.")
    if shape[0] * shape[1] > 1:
        notes.append(
            "The header does not state the order of the counts: spectrum by spectrum is assumed."
        )
    return _AXES["vector"]


def _dtype(keys: Mapping[str, str], name: str, notes: list[str]) -> str:
    length = whole_number(keys, "data-length", name)
    kind = _KINDS.get(keys.get("data-type", "unsigned").lower())
    if kind is None:
        raise ValueError(
            f"{name} states data-type as {keys['data-type'][:20]!r}, which is unknown."
        )
    if length not in (1, 2, 4, 8) or (kind == "f" and length < 4):
        raise ValueError(f"{name} states counts of {length} bytes, which no count has.")
    order = keys.get("byte-order", "dont-care").lower()
    if order not in ("little-endian", "big-endian", "dont-care"):
        raise ValueError(f"{name} states byte-order as {order[:20]!r}, not little- or big-endian.")
    if order == "dont-care" and length > 1:
        notes.append("The header does not state the byte order: little-endian is assumed.")
    return np.dtype(f"{'>' if order == 'big-endian' else '<'}{kind}{length}").str


FORMAT = "Ripple (.rpl/.raw)"
HEADER_BYTES = 64 * 2**10


def header_of(path: Path) -> Path | None:
    """Return the header of a pair, given either half; None where there is none."""
    if is_header(path):
        return path
    if path.suffix.lower() != ".raw":
        return None
    beside = _beside(path, ".rpl")
    return beside if beside is not None and is_header(beside) else None


def is_header(path: Path) -> bool:
    """Return whether the file is a text with most of the keys that a header must have."""
    text = read_head(path, HEADER_BYTES)
    if not text or b"\0" in text[:1024]:
        return False
    return len(REQUIRED & read_keys(text.decode("latin-1")).keys()) >= 4


def matches(path: Path) -> bool:
    """Return whether `path` is one of the two halves."""
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
    header = parse_header(read_head(header_path, HEADER_BYTES).decode("latin-1"), header_path.name)
    raw_path = path if path != header_path else _beside(header_path, ".raw")
    if raw_path is None:
        raise FileNotFoundError(
            f"{header_path.name} has no file {header_path.stem}.raw with the counts beside it."
        )
    counts, valid, size, notes = open_counts(header, header_path, raw_path)
    live = in_range_or_none(parse_float(header.keys.get("live-time")), 0, 1e9)
    cube = XRFCube(
        counts,
        energy_axis(header) or estimated_axis(header.shape[2], notes),
        acquisition(header),
        pixel_mm(header),
        None if live is None else np.full(header.shape[:2], live),
        valid,
        source=make_source(header_path, FORMAT, notes, size),
    )
    return scan_ripple.completed(cube, header_path)


def _beside(path: Path, suffix: str) -> Path | None:
    """Find the file of the same name with another suffix, in upper or lower case."""
    for candidate in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
        if candidate.is_file():
            return candidate
    wanted = (path.stem + suffix).lower()
    for candidate in path.parent.iterdir():
        if candidate.name.lower() == wanted and candidate.is_file():
            return candidate
    return None


READER = FormatReader(FORMAT, matches, read)
