"""Where maps grow: numpy arrays, or a Zarr group on disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from ._bands import Bands, band_rows

_COLUMNS = 1024


class MapStore:
    """Arrays whose last two axes are the rows and columns of a scan.

    Parameters
    ----------
    arrays : mapping of str to array
        Arrays of numpy or Zarr, by name.
    folder : Path, optional
        Where they are for now, on disk.
    band : int, optional
        Rows that are gathered before they are written; None: a tile is written at once.
    """

    def __init__(
        self, arrays: Mapping[str, Any], folder: Path | None = None, band: int | None = None
    ) -> None:
        self.arrays = dict(arrays)
        self.folder = folder
        self._bands: dict[str, Bands] = {}
        if band is not None:
            self._bands = {name: Bands(array, band) for name, array in self.arrays.items()}

    def write(self, name: str, rows: slice, columns: slice, values: NDArray[np.float32]) -> None:
        """Put the values of a tile, shape (..., row, column), where they belong."""
        if name in self._bands:
            self._bands[name].write(rows, columns, values)
            return
        array = self.arrays[name]
        whole = (slice(None),) * (array.ndim - 2)
        array[(*whole, rows, columns)] = values

    def flush(self) -> None:
        """Write what was gathered."""
        for bands in self._bands.values():
            bands.flush()

    def describe(self, attributes: Mapping[str, Any]) -> None:
        """Keep the provenance as it is at the end of a run; in memory nothing is to be kept."""
        if self.folder is not None:
            group = _group(str(self.folder), mode="r+")
            group.attrs["provenance"] = dict(attributes)


@contextmanager
def open_store(
    out: str | PathLike[str] | None,
    shapes: Mapping[str, tuple[int, ...]],
    names: Sequence[str],
    attributes: Mapping[str, Any],
    chunk: tuple[int, int] | None = None,
) -> Iterator[MapStore]:
    """Arrays of float32, full of NaN, that are kept where the block ends well.

    Parameters
    ----------
    out : path or None
        Folder of a Zarr group; it must not exist. It gets its name when all is
        written: until then, and after an error, no such folder is there. None: in memory.
    shapes : mapping of str to tuple of int
        Shape of each array by name.
    names : sequence of str
        What the maps are, kept as an attribute.
    attributes : mapping
        Provenance, kept as an attribute.
    chunk : (int, int), optional
        Rows and columns of the chunks on disk; default: as fits tiles that come row by row.

    Raises
    ------
    OSError
        If the folder exists or cannot be written.
    """
    if out is None:
        yield MapStore({name: np.full(s, np.nan, np.float32) for name, s in shapes.items()})
        return
    target = Path(out)
    if target.exists():
        raise OSError(f"{target.name} exists already; choose another name.")
    if not target.parent.is_dir():
        raise OSError(f"The folder {target.parent} does not exist.")
    part = target.with_name(f".{target.name}.{uuid4().hex[:8]}.part")
    try:
        group = _group(str(part), mode="w-")
        group.attrs["names"] = list(names)
        group.attrs["provenance"] = dict(attributes)
        arrays = {}
        size = chunk or (band_rows(shapes), _COLUMNS)
        for name, shape in shapes.items():
            chunks = tuple(min(n, most) for n, most in zip(shape[-2:], size, strict=True))
            arrays[name] = group.create_array(
                name,
                shape=shape,
                dtype="float32",
                chunks=(*(1,) * (len(shape) - 2), *chunks),
                fill_value=float("nan"),
            )
        store = MapStore(arrays, part, size[0])
        yield store
        store.flush()
        part.rename(target)
        # The arrays know the path that they were made at.
        final = _group(str(target), mode="r")
        store.arrays = {name: final[name] for name in shapes}
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _group(path: str, mode: Literal["r", "r+", "w-"]) -> Any:
    import zarr  # maps in memory have no need of it

    return zarr.open_group(path, mode=mode)
