"""HDF5 of HyperSpy (.hspy): one group per signal, with its axes in groups beside the data."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from napari_xrf_pigments.io._guarded_hdf5 import attribute, decode, get, is_readable
from napari_xrf_pigments.io._metadata import LENGTH_UNITS_MM, axis_from_values
from napari_xrf_pigments.io._reader import (
    in_range_or_none,
    note_unused_pixel_size,
    parse_float,
    used_number,
)

from .._candidates import Candidate, note_others
from ._scan import Counts, Hdf5Scan

FORMAT = "HyperSpy (.hspy)"
_MAX_SIGNALS = 100
_MAX_AXES = 3


@dataclass(frozen=True)
class _Axis:
    """An axis of a signal: its step, first value and unit."""

    navigate: bool
    scale: float | None
    offset: float
    unit: str


def find_hyperspy(file: Any) -> Hdf5Scan | None:
    """Find the spectra of a file, the one with most channels first; None where there are none."""
    signals = get(file, "Experiments")
    if decode(attribute(file, "file_format")) != "HyperSpy" or not hasattr(signals, "keys"):
        return None
    found = [
        candidate
        for name in islice(signals, _MAX_SIGNALS)
        if (candidate := _describe(get(signals, name))) is not None
    ]
    if not found:
        return None
    found.sort(key=lambda each: each.rank)
    notes: list[str] = []
    note_others(found[0], found[1:], notes)
    live = _live_time(get(file, found[0].name).parent, notes)
    shape = tuple(found[0].shape[axis] for axis in found[0].axes[:2])
    return Hdf5Scan(
        FORMAT,
        (Counts("0", found[0]),),
        live_time=lambda: None if live is None else np.full((1, *shape), live),
        notes=tuple(notes),
    )


def _describe(group: Any) -> Candidate | None:
    """Describe a signal; None where it is no spectrum, or a line or map of them."""
    data: Any = get(group, "data") if hasattr(group, "keys") else None
    shape = getattr(data, "shape", None) or ()
    if not 1 <= len(shape) <= _MAX_AXES or 0 in shape or data.dtype.kind not in "uif":
        return None
    axes = [_axis(get(group, f"axis-{index}")) for index in range(len(shape))]
    spectra = [index for index, axis in enumerate(axes) if axis is not None and not axis.navigate]
    if len(spectra) != 1 or None in axes or not is_readable(data):
        return None
    missing = _MAX_AXES - len(shape)
    lengths = (1,) * missing + tuple(int(length) for length in shape)
    channel = missing + spectra[0]
    y, x = (index for index in range(_MAX_AXES) if index != channel)
    notes: list[str] = []
    energy = axes[spectra[0]]
    energies = None
    if energy is not None and energy.scale is not None and lengths[channel] < 2**20:
        values = energy.offset + energy.scale * np.arange(lengths[channel])
        energies = axis_from_values(values, energy.unit, lengths[channel], notes)
    sides = [axes[index - missing] for index in (y, x) if index >= missing]
    return Candidate(
        data.name.lstrip("/"),
        lengths,
        data.dtype,
        (y, x, channel),
        energies,
        _pixel_mm(sides, notes),
        notes=tuple(notes),
        missing=missing,
    )


def _axis(group: Any) -> _Axis | None:
    if group is None:
        return None
    numbers = [parse_float(decode(attribute(group, name))) for name in ("scale", "offset")]
    navigate = decode(attribute(group, "navigate")).lower() in ("true", "1")
    unit = decode(attribute(group, "units"))
    return _Axis(navigate, numbers[0], numbers[1] or 0.0, "" if unit.startswith("<") else unit)


def _pixel_mm(axes: list[_Axis | None], notes: list[str]) -> tuple[float, float] | None:
    """Compute height and width of a pixel; a line is as high as it is wide."""
    sides = []
    for axis in axes:
        if axis is None or not axis.scale or axis.scale <= 0:
            return None
        unit = LENGTH_UNITS_MM.get(axis.unit.lower())
        if unit is None:
            note_unused_pixel_size(notes, f"its unit {axis.unit!r} is not one of length")
            return None
        sides.append(axis.scale * unit)
    return (sides[0], sides[-1]) if sides else None


def _live_time(group: Any, notes: list[str]) -> float | None:
    """Read the live time of the detector in s, and note the voltage of the microscope."""
    for column in ("SEM", "TEM"):
        home = get(group, f"metadata/Acquisition_instrument/{column}")
        if home is None:
            continue
        voltage = in_range_or_none(parse_float(decode(attribute(home, "beam_energy"))), 0, 1000)
        if voltage is not None:
            notes.append(f"Excited by electrons of {voltage:g} keV, not by a tube.")
        detector = get(home, "Detector/EDS")
        if detector is not None:
            stated = parse_float(decode(attribute(detector, "live_time")))
            return used_number(stated, 0, 1e9, "live time", "s", notes)
    return None
