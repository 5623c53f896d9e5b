"""Write and read the file of a saved session (no Qt, no napari).

``NAME.xrfsession`` is a zip file of

- ``session.json``: scans, layers, docks and view, and the version of this layout,
- ``results-0.zarr`` and so on: the maps of each scan as OME-Zarr, written by ``save_results``,
- ``arrays.npz``: all other arrays, such as painted labels and pictures.

It is one file, because file dialogs do not select folders and napari asks which reader to use for
a folder.
Nothing in it is executed or unpickled, and nothing but the chunks of the maps is compressed.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps
from napari_xrf_pigments.cube.maps import pigment_arrays
from napari_xrf_pigments.io import load_results, save_results
from napari_xrf_pigments.io.outputs.atomic_write import write_atomically

from ..state.results import empty_maps

KIND = "napari-xrf-pigments session"
VERSION = 2
MAX_DOCUMENT_BYTES = 256 * 2**20
_DOCUMENT, _ARRAYS = "session.json", "arrays.npz"
#: Errors that json, zipfile, numpy and zarr raise for damaged files.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, ValueError, LookupError, TypeError, AttributeError, EOFError,
    SyntaxError, TokenError, RuntimeError, MemoryError,
)  # fmt: skip

#: Called with the steps done and the number of steps; returns True to cancel.
ProgressCallback = Callable[[int, int], bool]
Maps = tuple[ElementMaps | None, PigmentMaps | None]


class Cancelled(Exception):
    """The user cancelled; nothing was written."""


class ArrayStore:
    """Results and arrays of a session to be saved, each under a key.

    Layers mostly show maps of the results, so memory that already has a key is not written twice.
    """

    def __init__(self) -> None:
        self.results: dict[str, Maps] = {}
        self.arrays: dict[str, Any] = {}
        self._keys: dict[tuple[Any, ...], str] = {}

    def add_results(self, elements: ElementMaps | None, pigments: PigmentMaps | None) -> str:
        """Add the maps of a scan and return their key."""
        key = f"results-{len(self.results)}"
        self.results[key] = elements, pigments
        self._keys |= {_memory(array): name for name, array in _named(key, elements, pigments)}
        return key

    def add(self, array: Any) -> str:
        """Add an array of numbers or truth values and return its key."""
        values = np.asarray(array)
        key = self._keys.setdefault(_memory(values), f"array-{len(self.arrays)}")
        if not key.startswith("results"):
            self.arrays[key] = values
        return key


def _memory(array: NDArray[Any]) -> tuple[Any, ...]:
    return array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str


def _fields(maps: ElementMaps | PigmentMaps) -> tuple[str, ...]:
    """Return the names of the arrays of maps."""
    return ("counts", "sigma") if isinstance(maps, ElementMaps) else pigment_arrays(maps)


def _named(
    key: str, elements: ElementMaps | None, pigments: PigmentMaps | None
) -> list[tuple[str, NDArray[Any]]]:
    """Return each stack of results and each map of it, with its key."""
    named = []
    for part, maps in (("elements", elements), ("pigments", pigments)):
        for name in () if maps is None else _fields(maps):
            stack = np.asarray(getattr(maps, name))
            named.append((f"{key}/{part}/{name}", stack))
            images = stack if stack.ndim == 3 else ()
            named += [(f"{key}/{part}/{name}/{i}", image) for i, image in enumerate(images)]
    return named


def write_session(
    path: Path, document: Mapping[str, Any], store: ArrayStore, progress: ProgressCallback
) -> None:
    """Write a session atomically.

    Parameters
    ----------
    path : Path
        The file.
    document : mapping
        Content of ``session.json``; values that JSON cannot represent are written as text.
    store : ArrayStore
        The arrays that the document refers to.
    progress : callable
        Called with the steps done and the number of steps; returns True to cancel.

    Raises
    ------
    Cancelled
        If `progress` cancelled.
    OSError
        If the path holds another kind of file, or the file cannot be written.
    """
    head = {"kind": KIND, "version": VERSION, "program": version("napari-xrf-pigments")}
    text = json.dumps({**head, **document}, default=_json_value, ensure_ascii=False, indent=1)
    steps = len(store.results) + 2

    def check(done: int) -> None:
        if progress(done, steps):
            raise Cancelled

    def write(temporary: Path) -> None:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as name:
            folder = Path(name)
            (folder / _DOCUMENT).write_text(text, encoding="utf-8")
            for done, (key, (elements, pigments)) in enumerate(store.results.items(), start=1):
                save_results(folder / f"{key}.zarr", elements=elements, pigments=pigments)
                check(done)
            np.savez(folder / _ARRAYS, **store.arrays)
            check(steps - 1)
            with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
                for file in sorted(folder.rglob("*")):
                    archive.write(file, file.relative_to(folder))
        check(steps)

    write_atomically(path, write, is_session)


def _json_value(value: Any) -> Any:
    """Convert a value that JSON cannot represent."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return dict(value) if isinstance(value, Mapping) else str(value)


