"""Storage of maps while a run makes them: numpy arrays, or a Zarr group on disk.

A tile of a large scan is one or two rows high. Written one by one, tiles would decode, change and
encode each chunk a hundred times, so rows are gathered in bands as high as the chunks.

A Zarr group of unfinished maps is the only record of its run: the boolean array ``finished`` marks
the pixels whose maps are on disk (NaN cannot, since it also marks pixels that were not measured);
its attributes hold the provenance of the run, its warnings and the tally of each tile. Maps are
written before their pixels are marked, so that a run that is killed repeats one band at most.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from .._typing import BoolArray, Float32Array
from .run_warnings import SpectraTally
from .tiles import Progress

Shapes = Mapping[str, tuple[int, ...]]

#: Bytes of all maps of a band, which wait in memory.
BAND_BYTES = 48 * 2**20
_MOST_ROWS = 256
_COLUMNS = 1024
#: A scan that is read from the upper left fills one band, then the next.
_OPEN_BANDS = 2
#: A run that can be continued writes at least so many bands, if the scan has the rows.
_LEAST_BANDS = 8
#: Bytes of the chunks of unfinished maps, which hold several maps: few files are written fast.
_CHUNK_BYTES = 2**20
#: Bytes of unfinished maps that are returned in memory when they are complete.
_SMALL_BYTES = 2**28
_KIND = "napari-xrf-pigments unfinished maps"
#: Settings in which the parts of one run may differ: the maps on disk do not depend on them.
_FREE_SETTINGS = ("device", "normalised_to")
#: Errors of a file that is missing, cut short or changed.
_DAMAGE = (OSError, ValueError, RuntimeError, KeyError)


class MapStore:
    """Arrays whose last two axes are the rows and columns of a scan.

    Parameters
    ----------
    arrays : mapping of str to array
        Arrays of numpy or Zarr, full of NaN where nothing was written.
    shape : tuple of int
        (y, x) of the scan.
    warnings : list of str
        Takes the warnings of the tiles, each once.
    band : int, optional
        Rows that are gathered before they are written; None: a tile is written at once.
    group : zarr.Group, optional
        The group on disk; an array ``finished`` in it keeps the record of the run.
    """

    def __init__(
        self,
        arrays: Mapping[str, Any],
        shape: tuple[int, int],
        warnings: list[str],
        band: int | None = None,
        group: Any = None,
    ) -> None:
        self.arrays = dict(arrays)
        self.finished: BoolArray = np.zeros(shape, bool)
        self.warnings = warnings
        self.group = group
        self._band = band or shape[0]
        self._gathers = band is not None
        self._open: dict[int, dict[str, Float32Array]] = {}
        self._tallies: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._record: Any = None if group is None else group.get("finished")
        if self._record is not None:
            self._load_record()

    @property
    def folder(self) -> Path:
        """Folder of the group on disk."""
        return Path(self.group.store_path.store.root).absolute()

    @property
    def tally(self) -> SpectraTally:
        """Sum of the tallies of the finished tiles."""
        tallies = (
            SpectraTally.from_numbers(numbers)
            for (top, bottom, left, right), numbers in self._tallies.items()
            if self.finished[top:bottom, left:right].all()
        )
        return sum(tallies, SpectraTally())

    def fill(self, tiles: Iterable[Any], progress: Progress | None = None) -> None:
        """Write tiles as they come.

        Parameters
        ----------
        tiles : iterable of ElementTile or PigmentTile
            Tiles with a field for each array.
        progress : callable, optional
            Called with the finished pixels and the pixels in all.
        """
        done = int(np.count_nonzero(self.finished))
        if done and progress is not None:
            progress(done, self.finished.size)
        for tile in tiles:
            self.write(tile)
            if progress is not None:
                progress(int(np.count_nonzero(self.finished)), self.finished.size)

    def write(self, tile: Any) -> None:
        """Write the maps of an ElementTile or PigmentTile, or gather them with their band."""
        rows, columns = tile.rows, tile.columns
        self.warnings += [text for text in tile.warnings if text not in self.warnings]
        self._tallies[rows.start, rows.stop, columns.start, columns.stop] = tile.tally.numbers
        if not self._gathers:
            for name, array in self.arrays.items():
                array[..., rows, columns] = getattr(tile, name)
            self.finished[rows, columns] = True
            return
        for band in range(rows.start // self._band, -(-rows.stop // self._band)):
            within = self._rows(band)
            top, bottom = max(rows.start, within.start), min(rows.stop, within.stop)
            for name, buffer in self._buffers(band).items():
                values = getattr(tile, name)[..., top - rows.start : bottom - rows.start, :]
                buffer[..., top - within.start : bottom - within.start, columns] = values
            self.finished[top:bottom, columns] = True
            if self.finished[within].all():
                self._write_band(band)
        while len(self._open) > _OPEN_BANDS:
            self._write_band(min(self._open))

    def flush(self) -> None:
        """Write the bands that are not complete."""
        for band in sorted(self._open):
            self._write_band(band)

    def replace_maps(self, names: Sequence[str]) -> dict[str, Any]:
        """Return maps as they are, and let new values be written under their names.

        A group that keeps the record of a run takes the new values into a group inside it, so that
        a run that is killed at this point can repeat it.
        """
        self.flush()
        old = {name: self.arrays[name] for name in names}
        if self._record is not None:
            group = self.group.require_group("replaced")
            for name, array in old.items():
                self.arrays[name] = _create(group, name, array.shape, (1, *array.chunks[1:]))
        return old

    def _rows(self, band: int) -> slice:
        return slice(band * self._band, min((band + 1) * self._band, self.finished.shape[0]))

    def _buffers(self, band: int) -> dict[str, Float32Array]:
        if band not in self._open:
            rows = self._rows(band)
            if self.finished[rows].any():  # it was written before it was complete
                buffers = {n: np.array(a[..., rows, :], np.float32) for n, a in self.arrays.items()}
            else:
                size = (rows.stop - rows.start, self.finished.shape[1])
                buffers = {
                    name: np.full((*array.shape[:-2], *size), np.nan, np.float32)
                    for name, array in self.arrays.items()
                }
            self._open[band] = buffers
        return self._open[band]

    def _write_band(self, band: int) -> None:
        rows = self._rows(band)
        try:
            for name, buffer in self._open[band].items():
                self.arrays[name][..., rows, :] = buffer
            if self._record is not None:
                tallies = [[*place, *numbers] for place, numbers in self._tallies.items()]
                self.group.update_attributes({"tallies": tallies, "warnings": self.warnings})
                self._record[rows] = self.finished[rows]
        except OSError as error:
            reason = (error.strerror or "the disk refused them").lower()
            raise OSError(f"Maps could not be written to {self.folder}: {reason}.") from error
        del self._open[band]

    def _load_record(self) -> None:
        """Read the record of an earlier run; a band that is damaged is not finished."""
        for band in range(-(-self.finished.shape[0] // self._band)):
            rows = self._rows(band)
            try:
                finished: BoolArray = self._record[rows]
                for array in self.arrays.values() if finished.any() else ():
                    array[..., rows, :]
                self.finished[rows] = finished
            except _DAMAGE:
                self._record[rows] = False
        attributes = self.group.attrs
        self.warnings += attributes.get("warnings", [])
        self._tallies = {tuple(each[:4]): tuple(each[4:]) for each in attributes.get("tallies", [])}


@contextmanager
def open_store(
    shapes: Shapes,
    names: Sequence[str],
    provenance: dict[str, Any],
    *,
    out: str | PathLike[str] | None = None,
    unfinished: Path | None = None,
    chunk: tuple[int, int] | None = None,
    monitors: Sequence[str] = (),
) -> Iterator[MapStore]:
    """Open arrays of float32, full of NaN, for the maps of a run.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        Shape (..., y, x) of each array.
    names : sequence of str
        Names of the maps, written as an attribute.
    provenance : dict
        Provenance, written as an attribute when the block ends; its list ``"warnings"`` takes
        the warnings of the tiles.
    out : path, optional
        Folder of a Zarr group, which must not exist. It appears under this name when the block
        ends without an error; otherwise nothing is left. Without `out` and `unfinished` the maps
        lie in memory.
    unfinished : Path, optional
        Folder of unfinished maps, instead of `out`. The group in it for this kind of maps stays
        when the run is stopped, and an equal run continues it.
    chunk : (int, int), optional
        Rows and columns of the chunks on disk; by default they fit tiles that come row by row.
    monitors : sequence of str
        Further maps, shape (y, x), that only the run needs.

    Raises
    ------
    ValueError
        If `unfinished` holds the maps of another run or something else, or `out` is given too.
    OSError
        If `out` exists, or the maps cannot be written.
    """
    if out is not None and unfinished is not None:
        raise ValueError("Give either out or unfinished, not both.")
    shape: tuple[int, int] = provenance["shape"][0], provenance["shape"][1]
    extra: dict[str, Any] = {name: np.full(shape, np.nan, np.float32) for name in monitors}
    if out is None and unfinished is None:
        arrays = {name: np.full(each, np.nan, np.float32) for name, each in shapes.items()}
        yield MapStore(arrays | extra, shape, provenance["warnings"])
        return
    rows, columns = chunk or (band_rows(shapes), _COLUMNS)
    if unfinished is not None:
        rows, columns = min(rows, -(-shape[0] // _LEAST_BANDS)), min(columns, shape[1])
        shapes, extra = {**shapes, **dict.fromkeys(monitors, shape)}, {}
        made = _unfinished_group(unfinished, shapes, names, provenance, (rows, columns))
    else:
        made = _hidden_group(Path(str(out)), shapes, names, (rows, columns))
    with made as group:
        arrays = {name: group[name] for name in shapes}
        store = MapStore(arrays | extra, shape, provenance["warnings"], rows, group)
        try:
            yield store
        finally:
            store.flush()
        group.attrs["provenance"] = provenance
    if unfinished is not None and sum(prod(shape) for shape in shapes.values()) * 4 < _SMALL_BYTES:
        store.arrays = {name: np.asarray(array) for name, array in store.arrays.items()}
    if out is not None:
        # The arrays know the path that they were made at.
        group = _open_group(Path(out), mode="r")
        store.arrays = {name: group[name] for name in shapes}


def band_rows(shapes: Shapes) -> int:
    """Return the rows of a band of float32 maps with these shapes (..., row, column)."""
    row = sum(4 * prod((*shape[:-2], shape[-1])) for shape in shapes.values())
    return max(1, min(_MOST_ROWS, BAND_BYTES // max(1, row)))


@contextmanager
def _hidden_group(
    target: Path, shapes: Shapes, names: Sequence[str], chunk: tuple[int, int]
) -> Iterator[Any]:
    """Make a group under a hidden name; rename it where the block ends without an error."""
    if target.exists():
        raise OSError(f"{target.name} exists already; choose another name.")
    if not target.parent.is_dir():
        raise OSError(f"The folder {target.parent} does not exist.")
    part = target.with_name(f".{target.name}.{uuid4().hex[:8]}.part")
    try:
        group = _open_group(part, mode="w-", attributes={"names": list(names)})
        _create_maps(group, shapes, (1, *chunk))
        yield group
        part.rename(target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


@contextmanager
def _unfinished_group(
    folder: Path,
    shapes: Shapes,
    names: Sequence[str],
    provenance: Mapping[str, Any],
    chunk: tuple[int, int],
) -> Iterator[Any]:
    """Open the group of an earlier, equal run, or make one."""
    if folder.exists() and any(folder.iterdir()) and not is_unfinished(folder):
        raise ValueError(f"{folder} holds something else than unfinished maps.")
    root = _open_group(folder, mode="a", attributes={"kind": _KIND})
    kind, run = str(provenance["settings"]["kind"]), _identity(names, shapes, provenance)
    group = root.get(kind)
    if group is None or "finished" not in group:
        attributes = {"names": list(names), "run": run}
        group = root.create_group(kind, overwrite=True, attributes=attributes)
        _create_maps(group, shapes, (max(1, _CHUNK_BYTES // (4 * prod(chunk))), *chunk))
        # Last: a group without it is not complete.
        shape = provenance["shape"][:2]
        group.create_array("finished", shape=shape, dtype=bool, chunks=_chunks(shape, chunk))
    elif group.attrs.get("run") != run:
        earlier = dict(group.attrs.get("run") or {})
        changed = sorted(key for key in {**earlier, **run} if earlier.get(key) != run.get(key))
        raise ValueError(
            f"The unfinished maps in {folder} were made differently ({', '.join(changed)}), so "
            "that this run cannot continue them."
        )
    yield group


def _identity(
    names: Sequence[str], shapes: Shapes, provenance: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings that two runs must share for one to continue the other, as JSON."""
    run = {key: value for key, value in provenance.items() if key not in ("made", "warnings")}
    settings = {k: v for k, v in run["settings"].items() if k not in _FREE_SETTINGS}
    whole = {**run, "settings": settings, "names": list(names), "arrays": sorted(shapes)}
    plain: dict[str, Any] = json.loads(json.dumps(whole, default=str))
    return plain


