"""Write a scan as Zarr (sharded counts with checksums, OME-Zarr total counts); read it back.

OME-Zarr does not allow an energy axis after the axes of space, and only the order (y, x, energy)
makes a spectrum one small read. OME-Zarr viewers therefore show the image of the total counts;
the cube lies beside it with its coordinates, as xarray names them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import XRFCube, choose_pieces

from .._guarded_zarr import open_checked, open_guarded
from .._lazy import StoredArray, dask_counts
from .._reader import FormatReader, ReadOptions, check_size, make_source
from ..outputs.own_folders import foreign_in_store, refuse_foreign
from ..results.fields import MARKER
from ..results.zarr import OME_VERSION, own_attributes
from ._blocks import Progress, scan_blocks, stored_dtype
from .metadata import KIND, from_json, metadata_of, to_json

FORMAT = "Zarr scan of this program (.zarr)"
COUNTS, TOTAL = "counts", "total"
_IMAGES = ("live_time_s", "valid")
_COORDINATES = ("y", "x", "energy")


def write(path: Path, cube: XRFCube, progress: Progress | None = None) -> None:
    """Write a scan to a new store at `path`."""
    import zarr
    from zarr.codecs import BloscCodec, Crc32cCodec

    root = zarr.open_group(str(path), mode="w-", zarr_format=3)
    root.attrs[MARKER] = {
        "kind": KIND,
        "scan": to_json(metadata_of(cube)),
    }
    root.attrs["ome"] = _ome(cube)
    _write_coordinates(root, cube)
    block, piece = choose_pieces(cube.shape, cube.counts.dtype)
    counts = root.create_array(
        COUNTS,
        shape=cube.shape,
        dtype=stored_dtype(cube),
        chunks=piece,
        shards=block,
        compressors=[BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle"), Crc32cCodec()],
        dimension_names=("y", "x", "energy"),
        # A missing piece is then known to be lost.
        config={"write_empty_chunks": True},
    )
    total = root.create_array(
        TOTAL,
        shape=cube.shape[:2],
        dtype="float32",
        chunks=tuple(min(1024, length) for length in cube.shape[:2]),
        dimension_names=("y", "x"),
    )
    summed = np.zeros(cube.shape[:2], np.float32)
    for rows, columns, values in scan_blocks(cube, block, progress):
        counts[rows, columns] = values
        summed[rows, columns] = values.sum(axis=2, dtype=np.float64)
    total[...] = summed


def _write_coordinates(root: Any, cube: XRFCube) -> None:
    pitches = cube.pixel_mm or (1.0, 1.0)
    unit = "pixel" if cube.pixel_mm is None else "mm"
    for name, values, units in (
        ("y", np.arange(cube.shape[0]) * pitches[0], unit),
        ("x", np.arange(cube.shape[1]) * pitches[1], unit),
        ("energy", cube.energies.kev, "keV"),
    ):
        _small(root, name, values, (name,)).attrs["units"] = units
    for name in _IMAGES:
        image = getattr(cube, name)
        if image is not None:
            _small(root, name, image, ("y", "x"))


def _small(root: Any, name: str, values: NDArray[Any], dimensions: tuple[str, ...]) -> Any:
    array = root.create_array(
        name,
        shape=values.shape,
        dtype=values.dtype,
        chunks=tuple(min(2048, length) for length in values.shape),
        dimension_names=dimensions,
    )
    array[...] = values
    return array


def _ome(cube: XRFCube) -> dict[str, Any]:
    """Make the metadata of the image of the total counts."""
    unit = {} if cube.pixel_mm is None else {"unit": "millimeter"}
    scale = [float(side) for side in cube.pixel_mm or (1.0, 1.0)]
    change = [{"type": "scale", "scale": scale}]
    return {
        "version": OME_VERSION,
        "multiscales": [
            {
                "name": "total counts",
                "axes": [{"name": name, "type": "space", **unit} for name in "yx"],
                "datasets": [{"path": TOTAL, "coordinateTransformations": change}],
            }
        ],
    }


@dataclass(frozen=True)
class ZarrScan(StoredArray):
    """The counts in a store, which is opened at each access.

    Parameters
    ----------
    block : tuple of int
        Lengths along (y, x, channel) of the part of the counts in one file.
    """

    block: tuple[int, int, int] = (1, 1, 1)

    def read(self, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Read the counts within three slices."""
        name = Path(self.path).name
        try:
            file_bytes = math.prod(self.block) * self.dtype.itemsize
            array = open_guarded(Path(self.path, COUNTS), file_bytes)
            values = np.asarray(array[slices], dtype=self.dtype)
        except FileNotFoundError:
            raise FileNotFoundError(f"{name} is no longer there.") from None
        except (ValueError, RuntimeError, KeyError, TypeError):
            sentence = f"{name} is damaged: a piece of its counts cannot be read."
            raise ValueError(sentence) from None
        # Missing files would be read as zero counts.
        lost = self.missing_chunks(slices)
        if lost:
            raise FileNotFoundError(f"{name} is incomplete: {lost} pieces of its counts are gone.")
        return values

    def missing_chunks(
        self, slices: tuple[slice, slice, slice] = (slice(None), slice(None), slice(None))
    ) -> int:
        """Count the files with counts within three slices that do not exist or are empty."""
        ranges = []
        for part, length, step in zip(slices[:2], self.shape[:2], self.block[:2], strict=True):
            start, stop, _ = part.indices(length)
            ranges.append(range(start // step, -(-stop // step)))
        home = Path(self.path, COUNTS, "c")
        return sum(not _has_bytes(home / f"{i}/{j}/0") for i in ranges[0] for j in ranges[1])


def _has_bytes(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def is_replaceable(path: Path) -> bool:
    """Return whether `path` is such a store; refuse one that holds files of other origin."""
    if not is_scan(path):
        return False
    refuse_foreign(path, foreign_in_store(path, {COUNTS, TOTAL, *_COORDINATES, *_IMAGES}))
    return True


def is_scan(path: Path) -> bool:
    """Return whether `path` is a store that :func:`write` wrote."""
    return own_attributes(path).get("kind") == KIND


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open a scan that :func:`write` wrote.

    Raises
    ------
    ValueError
        If it is damaged or incomplete, or another array is requested.
    """
    if options.dataset is not None and options.dataset.strip("/") != COUNTS:
        raise ValueError(f"{path.name} has no array {options.dataset}; it has {COUNTS} alone.")
    metadata = from_json(str(own_attributes(path).get("scan", "")), path.name)
    try:
        array = open_checked(path / COUNTS, path.name)
        if len(array.shape) != 3 or array.dtype.kind not in "ui" or array.shards is None:
            raise ValueError
        check_size(path.name, *array.shape)
        scan = ZarrScan(str(path), array.dtype.str, array.shape, block=array.shards)
        images = {name: _image(path, name, array.shape[:2]) for name in _IMAGES}
        piece = array.chunks
    except PermissionError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RuntimeError):
        raise ValueError(f"{path.name} is damaged: Zarr cannot read its counts.") from None
    lost = scan.missing_chunks()
    if lost:
        raise ValueError(f"{path.name} is incomplete: {lost} pieces of its counts are gone.")
    return XRFCube(
        dask_counts(scan, (array.shards[0], piece[1], piece[2]), FORMAT),
        metadata.energies,
        metadata.acquisition,
        metadata.pixel_mm,
        images["live_time_s"],
        images["valid"],
        make_source(path, FORMAT, metadata.notes, _size(path)),
    )


def _size(path: Path) -> int:
    return sum(entry.stat().st_size for entry in path.rglob("*") if entry.is_file())


def _image(path: Path, name: str, shape: tuple[int, int]) -> Any:
    if not (path / name).exists():
        return None
    array = open_checked(path / name, path.name)
    if array.shape != shape or array.dtype.kind not in "fb":
        raise TypeError
    return array[...]


READER = FormatReader(FORMAT, is_scan, read)