@dataclass
class SavedSession:
    """A session that was read.

    Parameters
    ----------
    path : Path
        The file.
    document : dict
        Content of ``session.json``.
    results : dict of str to Maps
        The maps of each scan, by their key.
    arrays : dict of str to ndarray
        All arrays, including the maps of the results, by their key.
    """

    path: Path
    document: dict[str, Any]
    results: dict[str, Maps] = field(default_factory=dict)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)

    def damaged(self, reason: str) -> ValueError:
        """Return the error of a damaged session."""
        return ValueError(f"{self.path.name} is damaged: {reason}.")


def is_session(path: Path) -> bool:
    """Return whether a file is a saved session, of this or of another version."""
    try:
        return bool(_read_document(path))
    except (OSError, ValueError):
        return False


def read_session(path: Path) -> SavedSession:
    """Read a session into memory; large maps into temporary files.

    Raises
    ------
    ValueError
        If the file is not a session, is damaged, or was written by another version.
    OSError
        If it cannot be read.
    """
    session = SavedSession(path, _read_document(path))
    written = session.document["version"]
    if written == 1:
        raise ValueError(
            f"{path.name} was saved by version 0.1.0 and cannot be opened; open the scan and map "
            "it again."
        )
    if written != VERSION:
        raise ValueError(
            f"{path.name} was saved by another version of this program; install the newest one to "
            "open it."
        )
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            _unpack(path, Path(name))
            _read_arrays(session, Path(name))
    except _DAMAGED as error:
        raise session.damaged("results or images in it cannot be read") from error
    return session


def _read_document(path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(_DOCUMENT).file_size > MAX_DOCUMENT_BYTES:
                raise ValueError
            document: dict[str, Any] = json.loads(archive.read(_DOCUMENT))
        if document["kind"] != KIND or type(document["version"]) is not int:
            raise ValueError
    except _DAMAGED as error:
        raise ValueError(
            f"{path.name} is not a saved session of this program, or it is damaged."
        ) from error
    return document


def _unpack(path: Path, folder: Path) -> None:
    with _checked(path) as archive:
        archive.extractall(folder)


def _checked(path: Path) -> zipfile.ZipFile:
    """Open a zip file after checking that its contents are not larger than the file."""
    archive = zipfile.ZipFile(path)
    members = archive.infolist()
    stored = all(member.compress_type == zipfile.ZIP_STORED for member in members)
    if not stored or sum(member.file_size for member in members) > path.stat().st_size:
        archive.close()
        raise ValueError("The contents would be larger than the file.")
    return archive


def _read_arrays(session: SavedSession, folder: Path) -> None:
    _checked(folder / _ARRAYS).close()
    with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
        session.arrays.update(arrays)
    for file in folder.glob("results-*.zarr"):
        elements, pigments = load_results(file)
        maps = (
            elements and _in_memory(elements, _fields(elements)),
            pigments and _in_memory(pigments, _fields(pigments)),
        )
        session.results[file.stem] = maps
        session.arrays.update(_named(file.stem, *maps))
    if any(array.dtype.kind not in "biuf" for array in session.arrays.values()):
        raise ValueError("An array holds no numbers.")


def _in_memory(maps: Any, names: tuple[str, ...]) -> Any:
    """Read maps from the disk into writable arrays."""
    fields: dict[str, NDArray[np.float32]] = {}
    for name in names:
        stored = getattr(maps, name)
        fields[name] = empty_maps(stored.shape)
        for index in range(stored.shape[0]):
            fields[name][index] = stored[index]
    return replace(maps, **fields)
