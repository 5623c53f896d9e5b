"""Energies, sizes and times that lie beside the counts in an HDF5 file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import EnergyAxis

from .._metadata import axis_from_values
from .._reader import MAX_CHANNELS
from .hdf5._hdf5_walk import attribute, decode, get

_ENERGY_WORDS = ("energy", "energies", "kev", "energyvector")
_CHANNEL_WORDS = (*_ENERGY_WORDS, "channel", "channels", "mca", "spectrum", "bins")
_UNITS_MM = {"m": 1e3, "cm": 10.0, "mm": 1.0, "um": 1e-3, "µm": 1e-3, "micron": 1e-3}
_MAX_BESIDE = 300
MAX_PLACES = 10_000_000


def axis_names(group: Any, dataset: Any) -> list[str] | None:
    """Names of the axes where the dataset is the signal of an NXdata group."""
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
    rank = len(dataset.shape)
    return names if len(names) == rank else [""] * rank


def named_channel(group: Any, dataset: Any, names: Sequence[str]) -> int | None:
    """The axis that is called energy or channel, or that the file declares a spectrum."""
    for axis, name in enumerate(names):
        scale = one_dimensional(group, name)
        unit = "" if scale is None else decode(attribute(scale, "units"))
        if unit.lower() in ("kev", "ev") or any(word in name.lower() for word in _CHANNEL_WORDS):
            return axis
    labels = attribute(dataset, "DIMENSION_LABELS")
    for axis, label in enumerate(() if isinstance(labels, str) else labels):
        if any(word in decode(label).lower() for word in _CHANNEL_WORDS):
            return axis
    spectral = decode(attribute(dataset, "interpretation")) == "spectrum"
    return len(dataset.shape) - 1 if spectral else None


def energy_beside(
    group: Any, shape: Sequence[int], among: Sequence[int]
) -> tuple[int | None, EnergyAxis | None]:
    """The axis, one of `among`, that fits the energies in the same group or one above."""
    for home in (group, group.parent):
        for name in islice(home, _MAX_BESIDE):
            if not any(word in name.lower() for word in _ENERGY_WORDS):
                continue
            scale = one_dimensional(home, name)
            fits = [] if scale is None else [axis for axis in among if scale.size == shape[axis]]
            if len(fits) == 1:
                axis = axis_of(home, name, shape[fits[0]])
                if axis is not None:
                    return fits[0], axis
    return None, None


def axis_of(group: Any, name: str, channels: int) -> EnergyAxis | None:
    """The energy axis that a dataset of that name holds."""
    scale = one_dimensional(group, name)
    if scale is None or scale.size > min(channels, MAX_CHANNELS) + 1:
        return None
    unit = decode(attribute(scale, "units"))
    energies = any(word in name.lower() for word in _ENERGY_WORDS)
    # Plain channel numbers are no energies.
    if not energies and unit.lower() not in ("kev", "ev"):
        return None
    return axis_from_values(values(scale), unit, channels)


def axis_of_coefficients(dataset: Any, channels: int) -> EnergyAxis | None:
    """The axis of an offset, a gain and perhaps a square term, in keV and channels."""
    numbers = values(dataset)
    if numbers is None or numbers.size not in (2, 3):
        return None
    offset, gain = (float(number) for number in numbers.reshape(-1)[:2])
    square = float(numbers.reshape(-1)[2]) if numbers.size == 3 else 0.0
    # A bent axis becomes the straight line through its ends.
    gain += square * (channels - 1)
    if not np.isfinite([offset, gain]).all() or not 1e-5 < gain < 1:
        return None
    return EnergyAxis(channels, gain, offset, "file")


def values(dataset: Any) -> NDArray[np.float64] | None:
    """The numbers of a small dataset; None where there are none."""
    if dataset is None or getattr(dataset, "dtype", np.dtype("O")).kind not in "iuf":
        return None
    if dataset.shape is None or dataset.size > MAX_PLACES:
        return None
    try:
        return np.asarray(dataset[()], dtype=np.float64)
    except (RuntimeError, OSError, ValueError):
        return None


def one_dimensional(group: Any, name: str) -> Any:
    """The dataset with one axis of that name; None where there is none."""
    item = get(group, name) if name and name != "." else None
    return item if len(getattr(item, "shape", None) or ()) == 1 else None


def pixel_of(group: Any, y_name: str, x_name: str, unit: str = "") -> tuple[float, float] | None:
    """Height and width of a pixel in mm from the places of the rows and the columns.

    `unit` stands in where the datasets state none.
    """
    sides = []
    for name in (y_name, x_name):
        scale = one_dimensional(group, name)
        if scale is None or scale.size < 2:
            return None
        factor = _UNITS_MM.get((decode(attribute(scale, "units")) or unit).lower())
        places = values(scale)
        if factor is None or places is None or not np.all(np.isfinite(places)):
            return None
        sides.append(abs(float(places[-1] - places[0])) * factor / (places.size - 1))
    return (sides[0], sides[1]) if min(sides) > 0 else None


def settings_of(file: Any, name: str) -> Mapping[str, Any]:
    """Attributes of the dataset and of the groups above it, the nearest first."""
    settings: dict[str, Any] = {}
    parts = [part for part in name.split("/") if part]
    for depth in range(len(parts) + 1):
        place = file["/".join(parts[:depth])] if depth else file
        for key in islice(place.attrs, _MAX_BESIDE):
            settings[key] = attribute(place, key)
    return settings
