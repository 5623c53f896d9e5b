"""Scans as Zarr or OME-Zarr, version 2 and 3."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import EnergyAxis, XRFCube
from napari_xrf_pigments.io._lazy import StoredArray, dask_counts, looks_like_counts
from napari_xrf_pigments.io._metadata import (
    ENERGY_NAMES,
    acquisition_from_settings,
    axis_from_values,
    pixel_from_settings,
)
from napari_xrf_pigments.io._reader import (
    MAX_CHANNELS,
    FormatReader,
    ReadOptions,
    check_size,
    estimated_axis,
    make_source,
)

from ._candidates import ZarrArray, codecs_allowed, find_arrays, is_store, metadata
from ._decompression_guard import guarded_store

FORMAT = "Zarr"
OME_FORMAT = "OME-Zarr"
MAX_CHUNK_BYTES = 2**30


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
        import zarr

        try:
            store = guarded_store(Path(self.path) / self.name, self.piece_bytes)
            array: Any = zarr.open_array(store, mode="r")
            block = np.asarray(array[self.disk_key(slices)])
        except _DAMAGE as error:
            name = Path(self.path).name
            raise ValueError(f"{name} is damaged: a piece of its counts cannot be read.") from error
        return self.ordered(block)


def matches(path: Path) -> bool:
    """Whether `path` is a store with something in it that can be a scan."""
    try:
        if not is_store(path):
            return False
        found = find_arrays(path)
        return any(each.energies is not None or _is_whole(path, each) for each in found[:5])
    except OSError:
        return False
    except ValueError:
        return path.suffix.lower() == ".zarr"  # damaged: reading it says more


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open the surest array, or the one that `options` names.

    Raises
    ------
    ValueError
        If the store is damaged or has no such array.
    """
    notes: list[str] = []
    chosen = _choose(path, options.dataset, notes)
    about = metadata(path / chosen.name)
    chunks = _chunks(about, len(chosen.shape))
    rows, columns, channels = (chosen.shape[axis] for axis in chosen.axes)
    check_size(path.name, rows, columns, channels)
    if not codecs_allowed(about):
        raise ValueError(f"{path.name} is packed in a way that is not read.")
    source = _cube(path, chosen)
    file_chunks: tuple[int, int, int] | None = None
    if chunks is not None:
        if math.prod(chunks) * chosen.dtype.itemsize > MAX_CHUNK_BYTES:
            raise ValueError(f"{path.name} is cut into pieces that are far too large.")
        y, x, channel = chosen.axes
        file_chunks = (chunks[y], chunks[x], chunks[channel])
    if chosen.guessed:
        notes.append(
            f"Axis {chosen.axes[2] + 1} of {len(chosen.shape)} ({channels} values) was taken as "
            "the spectrum."
        )
    axis = chosen.energies or _energies_beside(path, chosen)
    ome = any(key in chosen.settings for key in ("ome", "multiscales"))
    return XRFCube(
        dask_counts(source, file_chunks, chosen.name + str(chosen.axes)),
        axis or estimated_axis(channels, notes),
        acquisition_from_settings(chosen.settings),
        chosen.pixel_mm or pixel_from_settings(chosen.settings),
        source=make_source(path, OME_FORMAT if ome else FORMAT, notes, _bytes(path / chosen.name)),
    )


def _choose(path: Path, wanted: str | None, notes: list[str]) -> ZarrArray:
    found = find_arrays(path)
    if wanted is not None:
        named = [each for each in found if each.name == wanted.strip("/")]
        if not named:
            raise ValueError(f"{path.name} has no array {wanted} with three axes of counts.")
        return named[0]
    found = [each for each in found if _is_whole(path, each)]
    if not found:
        raise ValueError(f"{path.name} holds no array of whole counts with three axes.")
    if len(found) > 1:
        others = ", ".join(each.name for each in found[1:6])
        notes.append(f"{found[0].name} was opened; the store also holds {others}.")
    return found[0]


def _cube(path: Path, chosen: ZarrArray) -> ZarrCube:
    chunks = _chunks(metadata(path / chosen.name), len(chosen.shape)) or [MAX_CHUNK_BYTES]
    size = math.prod(chunks) * chosen.dtype.itemsize
    size = min(size, MAX_CHUNK_BYTES)
    return ZarrCube(str(path), chosen.dtype.str, chosen.shape, chosen.axes, chosen.name, size)


def _is_whole(path: Path, found: ZarrArray) -> bool:
    """Integers, or floats that are whole in a few pixels."""
    if found.dtype.kind != "f":
        return True
    if not codecs_allowed(metadata(path / found.name)):
        return False
    try:
        return looks_like_counts(_cube(path, found))
    except ValueError:
        return False


def _energies_beside(path: Path, chosen: ZarrArray) -> EnergyAxis | None:
    """An array of energies in the same group."""
    import zarr

    group = (path / chosen.name).parent if chosen.name else path
    channels = chosen.shape[chosen.axes[2]]
    for name in ENERGY_NAMES:
        if not is_store(group / name):
            continue
        about = metadata(group / name)
        if about.get("shape") not in ([channels], [channels + 1]) or not codecs_allowed(about):
            continue
        try:
            array: Any = zarr.open_array(guarded_store(group / name, 8 * MAX_CHANNELS), mode="r")
            values = np.asarray(array[:])
        except _DAMAGE as error:
            raise ValueError(f"{path.name} is damaged: its energies cannot be read.") from error
        unit = "kev" if name.endswith("kev") else str(array.attrs.get("units", ""))
        axis = axis_from_values(values, unit, channels)
        if axis is not None:
            return axis
    return None


def _chunks(about: dict[str, Any], count: int) -> list[int] | None:
    """The chunks of an array; of a sharded one, the shards."""
    grid = about.get("chunk_grid")
    configuration = grid.get("configuration") if isinstance(grid, dict) else None
    chunks = configuration.get("chunk_shape") if isinstance(configuration, dict) else None
    chunks = about.get("chunks", chunks)
    if not isinstance(chunks, list) or len(chunks) != count:
        return None
    return chunks if all(isinstance(each, int) and each > 0 for each in chunks) else None


def _bytes(folder: Path) -> int:
    """Size of all files of an array; of the metadata alone where there are very many."""
    total = 0
    for index, path in enumerate(folder.rglob("*")):
        if index > 100_000:
            break
        total += path.stat().st_size if path.is_file() else 0
    return total


READER = FormatReader(FORMAT, matches, read)
