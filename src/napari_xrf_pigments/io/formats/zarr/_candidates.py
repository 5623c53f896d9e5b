"""Candidate arrays of a Zarr store, with their axes as NGFF, xarray and Zarr 3 describe them.

Only the metadata, JSON files, are read here; nothing is unpacked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import EnergyAxis
from napari_xrf_pigments.io._guarded_zarr import metadata
from napari_xrf_pigments.io._metadata import (
    ENERGY_NAMES,
    LENGTH_UNITS_MM,
    axis_from_settings,
    axis_from_values,
    guess_channel_axis,
    picture_reason,
)
from napari_xrf_pigments.io._reader import parse_float

from .._candidates import Candidate, is_spectrum_name

MAX_OBJECTS = 2000
_MAX_DEPTH = 6
_METADATA = ("zarr.json", ".zarray", ".zgroup")
#: Metadata of an array and of the groups above it, the store first.
Levels = list[Mapping[str, Any]]


@dataclass(frozen=True)
class ZarrArray(Candidate):
    """An array that can be a scan; all axes but y, x and channel have the length 1.

    Parameters
    ----------
    settings : mapping
        Attributes of the array and of the groups above it.
    sides : tuple of str
        Names of the axes y and x; empty where they have none.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    sides: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class _Scale:
    """Step, first value and unit along an axis."""

    step: float | None = None
    first: float = 0.0
    unit: str = ""


def is_store(path: Path) -> bool:
    """Return whether a folder holds the metadata of Zarr, version 2 or 3."""
    return path.is_dir() and any((path / name).is_file() for name in _METADATA)


def find_arrays(store: Path) -> list[ZarrArray]:
    """List the arrays of a store that can be scans, the best first."""
    described = (_describe_array(store, folder, levels) for folder, levels in _arrays(store))
    found = [array for array in described if array is not None]
    return sorted(found, key=lambda each: (each.rank, each.name))


def _arrays(store: Path) -> Iterator[tuple[Path, Levels]]:
    """Iterate breadth first over the folders of arrays."""
    waiting: list[tuple[Path, Levels]] = [(store, [])]
    count = 0
    while waiting and count < MAX_OBJECTS:
        folder, above = waiting.pop(0)
        count += 1
        about = metadata(folder)
        levels = [*above, about]
        if about.get("node_type") == "array":
            yield folder, levels
        elif len(levels) <= _MAX_DEPTH:
            with os.scandir(folder) as entries:
                inside = sorted(
                    entry.name for entry in entries if entry.is_dir(follow_symlinks=False)
                )
            waiting += [(folder / name, levels) for name in inside if is_store(folder / name)]


def _describe_array(store: Path, folder: Path, levels: Levels) -> ZarrArray | None:
    """Describe an array; None where it cannot be a scan."""
    shape, dtype = _shape(levels[-1]), _dtype(levels[-1])
    if shape is None or dtype is None or len(shape) < 3 or _is_lower_level(folder, levels):
        return None
    names, scales = _axes(folder, levels, len(shape))
    long = [axis for axis, length in enumerate(shape) if length > 1]
    # Time and depth of a single picture; of spare axes of length 1 the last stay.
    if len(long) > 3 or not all(length >= 1 for length in shape):
        return None
    spare = [axis for axis in range(len(shape)) if axis not in long]
    used = sorted(long + spare[len(spare) - (3 - len(long)) :])
    settings = {key: value for level in levels for key, value in _attributes(level).items()}
    channel, named = _spectrum_axis(names, shape, used)
    beside = [] if named else _axes_of_energies(folder.parent, shape, used)
    channel = beside[0] if beside else channel
    notes: list[str] = []
    energies = _energies(scales[channel], shape[channel], notes)
    energies = energies or axis_from_settings(settings, shape[channel])
    rejection = None
    if (
        energies is None
        and not beside
        and not is_spectrum_name(names[channel].split(" ")[0], shape[channel])
    ):
        lengths = [shape[axis] for axis in used]
        if named:  # colours or channels, but neither y nor x
            lengths = [2, 2, shape[channel]]
        rejection = picture_reason(
            (lengths[0], lengths[1], lengths[2]), 2 if named else used.index(channel)
        )
    y, x = (axis for axis in used if axis != channel)
    name = folder.relative_to(store).as_posix()
    return ZarrArray(
        "" if name == "." else name,
        shape,
        dtype,
        (y, x, channel),
        energies,
        _pixel_size(scales[y], scales[x]),
        guessed=not named and not beside,
        rejection=rejection,
        settings=settings,
        sides=(names[y].split(" ")[0], names[x].split(" ")[0]),
        notes=tuple(notes),
    )


def _spectrum_axis(names: list[str], shape: tuple[int, ...], used: list[int]) -> tuple[int, bool]:
    """Return the axis of the spectrum, and whether its name says so."""
    for axis in used:
        name, length = names[axis], shape[axis]
        if is_spectrum_name(name, length) or name.lower().split(" ")[0] in ("c", "e"):
            return axis, True
    return used[guess_channel_axis((shape[used[0]], shape[used[1]], shape[used[2]]))], False


