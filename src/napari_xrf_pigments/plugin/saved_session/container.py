"""A saved session on disk: one zip of a JSON document and plain arrays (no Qt, no napari).

Nothing in it is ever run or unpickled, and no file in it names a place on disk.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from napari_xrf_pigments.io.atomic import write_atomically
from napari_xrf_pigments.io.results.fields import to_json_types

from ..state.results import IN_MEMORY_BYTES, empty_maps

SUFFIX = ".xrfsession"
KIND = "napari-xrf-pigments session"
VERSION = 1
DOCUMENT = "session.json"
MAX_DOCUMENT_BYTES = 64 * 2**20
MAX_ARRAYS = 100_000
MAX_ARRAY_BYTES = 64 * 2**30
_PIECE = 16 * 2**20
#: What zipfile and numpy raise on members that somebody else has made.
_UNREADABLE = (
    ValueError, KeyError, TypeError, EOFError, SyntaxError, TokenError, zipfile.BadZipFile,
    zlib.error, NotImplementedError,
)  # fmt: skip

#: Called with the bytes written and the bytes in all; True: stop.
Watch = Callable[[int, int], bool]


class Stopped(Exception):
    """The user asked to stop; nothing was written."""


class ArrayShelf:
    """The arrays of a session that is being saved; what is the same memory is kept once."""

    def __init__(self) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}
        self._known: dict[tuple[Any, ...], dict[str, Any]] = {}

    def add(self, array: Any, *, maps: bool = False) -> dict[str, Any]:
        """Keep an array; gives how it is found again.

        Parameters
        ----------
        array : array_like
            Numbers or truth values.
        maps : bool
            Whether single maps of a stack are shown as images, to be recognised later.
        """
        values = np.asarray(array)
        found = self.find(values)
        if found is not None:
            return found
        name = f"a{len(self.arrays)}"
        self.arrays[name] = values
        self._known[_memory(values)] = {"array": name}
        if maps:
            for index in range(len(values)):
                self._known[_memory(values[index])] = {"array": name, "index": index}
        return {"array": name}

    def find(self, array: NDArray[Any]) -> dict[str, Any] | None:
        """How memory that is kept already is found again."""
        return self._known.get(_memory(array))


def _memory(array: NDArray[Any]) -> tuple[Any, ...]:
    return array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str


def write_session(
    path: Path, document: dict[str, Any], arrays: dict[str, NDArray[Any]], watch: Watch
) -> None:
    """Write a session: whole, or not at all.

    Raises
    ------
    Stopped
        If `watch` asked for it.
    ValueError
        If an array holds something else than numbers.
    OSError
        If something that is no session is in the way, or the disk fails.
    """
    for array in arrays.values():
        if array.dtype.kind not in "biuf":
            raise ValueError("A layer holds something else than numbers and cannot be saved.")
    whole = {**document, "kind": KIND, "version": VERSION}
    whole["program"] = version("napari-xrf-pigments")
    text = json.dumps(to_json_types(whole), ensure_ascii=False).encode()
    total = sum(array.nbytes for array in arrays.values())

    def write(temporary: Path) -> None:
        done = 0
        packed = zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(temporary, "w", packed, compresslevel=1) as archive:
            archive.writestr(DOCUMENT, text)
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    done = _write_array(file, array, done, total, watch)

    write_atomically(path, write, is_session)


def _write_array(file: IO[bytes], array: NDArray[Any], done: int, total: int, watch: Watch) -> int:
    facts = {"descr": npy.dtype_to_descr(array.dtype), "fortran_order": False}
    npy.write_array_header_1_0(file, {**facts, "shape": array.shape})
    rows = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(1, -1)
    step = max(1, _PIECE // max(1, rows.shape[1] * array.itemsize))
    for start in range(0, len(rows), step):
        piece = np.ascontiguousarray(rows[start : start + step])
        file.write(piece.tobytes())
        done += piece.nbytes
        if watch(done, total):
            raise Stopped
    return done


def is_session(path: Path) -> bool:
    """Whether a file is a saved session."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _document(archive, path).get("kind") == KIND
    except (OSError, ValueError, zipfile.BadZipFile):
        return False


