"""Which dataset of an HDF5 file is the scan, and which of its axes is the spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import EnergyAxis
from napari_xrf_pigments.io._metadata import guess_channel_axis

from .._axes import (
    axis_names,
    axis_of,
    axis_of_coefficients,
    energy_beside,
    named_channel,
    pixel_of,
)
from ._hdf5_walk import (
    FEW_OBJECTS,
    MAX_OBJECTS,
    address,
    attribute,
    datasets,
    decode,
    get,
    is_readable,
)

# A plain dataset whose longest axis is shorter is a stack of pictures, not a scan.
LEAST_CHANNELS = 128
MAX_DETECTORS = 16
# Looking at what lies beside each takes time; no file of scans has so many.
MAX_CANDIDATES = 200
_DETECTOR_WORDS = ("det", "mca", "sensor")
# What files of other fields are known by: Imaris, BigDataViewer, netCDF, Keras, AnnData, CT.
_FOREIGN_ATTRIBUTES = ("ImarisDataSet", "_NCProperties", "keras_version", "encoding-type")
_FOREIGN_GROUPS = ("__DATA_TYPES__", "DataSetInfo", "t00000", "model_weights", "exchange/theta")


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
    detector_axis : int or None
        The axis of the detectors, where there are four axes.
    places : str or None
        The dataset (y, x, 1) that tells which spectrum of a list belongs to a pixel, where the
        counts are such a list (spectrum, channel); `axes` are then those of the cube.
    """

    name: str
    axes: tuple[int, int, int]
    energies: EnergyAxis | None
    pixel_mm: tuple[float, float] | None = None
    rank: int = 0
    guessed: bool = False
    detector_axis: int | None = None
    places: str | None = None


def find_candidates(file: Any, brief: bool = False) -> list[Candidate]:
    """All datasets of an open file that can be scans, the surest first.

    Links out of the file are not followed; `brief` looks near the top of the file only.
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
        # One dataset under several names: a group that says more about it goes first.
        mark = address(dataset)
        if mark not in found or candidate.rank < found[mark].rank:
            found[mark] = candidate
    return sorted(found.values(), key=lambda each: each.rank)


def is_foreign(file: Any) -> bool:
    """Whether the file is known to be of another field, such as microscopy."""
    return any(name in file.attrs for name in _FOREIGN_ATTRIBUTES) or any(
        get(file, name) is not None for name in _FOREIGN_GROUPS
    )


def can_be_counts(dataset: Any) -> bool:
    """Whether a dataset has three axes, or four, and numbers in it."""
    shape, dtype = getattr(dataset, "shape", None), getattr(dataset, "dtype", np.dtype("O"))
    return shape is not None and len(shape) in (3, 4) and 0 not in shape and dtype.kind in "uif"


def describe_dataset(file: Any, dataset: Any, asked_for: bool = False) -> Candidate | None:
    """What a dataset with three or four axes is; None where nothing says that it holds spectra."""
    group, shape = dataset.parent, tuple(dataset.shape)
    stated = axis_names(group, dataset)
    names = stated or [""] * len(shape)
    detector = _detector_axis(shape, names) if len(shape) == 4 else None
    if len(shape) == 4 and detector is None:
        return None
    kept = [axis for axis in range(len(shape)) if axis != detector]
    channel = named_channel(group, dataset, names)
    energies: EnergyAxis | None = None
    if channel is None or channel == detector:
        channel, energies = energy_beside(group, shape, kept)
    guessed = channel is None
    if channel is None:
        channel = _guess(shape, kept, asked_for)
        if channel is None:
            return None
    y, x = (axis for axis in kept if axis != channel)
    energies = energies or _energies(group, shape, names[channel], channel)
    return Candidate(
        dataset.name.lstrip("/"),
        (y, x, channel),
        energies,
        pixel_of(group, names[y], names[x]),
        _rank(file, dataset, stated is not None, energies is not None),
        guessed,
        detector,
    )


def _energies(group: Any, shape: tuple[int, ...], name: str, channel: int) -> EnergyAxis | None:
    length = shape[channel]
    axis = axis_of(group, name, length) or energy_beside(group, shape, [channel])[1]
    return axis or axis_of_coefficients(get(group, "calibration"), length)


def _detector_axis(shape: tuple[int, ...], names: list[str]) -> int | None:
    """The axis of the detectors among four: by its name, or the short one before a spectrum."""
    for axis, name in enumerate(names):
        if name.lower().startswith(_DETECTOR_WORDS):
            return axis
    few = [axis for axis in (0, 2) if shape[axis] <= MAX_DETECTORS]
    return min(few, key=lambda axis: shape[axis]) if few else None


def _guess(shape: tuple[int, ...], kept: list[int], asked_for: bool) -> int | None:
    """The axis that is most likely the spectrum, if it is likely enough."""
    lengths = (shape[kept[0]], shape[kept[1]], shape[kept[2]])
    index = guess_channel_axis(lengths, prefer_last=False)
    length = lengths[index]
    enough = length >= LEAST_CHANNELS and length >= max(lengths) / 4
    if len(shape) == 4:
        # Four axes are mostly times, colours or slices.
        enough = index == 2 and length >= 256 and not length & (length - 1)
    return kept[index] if enough or asked_for else None


def _rank(file: Any, dataset: Any, nxdata: bool, energies: bool) -> int:
    default = decode(attribute(file, "default")).strip("/")
    rank: int = 8 * (not nxdata) + 4 * (not energies) + 2 * (dataset.dtype.kind == "f")
    if nxdata and default and dataset.name.lstrip("/").startswith(default):
        return rank - 8
    return rank