def _axes_of_energies(group: Path, shape: tuple[int, ...], among: list[int]) -> list[int]:
    """List the axes that are as long as an array of energies in the same group."""
    lengths = [metadata(group / name).get("shape") for name in ENERGY_NAMES]
    return [axis for axis in among if [shape[axis]] in lengths or [shape[axis] + 1] in lengths]


def _shape(about: Mapping[str, Any]) -> tuple[int, ...] | None:
    shape = about.get("shape")
    if not isinstance(shape, list) or not 0 < len(shape) <= 8:
        return None
    if not all(isinstance(length, int) and not isinstance(length, bool) for length in shape):
        return None
    return tuple(shape)


def _dtype(about: Mapping[str, Any]) -> np.dtype[Any] | None:
    """Return the type of the numbers; None for anything but numbers."""
    name = about.get("data_type", about.get("dtype"))
    try:
        dtype = np.dtype(name) if isinstance(name, str) else None
    except TypeError:
        return None
    return dtype if dtype is not None and dtype.kind in "uif" else None


def _attributes(level: Mapping[str, Any]) -> dict[str, Any]:
    attributes = level.get("attributes")
    return attributes if isinstance(attributes, dict) else {}


def _axes(folder: Path, levels: Levels, count: int) -> tuple[list[str], list[_Scale]]:
    """Return names (with their types) and scales of the axes of an array."""
    names, scales = [""] * count, [_Scale()] * count
    plain = levels[-1].get("dimension_names") or _attributes(levels[-1]).get("_ARRAY_DIMENSIONS")
    if isinstance(plain, list) and len(plain) == count:
        names = [str(name or "") for name in plain]
    if folder.name == "data" and is_store(folder.parent / "axis-0"):
        return _axes_of_hyperspy(folder.parent, count)
    image = _multiscale(folder, levels)
    if image is None or len(image[0]) != count:
        return names, scales
    axes, steps, firsts = image
    for index, axis in enumerate(axes):
        names[index] = f"{axis.get('name', '')} {axis.get('type', '')}".strip()
        step = parse_float(str(steps[index])) if index < len(steps) else None
        first = parse_float(str(firsts[index])) if index < len(firsts) else None
        scales[index] = _Scale(step, first or 0.0, str(axis.get("unit") or "").lower())
    return names, scales


def _axes_of_hyperspy(signal: Path, count: int) -> tuple[list[str], list[_Scale]]:
    """Return names and scales of the axes of a signal, which HyperSpy describes beside it."""
    names, scales = [], []
    for index in range(count):
        about = _attributes(metadata(signal / f"axis-{index}"))
        names.append(str(about.get("name", "")) if about.get("navigate") else "energy")
        step, first = (parse_float(str(about.get(key))) for key in ("scale", "offset"))
        unit = about.get("units")
        scales.append(_Scale(step, first or 0.0, unit.lower() if isinstance(unit, str) else ""))
    return names, scales


def _is_lower_level(folder: Path, levels: Levels) -> bool:
    """Return whether an array is a smaller copy of another one."""
    datasets = _image(levels).get("datasets", [])
    return folder.name in [data.get("path") for data in datasets if isinstance(data, dict)][1:]


def _image(levels: Levels) -> dict[str, Any]:
    """Return NGFF's description of the image that an array belongs to."""
    attributes = _attributes(levels[-2]) if len(levels) > 1 else {}
    try:
        image = attributes.get("ome", attributes)["multiscales"][0]
        return image if isinstance(image["datasets"], list) else {}
    except (KeyError, IndexError, TypeError):
        return {}


def _multiscale(
    folder: Path, levels: Levels
) -> tuple[list[dict[str, Any]], list[Any], list[Any]] | None:
    """Return axes, scale and translation that NGFF gives for an array (its full size only)."""
    image = _image(levels)
    try:
        data = image["datasets"][0]
        if data["path"] != folder.name:
            return None
        axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in image["axes"]]
        steps: list[Any] = []
        firsts: list[Any] = []
        for transform in data.get("coordinateTransformations", []):
            steps = transform.get("scale", steps)
            firsts = transform.get("translation", firsts)
        return axes, list(steps), list(firsts)
    except (KeyError, IndexError, TypeError, AttributeError):
        return None


def _energies(scale: _Scale, channels: int, notes: list[str]) -> EnergyAxis | None:
    """Make the axis of energies along an axis whose unit is keV or eV."""
    if not scale.unit or scale.step is None:
        return None
    return axis_from_values(
        scale.first + scale.step * np.arange(channels), scale.unit, channels, notes
    )


def _pixel_size(y: _Scale, x: _Scale) -> tuple[float, float] | None:
    """Compute height and width of a pixel in mm, where the axes have a unit of length."""
    y_mm, x_mm = LENGTH_UNITS_MM.get(y.unit), LENGTH_UNITS_MM.get(x.unit)
    if y_mm is None or x_mm is None or not (y.step and x.step) or min(y.step, x.step) <= 0:
        return None
    return y.step * y_mm, x.step * x_mm
