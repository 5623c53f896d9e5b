"""Scans that are slow to read, read from a converted copy that is made once.

A copy is found by the path of its scan and what was asked of it, and used only if size and
date of every file of the scan are still the same. It gets its name when it is whole, so that a
program that is killed leaves nothing that passes for one, and of two programs that make
the same copy one wins.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from ..cube import Source, XRFCube
from ._cache_place import CacheSettings
from ._cache_store import (
    CERTIFICATE,
    STORE,
    USED,
    certify,
    discard,
    is_whole,
    source_of,
    tree_size,
    trim_cache,
)
from ._reader import Reader, ReadOptions
from .formats.mca import _files as mca_layout
from .scans import zarr as scan_zarr
from .scans._blocks import Progress

#: Changes whenever copies would be made differently.
VERSION = 1
FROM_CACHE = "It is read from a converted copy in the cache."


class _TooLargeError(Exception):
    """A copy does not fit into the cache, even alone."""


def open_cached(
    place: Path,
    options: ReadOptions,
    reader: Reader,
    settings: CacheSettings,
    progress: Progress | None = None,
) -> XRFCube:
    """Open a scan from its copy, which is made first where there is none.

    Where no copy can be made (no room, no permission), the scan is opened as it is, and a note
    says why.

    Parameters
    ----------
    place : Path
        The scan, absolute.
    options : ReadOptions
        What is asked of it.
    reader : Reader
        Opens it.
    settings : CacheSettings
        Where copies lie.
    progress : callable, optional
        Called with the pixels done and the pixels in all while a copy is made.

    Raises
    ------
    ValueError, OSError
        As the reader, or if the cache lies beside or in the scan.
    """
    _check_apart(settings.folder, place)
    told = {"version": VERSION, "path": str(place.resolve()), **asdict(options)}
    key = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]
    entry = settings.folder / f"scan-{key}"
    identity = content_identity(place)
    if is_whole(entry, identity):
        os.utime(entry / USED)
        return _opened(entry, place)
    cube = reader.read(place, options)
    if not settings.make:
        return cube
    try:
        source = cube.source or Source(place, reader.format)
        _make(replace(cube, source=source), entry, identity, place, settings, progress)
    except _TooLargeError:
        reason = f"it is larger than {settings.limit_gb:g} GB"
    except PermissionError:
        reason = f"{settings.folder} may not be written to"
    except OSError as error:
        reason = (error.strerror or str(error)).lower().rstrip(".")
    else:
        if is_whole(entry, identity):
            return _opened(entry, place)
        reason = "the scan changed meanwhile"
    return _noted(cube, f"No copy of it was kept in the cache: {reason}.")


def content_identity(place: Path) -> str:
    """A digest of names, sizes and dates of all files of a scan."""
    digest = hashlib.sha256()
    for path in sorted({*_parts(place), *mca_layout.find_table(place)}):
        status = path.stat()
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _parts(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    for home, _, names in os.walk(place):
        yield from (Path(home, name) for name in names if Path(home, name).is_file())


def _make(
    cube: XRFCube,
    entry: Path,
    identity: str,
    place: Path,
    settings: CacheSettings,
    progress: Progress | None,
) -> None:
    source = cube.source
    assert source is not None  # the caller gives it one
    settings.folder.mkdir(parents=True, exist_ok=True)
    part = entry.with_name(f".{entry.name}.{uuid.uuid4().hex}.part")

    def watch(done: int, pixels: int) -> None:
        size = tree_size(part)
        if size > settings.limit_bytes:
            raise _TooLargeError
        trim_cache(settings, needed=size, keep=(part,))
        if progress is not None:
            progress(done, pixels)

    try:
        part.mkdir()
        scan_zarr.write(part / STORE, cube, watch)
        certify(part, identity, source)
        if content_identity(place) != identity:
            return
        if entry.exists() and not is_whole(entry, identity):
            discard(entry)
        try:
            part.rename(entry)
        except OSError:
            # Another program has just made the same copy: that one serves as well.
            if not is_whole(entry, identity):
                raise
        trim_cache(settings, keep=(entry,))
    finally:
        discard(part)


def _opened(entry: Path, place: Path) -> XRFCube:
    name = f"The copy of {place.name} in the cache"
    cube = scan_zarr.read_store(entry / STORE, name, entry / CERTIFICATE)
    notes = () if cube.source is None else cube.source.notes
    return _noted(replace(cube, source=replace(source_of(entry), notes=notes)), FROM_CACHE)


def _noted(cube: XRFCube, note: str) -> XRFCube:
    if cube.source is None:
        return cube
    return replace(cube, source=replace(cube.source, notes=(*cube.source.notes, note)))


def _check_apart(folder: Path, place: Path) -> None:
    """Refuse a cache beside or in a scan.

    Raises
    ------
    ValueError
        If it lies there.
    """
    cache, scan = folder.resolve(), place.resolve()
    if cache == scan.parent or cache == scan or scan in cache.parents:
        raise ValueError(
            f"The cache {folder} lies beside or in the scan {place.name}; choose another place."
        )
