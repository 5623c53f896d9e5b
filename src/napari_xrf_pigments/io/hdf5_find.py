"""Which dataset of an HDF5 file is the scan, and which of its axes is the spectrum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..cube import EnergyAxis
from .plain_settings import axis_from_values, guess_channel_axis

# Foreign files may hold a hundred thousand objects; scans lie near the top.
MAX_OBJECTS = 2000
# A plain dataset whose longest axis is shorter is a stack of pictures, not a scan.
LEAST_CHANNELS = 128
# Known homes of counts, best first (CRONO/XGLab, PyXRF, MAPS).
_KNOWN = ("xrf/spectra", "xrfmap/detsum/counts", "maps_raw/data_a", "maps/mca_arr")
_ENERGY_WORDS = ("energy", "energies", "kev", "energyvector")
_CHANNEL_WORDS = (*_ENERGY_WORDS, "channel", "channels", "mca", "spectrum", "bins")
_UNITS_MM = {"m": 1e3, "cm": 10.0, "mm": 1.0, "um": 1e-3, "µm": 1e-3, "micron": 1e-3}


@dataclass(frozen=True)
class Candidate:
    """A dataset that can be a scan.

    Parameters
    ----------
    name : str
        Its path in the file.
    axes : tuple of int
        Which of its axes are y, x and channel.
    energies : EnergyAxis or None
        The axis that the file states.
    pixel_mm : tuple of float or None
        Height and width of a pixel in mm.
    rank : int
        The smaller the surer that this is the scan.
    guessed : bool
        Whether the axis of the spectrum is a guess.
    """

    name: str
    axes: tuple[int, int, int]
    energies: EnergyAxis | None
    pixel_mm: tuple[float, float] | None
    rank: int
    guessed: bool


def find_candidates(file: Any) -> list[Candidate]:
    """All datasets of an open file that can be scans, the surest first.

    Links out of the file are not followed.
    """
    datasets: list[Any] = []
    seen = 0

    def visit(_: str, item: Any) -> bool | None:
        nonlocal seen
        seen += 1
        if hasattr(item, "shape") and can_be_counts(item.shape, item.dtype):
            datasets.append(item)
        return True if seen > MAX_OBJECTS else None

    file.visititems(visit)
    found = (describe_dataset(file, dataset) for dataset in datasets)
    return sorted((each for each in found if each is not None), key=lambda each: each.rank)


def can_be_counts(shape: tuple[int, ...] | None, dtype: np.dtype[Any]) -> bool:
    """Whether a dataset has three axes and numbers in it."""
    return shape is not None and len(shape) == 3 and 0 not in shape and dtype.kind in "uif"


def describe_dataset(file: Any, dataset: Any, asked_for: bool = False) -> Candidate | None:
    """What a dataset with three axes is; None where nothing says that it holds spectra."""
    group, shape = dataset.parent, tuple(dataset.shape)
    name = dataset.name.lstrip("/")
    axes_names = _axis_names(group, dataset)
    nxdata = axes_names is not None
    channel = _named_channel(group, dataset, axes_names or [""] * 3)
    energies: EnergyAxis | None = None
    guessed = channel is None
    if channel is None:
        channel, energies = _energy_beside(file, group, shape)
    if channel is None:
        channel = guess_channel_axis(shape, prefer_last=False)
        enough = shape[channel] >= LEAST_CHANNELS and shape[channel] >= max(shape) / 4
        if not (enough or asked_for):
            return None
    else:
        guessed = False
    y, x = (axis for axis in range(3) if axis != channel)
    names = axes_names or ["", "", ""]
    if energies is None:
        energies = _axis_of(group, names[channel], shape[channel])
    if energies is None:
        found, energies = _energy_beside(file, group, shape)
        energies = energies if found == channel else None
    rank = _rank(file, name, nxdata, energies is not None, dataset.dtype.kind)
    return Candidate(
        name, (y, x, channel), energies, _pixel_mm(group, names[y], names[x]), rank, guessed
    )


def decode(value: Any) -> str:
    """Text of an attribute, whatever HDF5 made of it."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _axis_names(group: Any, dataset: Any) -> list[str] | None:
    """Names of the axes where the dataset is the signal of an NXdata group."""
    if decode(group.attrs.get("NX_class", "")) != "NXdata":
        return None
    last = dataset.name.rsplit("/", 1)[-1]
    if decode(group.attrs.get("signal", "")) != last and "signal" not in dataset.attrs:
        return None
    axes = group.attrs.get("axes", dataset.attrs.get("axes", ""))
    if isinstance(axes, (str, bytes)):
        names = [name for name in decode(axes).replace(",", ":").split(":") if name]
    else:
        names = [decode(name) for name in np.asarray(axes).reshape(-1)]
    return names if len(names) == 3 else ["", "", ""]


