"""Candidate datasets of an HDF5 file, with the axes, energies and sizes beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import EnergyAxis
from napari_xrf_pigments.io._guarded_hdf5 import (
    FEW_OBJECTS,
    MAX_OBJECTS,
    address,
    attribute,
    datasets,
    decode,
    get,
    is_readable,
    read_numbers,
)
from napari_xrf_pigments.io._metadata import (
    LENGTH_UNITS_MM,
    PICTURE_LENGTHS,
    axis_from_settings,
    axis_from_values,
    energy_unit_kev,
    guess_channel_axis,
    picture_reason,
    straight_axis,
)
from napari_xrf_pigments.io._reader import MAX_CHANNELS, note_unused_axis, note_unused_pixel_size

from .._candidates import ENERGY_WORDS, Candidate, is_spectrum_name

MAX_DETECTORS = 16
# So many frames for each detector are a list of measurements, not the rows of a scan.
_FRAMES_PER_DETECTOR = 10
# More scans are not stacked in one array.
_MAX_STACK = 256
# Reading what lies beside each takes time; no file of scans has so many.
MAX_CANDIDATES = 200
_MAX_BESIDE = 300
_DETECTOR_WORDS = ("det", "mca", "sensor")
# Marks of files of other fields: Imaris, BigDataViewer, netCDF, Keras, AnnData, CT.
_FOREIGN_ATTRIBUTES = ("ImarisDataSet", "_NCProperties", "keras_version", "encoding-type")
_FOREIGN_GROUPS = ("__DATA_TYPES__", "DataSetInfo", "t00000", "model_weights", "exchange/theta")


def find_candidates(file: Any, brief: bool = False) -> list[Candidate]:
    """List all datasets of an open file that can be scans, the best first.

    Links out of the file are not followed; `brief` searches near the top of the file only.
    """
    if is_foreign(file):
        return []
    found: dict[Any, Candidate] = {}
    for dataset in datasets(file, FEW_OBJECTS if brief else MAX_OBJECTS):
        if not can_be_counts(dataset) or not is_readable(dataset):
            continue
        if len(found) == MAX_CANDIDATES:
            break
        candidate = describe_dataset(file, dataset)
        if candidate is None:
            continue
        # One dataset under several names: the group with the most metadata wins.
        mark = address(dataset)
        if mark not in found or candidate.rank < found[mark].rank:
            found[mark] = candidate
    return sorted(found.values(), key=lambda each: each.rank)


def is_foreign(file: Any) -> bool:
    """Return whether the file has the marks of another field, such as microscopy."""
    return any(name in file.attrs for name in _FOREIGN_ATTRIBUTES) or any(
        get(file, name) is not None for name in _FOREIGN_GROUPS
    )


def can_be_counts(dataset: Any) -> bool:
    """Return whether a dataset holds numbers along three axes, or four."""
    shape, dtype = getattr(dataset, "shape", None), getattr(dataset, "dtype", np.dtype("O"))
    return shape is not None and len(shape) in (3, 4) and 0 not in shape and dtype.kind in "uif"


def describe_dataset(file: Any, dataset: Any) -> Candidate | None:
    """Describe a dataset with three or four axes; None where it cannot be a scan."""
    group, shape = dataset.parent, tuple(int(length) for length in dataset.shape)
    stated = _axis_names(group, dataset)
    names = stated or [""] * len(shape)
    detector, rejection = _fourth_axis(shape, names) if len(shape) == 4 else (None, None)
    if len(shape) == 4 and detector is None:
        return None
    others = [axis for axis in range(len(shape)) if axis != detector]
    channel = _named_spectrum_axis(group, dataset, names)
    energies: EnergyAxis | None = None
    notes: list[str] = []
    if channel is None or channel == detector:
        channel, energies = _energies_beside(group, shape, others, notes)
    guessed = channel is None
    if channel is None:
        channel = _guess_spectrum_axis(shape, others)
    energies = (
        energies
        or stored_axis(group, names[channel], shape[channel], notes)
        or _energies_beside(group, shape, [channel], notes)[1]
        or axis_of_coefficients(get(group, "calibration"), shape[channel], notes)
        or axis_from_settings(settings_of(file, dataset.name), shape[channel], notes)
    )
    if guessed and energies is None:
        lengths = shape[others[0]], shape[others[1]], shape[others[2]]
        rejection = _rejection(lengths, others.index(channel), stated is not None) or rejection
    if _is_picture(dataset):
        rejection = "is declared to be a picture"
    y, x = (axis for axis in others if axis != channel)
    return Candidate(
        dataset.name.lstrip("/"),
        shape,
        dataset.dtype,
        (y, x, channel),
        energies,
        pixel_size(group, names[y], names[x], notes=notes),
        guessed,
        detector,
        is_default=stated is not None and _is_default(file, dataset),
        is_declared=stated is not None,
        rejection=rejection,
        notes=tuple(notes),
    )


def _guess_spectrum_axis(shape: tuple[int, ...], among: Sequence[int]) -> int:
    return among[guess_channel_axis((shape[among[0]], shape[among[1]], shape[among[2]]))]


def _rejection(shape: tuple[int, int, int], channel: int, declared: bool) -> str | None:
    """Explain why a dataset whose spectrum axis is guessed is not opened by default."""
    if declared and shape[2] not in PICTURE_LENGTHS:
        return picture_reason((2, 2, shape[channel]), 2)
    frames, detectors, _ = shape
    if channel == 2 and detectors <= MAX_DETECTORS and frames >= _FRAMES_PER_DETECTOR * detectors:
        return (
            f"looks like {frames} frames of {detectors} detectors, not like rows and columns, and "
            "nothing names its axes or gives energies"
        )
    return picture_reason(shape, channel)


def _is_picture(dataset: Any) -> bool:
    """Return whether the attributes of HDF5's image specification or NeXus declare a picture."""
    meaning = decode(attribute(dataset, "interpretation")).lower()
    return (
        meaning.endswith("image")
        or decode(attribute(dataset, "IMAGE_SUBCLASS")) == "IMAGE_TRUECOLOR"
        or bool(decode(attribute(dataset, "IMAGE_COLORMODEL")))
    )


