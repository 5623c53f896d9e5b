"""Scans as Zarr or OME-Zarr, version 2 and 3."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import EnergyAxis, XRFCube
from napari_xrf_pigments.io._guarded_zarr import (
    MAX_CHUNK_BYTES,
    codecs_allowed,
    metadata,
    open_guarded,
)
from napari_xrf_pigments.io._lazy import StoredArray
from napari_xrf_pigments.io._metadata import ENERGY_NAMES, axis_from_values
from napari_xrf_pigments.io._reader import MAX_CHANNELS, FormatReader, ReadOptions, check_size

from .._candidates import build_cube, holds_counts, note_others, refusal
from ._candidates import ZarrArray, find_arrays, is_store

FORMAT = "Zarr"
OME_FORMAT = "OME-Zarr"
# Larger stores are not measured to the last file.
_MAX_FILES = 100_000
# Recognising a store unpacks a few pixels of so many arrays.
_MOST_TRIED = 5
# All that unpacking a damaged piece can raise.
_DAMAGE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    RuntimeError,
    ArithmeticError,
    EOFError,
    MemoryError,
    zlib.error,
)


@dataclass(frozen=True)
class ZarrCube(StoredArray):
    """A cube in a store, which is opened at each access.

    Parameters
    ----------
    name : str
        Path of the array in the store.
    piece_bytes : int
        Size of a piece of the array when it is unpacked.
    """

    name: str = ""
    piece_bytes: int = MAX_CHUNK_BYTES

    def read(self, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Read the pieces of the store within three slices."""
        path = Path(self.path)
        try:
            array = open_guarded(path / self.name, self.piece_bytes)
            block = np.asarray(array[self.disk_key(slices)])
        except _DAMAGE as error:
            sentence = f"{path.name} is damaged: a piece of its counts cannot be read."
            raise ValueError(sentence) from error
        return self.ordered(block)


def matches(path: Path) -> bool:
    """Return whether `path` is a store with something in it that can be a scan."""
    try:
        if not is_store(path):
            return False
        found = find_arrays(path)
        certain = [each for each in found[:_MOST_TRIED] if each.doubt is None]
        return any(each.energies is not None or _holds_counts(path, each) for each in certain)
    except OSError:
        return False
    except ValueError:
        return path.suffix.lower() == ".zarr"  # damaged, as the error of reading explains


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open the best array, or the one that `options` names.

    Raises
    ------
    ValueError
        If the store is damaged or has no such array.
    """
    notes: list[str] = []
    chosen = _choose(path, options.dataset, notes)
    about = metadata(path / chosen.name)
    pieces = _pieces(about, len(chosen.shape))
    y, x, channel = chosen.axes
    check_size(path.name, chosen.shape[y], chosen.shape[x], chosen.channels)
    if not codecs_allowed(about):
        raise ValueError(f"{path.name} is packed in a way that is not read.")
    if pieces is not None and min(pieces) < 1:
        raise ValueError(f"{path.name} is damaged: a chunk of its counts has no pixels.")
    if pieces is not None and math.prod(pieces) * chosen.dtype.itemsize > MAX_CHUNK_BYTES:
        raise ValueError(f"{path.name} is cut into pieces that are far too large.")
    if chosen.guessed:
        notes.append(
            f"Axis {channel + 1} of {len(chosen.shape)} ({chosen.channels} values) was taken as "
            "the spectrum."
        )
    if chosen.energies is None:
        chosen = replace(chosen, energies=_energies_beside(path, chosen))
    ome = any(key in chosen.settings for key in ("ome", "multiscales"))
    return build_cube(
        path,
        OME_FORMAT if ome else FORMAT,
        _cube_of(path, chosen, about),
        chosen,
        chosen.settings,
        notes,
        pieces=pieces,
        key=chosen.name + str(chosen.axes),
        size=_bytes_on_disk(path / chosen.name),
    )


def _choose(path: Path, wanted: str | None, notes: list[str]) -> ZarrArray:
    found = find_arrays(path)
    if wanted is not None:
        named = [each for each in found if each.name == wanted.strip("/")]
        if not named:
            others = f"; it holds {', '.join(str(each) for each in found[:8])}" if found else ""
            raise ValueError(
                f"{path.name} has no array {wanted} with three axes of counts{others}."
            )
        return named[0]
    counted = [each for each in found if _holds_counts(path, each)]
    if not counted:
        raise ValueError(
            f"{path.name} is not a scan: it holds no array of whole counts with three axes."
        )
    if counted[0].doubt is not None:
        raise ValueError(f"{path.name} is not a scan: {refusal(counted)}")
    note_others(counted[0], counted[1:], notes)
    return counted[0]


def _cube_of(path: Path, array: ZarrArray, about: Mapping[str, Any]) -> ZarrCube:
    pieces = _pieces(about, len(array.shape)) or [MAX_CHUNK_BYTES]
    size = min(math.prod(pieces) * array.dtype.itemsize, MAX_CHUNK_BYTES)
    return ZarrCube(str(path), array.dtype.str, array.shape, array.axes, array.name, size)


def _holds_counts(path: Path, array: ZarrArray) -> bool:
    if array.dtype.kind != "f":
        return True
    about = metadata(path / array.name)
    try:
        return codecs_allowed(about) and holds_counts(array, _cube_of(path, array, about))
    except ValueError:
        return False


def _energies_beside(path: Path, array: ZarrArray) -> EnergyAxis | None:
    """Read an array of energies in the same group."""
    group = (path / array.name).parent if array.name else path
    channels = array.channels
    for name in ENERGY_NAMES:
        if not is_store(group / name):
            continue
        about = metadata(group / name)
        if about.get("shape") not in ([channels], [channels + 1]) or not codecs_allowed(about):
            continue
        try:
            stored = open_guarded(group / name, 8 * MAX_CHANNELS)
            values = np.asarray(stored[:])
        except _DAMAGE as error:
            raise ValueError(f"{path.name} is damaged: its energies cannot be read.") from error
        unit = "kev" if name.endswith("kev") else str(stored.attrs.get("units", ""))
        axis = axis_from_values(values, unit, channels)
        if axis is not None:
            return axis
    return None


def _pieces(about: Mapping[str, Any], count: int) -> list[int] | None:
    """Return the chunks of an array; of a sharded one, the shards."""
    grid = about.get("chunk_grid")
    configuration = grid.get("configuration") if isinstance(grid, dict) else None
    pieces = configuration.get("chunk_shape") if isinstance(configuration, dict) else None
    pieces = about.get("chunks", pieces)
    if not isinstance(pieces, list) or len(pieces) != count:
        return None
    return pieces if all(isinstance(each, int) for each in pieces) else None


def _bytes_on_disk(folder: Path) -> int:
    """Add up the sizes of all files of an array, the first ones where there are very many."""
    total = 0
    for index, path in enumerate(folder.rglob("*")):
        if index > _MAX_FILES:
            break
        total += path.stat().st_size if path.is_file() else 0
    return total


READER = FormatReader(FORMAT, matches, read, has_signature=is_store)
