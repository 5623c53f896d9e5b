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
from napari_xrf_pigments.io._metadata import ENERGY_NAMES, LENGTH_UNITS_MM, axis_from_values
from napari_xrf_pigments.io._reader import (
    MAX_CHANNELS,
    FormatReader,
    ReadOptions,
    check_size,
    note_unused_pixel_size,
)

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
        certain = [each for each in found[:_MOST_TRIED] if each.rejection is None]
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
        chosen = replace(chosen, energies=_energies_beside(path, chosen, notes))
    if chosen.pixel_mm is None and all(chosen.sides):
        chosen = replace(chosen, pixel_mm=_pixel_beside(path, chosen, notes))
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
    if counted[0].rejection is not None:
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


def _energies_beside(path: Path, array: ZarrArray, notes: list[str]) -> EnergyAxis | None:
    """Read an array of energies in the same group."""
    channels = array.channels
    for name in ENERGY_NAMES:
        beside = _read_beside(path, array, name, (channels, channels + 1))
        if beside is None:
            continue
        values, unit = beside
        axis = axis_from_values(values, "kev" if name.endswith("kev") else unit, channels, notes)
        if axis is not None:
            return axis
    return None


def _pixel_beside(path: Path, array: ZarrArray, notes: list[str]) -> tuple[float, float] | None:
    """Compute height and width of a pixel in mm from the coordinates that xarray writes."""
    sides = []
    for name, axis in zip(array.sides, array.axes[:2], strict=True):
        beside = _read_beside(path, array, name, (array.shape[axis],))
        if beside is None or len(beside[0]) < 2:
            return None
        values, unit = beside
        unit_mm = LENGTH_UNITS_MM.get(unit.lower())
        side = abs(float(values[-1]) - float(values[0])) / (len(values) - 1)
        if unit_mm is None or not 0 < side < np.inf:
            reason = "are not those of pixels" if unit_mm else "have no unit of length"
            note_unused_pixel_size(notes, f"its coordinates {name} {reason}")
            return None
        sides.append(side * unit_mm)
    return sides[0], sides[1]


def _read_beside(
    path: Path, array: ZarrArray, name: str, lengths: tuple[int, ...]
) -> tuple[NDArray[Any], str] | None:
    """Read values and unit of an array with one axis in the same group; None where there is none.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    folder = ((path / array.name).parent if array.name else path) / name
    # A name comes from the file, and must not lead out of the store.
    if "/" in name or "\\" in name or name.startswith(".") or not is_store(folder):
        return None
    about = metadata(folder)
    if about.get("shape") not in [[length] for length in lengths] or not codecs_allowed(about):
        return None
    try:
        stored = open_guarded(folder, 8 * MAX_CHANNELS)
        values = np.asarray(stored[:])
    except _DAMAGE as error:
        raise ValueError(f"{path.name} is damaged: its {name} cannot be read.") from error
    if values.dtype.kind not in "iuf":
        return None
    return values, str(stored.attrs.get("units", ""))


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