def _is_default(file: Any, dataset: Any) -> bool:
    default = decode(attribute(file, "default")).strip("/")
    return bool(default) and dataset.name.lstrip("/").startswith(default)


def _fourth_axis(shape: tuple[int, ...], names: list[str]) -> tuple[int | None, str | None]:
    """Find the axis that no scan has, and why it is not taken as the detectors by default."""
    for axis, name in enumerate(names):
        if name.lower().startswith(_DETECTOR_WORDS):
            return axis, None
    spare = [axis for axis in (0, 2) if shape[axis] <= MAX_DETECTORS]
    axis = min(spare, key=lambda each: shape[each]) if spare else 0
    if shape[axis] > _MAX_STACK:
        return None, None
    if shape[axis] == 1:
        return axis, None
    name = f"{names[axis]!r}" if names[axis] not in ("", ".") else f"number {axis + 1}"
    return axis, (
        f"has four axes, and that {name} of {shape[axis]} may be detectors, times or depths"
    )


def _axis_names(group: Any, dataset: Any) -> list[str] | None:
    """Return the names of the axes where the dataset is the signal of an NXdata group."""
    if decode(attribute(group, "NX_class")) != "NXdata":
        return None
    last = dataset.name.rsplit("/", 1)[-1]
    if decode(attribute(group, "signal")) != last and "signal" not in dataset.attrs:
        return None
    axes = attribute(group, "axes")
    if isinstance(axes, str) and not axes:
        axes = attribute(dataset, "axes")
    if isinstance(axes, (str, bytes)):
        names = [name for name in decode(axes).replace(",", ":").split(":") if name]
    else:
        names = [decode(name) for name in np.asarray(axes).reshape(-1)[:8]]
    count = len(dataset.shape)
    return names if len(names) == count else [""] * count


def _named_spectrum_axis(group: Any, dataset: Any, names: Sequence[str]) -> int | None:
    """Find the axis that is named or declared a spectrum."""
    for axis, name in enumerate(names):
        vector, length = _vector(group, name), dataset.shape[axis]
        if energy_unit_kev(_unit(vector)) is not None or is_spectrum_name(name, length):
            return axis
    labels = attribute(dataset, "DIMENSION_LABELS")
    for axis, label in enumerate(() if isinstance(labels, str) else labels):
        if axis < len(dataset.shape) and is_spectrum_name(decode(label), dataset.shape[axis]):
            return axis
    spectral = decode(attribute(dataset, "interpretation")) == "spectrum"
    return len(dataset.shape) - 1 if spectral else None