def is_unfinished(folder: Path) -> bool:
    """Return whether a folder is one of unfinished maps, which may be removed."""
    try:
        mark = json.loads((folder / "zarr.json").read_text(encoding="utf-8"))
        return bool(mark["attributes"]["kind"] == _KIND)
    except (*_DAMAGE, TypeError):
        return False


def has_tiles(folder: Path) -> bool:
    """Return whether a folder of unfinished maps holds a finished pixel."""
    if not is_unfinished(folder):
        return False
    try:
        groups = [group for _, group in _open_group(folder, mode="r").groups()]
        return any("finished" in group and group["finished"][:].any() for group in groups)
    except _DAMAGE:
        return False


def remove_unfinished(folder: Path) -> None:
    """Remove a folder of unfinished maps; anything else stays."""
    if is_unfinished(folder):
        shutil.rmtree(folder, ignore_errors=True)


def _open_group(path: Path, **options: Any) -> Any:
    import zarr  # maps in memory have no need of it

    return zarr.open_group(str(path), **options)


def _create_maps(group: Any, shapes: Shapes, chunk: tuple[int, int, int]) -> None:
    for name, shape in shapes.items():
        _create(group, name, shape, _chunks(shape, chunk))


def _create(group: Any, name: str, shape: tuple[int, ...], chunks: tuple[int, ...]) -> Any:
    fill = float("nan")
    return group.create_array(
        name, shape=shape, dtype="float32", chunks=chunks, fill_value=fill, overwrite=True
    )


def _chunks(shape: Sequence[int], chunk: tuple[int, ...]) -> tuple[int, ...]:
    """Return the chunk of an array of two or three axes, no larger than the array."""
    return tuple(min(n, limit) for n, limit in zip(shape, chunk[-len(shape) :], strict=True))
