"""Which array of a Zarr store is the scan, and which of its axes is the spectrum.

Only the metadata, JSON files, are looked at here; nothing is unpacked.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import EnergyAxis
from napari_xrf_pigments.io._metadata import axis_from_settings, guess_channel_axis
from napari_xrf_pigments.io._reader import read_head

from .._zarr_axes import axes_of, energies_of, is_channel, is_lower_level, pixel_of

LEAST_CHANNELS = 128
MAX_OBJECTS = 2000
_MAX_DEPTH = 6
_JSON_BYTES = 16 * 2**20
_METADATA = ("zarr.json", ".zarray", ".zgroup")
# Codecs that turn bytes into numbers and nothing else: others (pickle!) could run code.
_CODECS = {
    "blosc", "zlib", "gzip", "zstd", "lz4", "bz2", "lzma", "shuffle", "delta", "crc32", "crc32c",
    "adler32", "fletcher32", "fixedscaleoffset", "bitround", "packbits", "bytes", "transpose",
    "sharding_indexed", "astype",
}  # fmt: skip


@dataclass(frozen=True)
class ZarrArray:
    """An array that can be a scan.

    Parameters
    ----------
    name : str
        Its path in the store; empty where the store is the array.
    shape : tuple of int
        All of its axes.
    dtype : numpy.dtype
        Type of its numbers.
    axes : tuple of int
        Which of the axes are y, x and channel; all others have the length 1.
    guessed : bool
        Whether the axis of the spectrum is a guess.
    energies : EnergyAxis or None
        The axis that the metadata state.
    pixel_mm : tuple of float or None
        Height and width of a pixel in mm.
    settings : mapping
        Attributes of the array and of the groups above it.
    rank : int
        The smaller the surer that this is the scan.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    axes: tuple[int, int, int]
    guessed: bool
    energies: EnergyAxis | None
    pixel_mm: tuple[float, float] | None
    settings: Mapping[str, Any] = field(default_factory=dict)
    rank: int = 0


def is_store(path: Path) -> bool:
    """Whether a folder holds the metadata of Zarr, version 2 or 3."""
    return path.is_dir() and any((path / name).is_file() for name in _METADATA)


def find_arrays(store: Path) -> list[ZarrArray]:
    """The arrays of a store that can be scans, the surest first."""
    found = []
    for place, levels in _arrays(store):
        described = _described(store, place, levels)
        if described is not None:
            found.append(described)
    return sorted(found, key=lambda each: (each.rank, each.name))


def metadata(folder: Path) -> dict[str, Any]:
    """What the JSON files of a folder say: kind, shape, type, attributes, codecs.

    Raises
    ------
    ValueError
        If they are damaged.
    """
    new = _json(folder / "zarr.json")
    if new:
        return new
    old = _json(folder / ".zarray")
    kind = "array" if old else "group"
    return {**old, "node_type": kind, "attributes": _json(folder / ".zattrs")}


def codecs_allowed(about: Mapping[str, Any]) -> bool:
    """Whether all codecs of an array are of the harmless kind."""
    named: list[Any] = []
    waiting: list[Any] = [about.get(key) for key in ("codecs", "filters", "compressor")]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            named.append(item.get("id", item.get("name")))
            configuration = item.get("configuration")
            if isinstance(configuration, dict):
                waiting += [configuration.get("codecs"), configuration.get("index_codecs")]
        elif item is not None:
            return False
    return all(
        isinstance(name, str) and name.removeprefix("numcodecs.") in _CODECS for name in named
    )


def _json(path: Path) -> dict[str, Any]:
    text = read_head(path, _JSON_BYTES + 1)
    if not text:
        return {}
    try:
        content = json.loads(text) if len(text) <= _JSON_BYTES else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise ValueError(f"The metadata in {path.name} are damaged.")
    return content


def _arrays(store: Path) -> Iterator[tuple[Path, list[Mapping[str, Any]]]]:
    """Folders of arrays, each with the metadata of itself and of the groups above it."""
    waiting: list[tuple[Path, list[Mapping[str, Any]]]] = [(store, [])]
    seen = 0
    while waiting and seen < MAX_OBJECTS:
        folder, above = waiting.pop(0)
        seen += 1
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


def _described(store: Path, folder: Path, levels: list[Mapping[str, Any]]) -> ZarrArray | None:
    about = levels[-1]
    shape, dtype = _shape(about), _dtype(about)
    if shape is None or dtype is None or len(shape) < 3 or is_lower_level(folder, levels):
        return None
    names, scales = axes_of(folder, levels, len(shape))
    long = [axis for axis, length in enumerate(shape) if length > 1]
    # Time and depth of a single picture; of spare axes of length 1 the last stay.
    if len(long) > 3 or not all(length >= 1 for length in shape):
        return None
    spare = [axis for axis in range(len(shape)) if axis not in long]
    kept = sorted(long + spare[len(spare) - (3 - len(long)) :])
    channel = next((axis for axis in kept if is_channel(names[axis])), None)
    guessed = channel is None
    if channel is None:
        lengths = (shape[kept[0]], shape[kept[1]], shape[kept[2]])
        channel = kept[guess_channel_axis(lengths, prefer_last=False)]
    y, x = (axis for axis in kept if axis != channel)
    settings: dict[str, Any] = {}
    for level in levels:
        attributes = level.get("attributes")
        settings.update(attributes if isinstance(attributes, dict) else {})
    energies = energies_of(scales[channel], shape[channel]) or axis_from_settings(
        settings, shape[channel]
    )
    if shape[channel] < LEAST_CHANNELS and energies is None:
        return None
    if guessed and shape[channel] < max(shape) / 4:
        return None
    rank = 4 * (energies is None) + 2 * guessed + (dtype.kind == "f")
    name = folder.relative_to(store).as_posix()
    return ZarrArray(
        "" if name == "." else name,
        shape,
        dtype,
        (y, x, channel),
        guessed,
        energies,
        pixel_of(scales[y], scales[x]),
        settings,
        rank,
    )


def _shape(about: Mapping[str, Any]) -> tuple[int, ...] | None:
    shape = about.get("shape")
    if not isinstance(shape, list) or not 0 < len(shape) <= 8:
        return None
    if not all(isinstance(length, int) and not isinstance(length, bool) for length in shape):
        return None
    return tuple(shape)


def _dtype(about: Mapping[str, Any]) -> np.dtype[Any] | None:
    """The type of the numbers; None for anything but numbers."""
    name = about.get("data_type", about.get("dtype"))
    try:
        dtype = np.dtype(name) if isinstance(name, str) else None
    except TypeError:
        return None
    return dtype if dtype is not None and dtype.kind in "uif" else None