def _named_channel(group: Any, dataset: Any, names: list[str]) -> int | None:
    """The axis that is called energy or channel, or that the file declares a spectrum."""
    for axis, name in enumerate(names):
        scale = _one_dimensional(group, name)
        unit = "" if scale is None else decode(scale.attrs.get("units", ""))
        if unit.lower() in ("kev", "ev") or any(word in name.lower() for word in _CHANNEL_WORDS):
            return axis
    for axis, dimension in enumerate(dataset.attrs.get("DIMENSION_LABELS", ())):
        if any(word in decode(dimension).lower() for word in _CHANNEL_WORDS):
            return axis
    return 2 if decode(dataset.attrs.get("interpretation", "")) == "spectrum" else None


def _energy_beside(
    file: Any, group: Any, shape: tuple[int, ...]
) -> tuple[int | None, EnergyAxis | None]:
    """The axis that fits the energies which lie in the same group or one above."""
    for home in (group, group.parent):
        for name in home:
            scale = _one_dimensional(home, name)
            if scale is None or not any(word in name.lower() for word in _ENERGY_WORDS):
                continue
            fits = [axis for axis, length in enumerate(shape) if scale.size == length]
            if len(fits) == 1:
                return fits[0], _axis_of(home, name, shape[fits[0]])
    return None, None


def _axis_of(group: Any, name: str, channels: int) -> EnergyAxis | None:
    scale = _one_dimensional(group, name)
    if scale is None or scale.size > channels + 1:
        return None
    unit = decode(scale.attrs.get("units", ""))
    energies = any(word in name.lower() for word in _ENERGY_WORDS)
    # Plain channel numbers are no energies.
    if not energies and unit.lower() not in ("kev", "ev"):
        return None
    return axis_from_values(scale[()], unit, channels)


def _one_dimensional(group: Any, name: str) -> Any:
    if not name or name == "." or group.get(name, getlink=True) is None:
        return None
    if type(group.get(name, getlink=True)).__name__ == "ExternalLink":
        return None
    item = group.get(name)
    return item if item is not None and len(getattr(item, "shape", None) or ()) == 1 else None


def _pixel_mm(group: Any, y_name: str, x_name: str) -> tuple[float, float] | None:
    sides = []
    for name in (y_name, x_name):
        scale = _one_dimensional(group, name)
        if scale is None or scale.size < 2 or scale.dtype.kind not in "iuf":
            return None
        unit = _UNITS_MM.get(decode(scale.attrs.get("units", "")).lower())
        if unit is None:
            return None
        ends = np.asarray(scale[()], dtype=np.float64)[[0, -1]]
        sides.append(abs(float(ends[1] - ends[0])) * unit / (scale.size - 1))
    return (sides[0], sides[1]) if min(sides) > 0 else None


def _rank(file: Any, name: str, nxdata: bool, energies: bool, kind: str) -> int:
    default = decode(file.attrs.get("default", "")).strip("/")
    rank = 8 * (not nxdata) + 4 * (not energies) + 2 * (kind == "f")
    if nxdata and default and name.startswith(default):
        return rank - 8
    known = [place for place in _KNOWN if name.lower().endswith(place)]
    return rank - 4 if known else rank


def settings_of(file: Any, name: str) -> Mapping[str, Any]:
    """Attributes of the dataset and of the groups above it, the nearest first."""
    settings: dict[str, Any] = dict(file.attrs)
    parts = name.split("/")
    for depth in range(1, len(parts) + 1):
        settings.update(file["/".join(parts[:depth])].attrs)
    return settings