def _energies_beside(
    group: Any, shape: Sequence[int], among: Sequence[int], notes: list[str]
) -> tuple[int | None, EnergyAxis | None]:
    """Find energies in the same group or the one above, and the axis of `among` that they fit."""
    for home in (group, group.parent):
        for name in islice(home, _MAX_BESIDE):
            if not any(word in name.lower() for word in ENERGY_WORDS):
                continue
            vector = _vector(home, name)
            fits = [] if vector is None else [axis for axis in among if vector.size == shape[axis]]
            if len(fits) == 1:
                energies = stored_axis(home, name, shape[fits[0]], notes)
                if energies is not None:
                    return fits[0], energies
    return None, None


def energies_of(group: Any, channels: int) -> EnergyAxis | None:
    """Read the energies of that many channels in a group, or in the one above it."""
    return _energies_beside(group, (channels,), [0], [])[1]


def stored_axis(
    group: Any, name: str, channels: int, notes: list[str] | None = None
) -> EnergyAxis | None:
    """Read the energy axis that a dataset of that name holds; plain channel numbers are none."""
    vector = _vector(group, name)
    if vector is None or vector.size > min(channels, MAX_CHANNELS) + 1:
        return None
    unit = _unit(vector)
    named = any(word in name.lower() for word in ENERGY_WORDS)
    if energy_unit_kev(unit) is None and not named:
        return None
    return axis_from_values(read_numbers(vector), unit, channels, notes)


def axis_of_coefficients(
    dataset: Any, channels: int, notes: list[str] | None = None
) -> EnergyAxis | None:
    """Make the axis of an offset, a gain and perhaps a square term, in keV and channels."""
    numbers = read_numbers(dataset)
    if numbers is None or numbers.size not in (2, 3):
        return None
    if not np.all(np.isfinite(numbers)) or np.abs(numbers).max() > 1e9 or channels < 2:
        note_unused_axis(notes, "the coefficients of its calibration are not all numbers")
        return None
    if tuple(numbers.reshape(-1)[:2]) == (0.0, 1.0):  # channel numbers: not calibrated
        return None
    channel = np.arange(channels, dtype=np.float64)
    values: Any = np.polynomial.polynomial.polyval(channel, numbers.reshape(-1))
    return straight_axis(values, notes)


def _vector(group: Any, name: str) -> Any:
    """Return the dataset with one axis of that name; None where there is none."""
    item = get(group, name) if name and name != "." else None
    return item if len(getattr(item, "shape", None) or ()) == 1 else None


def _unit(dataset: Any) -> str:
    return "" if dataset is None else decode(attribute(dataset, "units")).lower()


def pixel_size(
    group: Any, y_name: str, x_name: str, unit: str = "", notes: list[str] | None = None
) -> tuple[float, float] | None:
    """Compute height and width of a pixel in mm from the positions of the rows and columns.

    `unit` is that of datasets which state none; `notes` gets a sentence if they are not used.
    """
    sides = []
    for name in (y_name, x_name):
        vector = _vector(group, name)
        if vector is None or vector.size < 2:
            return None
        unit_mm = LENGTH_UNITS_MM.get(_unit(vector) or unit)
        positions = read_numbers(vector)
        if unit_mm is None:
            stated = f"the unit {_unit(vector)!r}" if _unit(vector) else "no unit"
            note_unused_pixel_size(notes, f"its positions {name} have {stated}")
            return None
        if positions is None or not np.all(np.isfinite(positions)):
            note_unused_pixel_size(notes, f"its positions {name} are not all numbers")
            return None
        sides.append(abs(float(positions[-1] - positions[0])) * unit_mm / (positions.size - 1))
    if min(sides) <= 0:
        note_unused_pixel_size(notes, "its positions do not change")
        return None
    return sides[0], sides[1]


def settings_of(file: Any, name: str) -> Mapping[str, Any]:
    """Collect the attributes of a dataset and of the groups above it; the nearest win."""
    settings: dict[str, Any] = {}
    parts = [part for part in name.split("/") if part]
    for depth in range(len(parts) + 1):
        item = file["/".join(parts[:depth])] if depth else file
        for key in islice(item.attrs, _MAX_BESIDE):
            settings[key] = attribute(item, key)
    return settings