class SavedSession:
    """A session that is being opened.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    ValueError
        If it is no session, a damaged one, or one of a newer version.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._open() as archive:
            self.document = _document(archive, path)
            if self.document.get("kind") != KIND:
                raise ValueError(f"{path.name} is not a saved session of this program.")
            made = self.document.get("version")
            if not isinstance(made, int) or made < 1:
                raise ValueError(f"{path.name} is damaged: it does not say its version.")
            if made > VERSION:
                raise ValueError(f"{path.name} was saved by a newer version of this program.")
            members = [entry.filename for entry in archive.infolist()]
            if len(members) != len(set(members)) or len(members) > MAX_ARRAYS:
                raise ValueError(f"{path.name} is damaged: its list of arrays is wrong.")

    def array(self, place: Any) -> NDArray[Any]:
        """An array, or one map of it.

        Parameters
        ----------
        place : mapping
            What :meth:`ArrayShelf.add` gave.

        Raises
        ------
        ValueError
            If it is not there or damaged.
        """
        name = place.get("array") if isinstance(place, dict) else None
        if not isinstance(name, str) or not name.isalnum():
            raise self._damaged()
        values = self._array(name)
        if "index" not in place:
            return values
        index = place["index"]
        if not isinstance(index, int) or values.ndim < 2 or not 0 <= index < len(values):
            raise self._damaged()
        map_: NDArray[Any] = values[index]
        return map_

    def _array(self, name: str) -> NDArray[Any]:
        # Several layers may show maps of one stack, which is read once.
        kept: dict[str, NDArray[Any]] = self.__dict__.setdefault("_kept", {})
        if name not in kept:
            with self._open() as archive:
                kept[name] = self._read(archive, f"{name}.npy")
        return kept[name]

    def _read(self, archive: zipfile.ZipFile, member: str) -> NDArray[Any]:
        try:
            size = archive.getinfo(member).file_size
            with archive.open(member) as file:
                if npy.read_magic(file) != (1, 0):
                    raise self._damaged()
                shape, fortran, dtype = npy.read_array_header_1_0(file, max_header_size=10_000)
                bytes_ = int(np.prod(shape, dtype=object)) * dtype.itemsize
                wrong = fortran or dtype.kind not in "biuf" or bytes_ > MAX_ARRAY_BYTES
                if wrong or min(shape, default=0) < 0 or bytes_ + file.tell() != size:
                    raise self._damaged()
                return _filled(file, shape, dtype, bytes_)
        except _UNREADABLE as error:
            raise self._damaged() from error

    def _damaged(self) -> ValueError:
        return ValueError(f"{self.path.name} is damaged: an array in it cannot be read.")

    @contextmanager
    def _open(self) -> Iterator[zipfile.ZipFile]:
        try:
            with zipfile.ZipFile(self.path) as archive:
                yield archive
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise ValueError(
                f"{self.path.name} is not a saved session, or a damaged one."
            ) from error


def _filled(
    file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any], bytes_: int
) -> NDArray[Any]:
    """Read values piece by piece, large ones into a temporary file."""
    large = bytes_ > IN_MEMORY_BYTES and dtype == np.float32
    array = empty_maps(shape) if large else np.empty(shape, dtype)
    view = memoryview(array.reshape(-1).view(np.uint8)) if bytes_ else memoryview(b"")
    done = 0
    while done < bytes_:
        piece = file.read(min(_PIECE, bytes_ - done))
        if not piece:
            raise EOFError
        view[done : done + len(piece)] = piece
        done += len(piece)
    return array


def _document(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    try:
        if archive.getinfo(DOCUMENT).file_size > MAX_DOCUMENT_BYTES:
            raise ValueError(f"{path.name} is damaged: its description is far too large.")
        document = json.loads(archive.read(DOCUMENT))
    except KeyError:
        raise ValueError(f"{path.name} is not a saved session of this program.") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} is damaged: its description cannot be read.") from error
    if not isinstance(document, dict):
        raise ValueError(f"{path.name} is damaged: its description cannot be read.")
    return document
