"""The copies in a cache: what there is, and making room by removing what was used least lately."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..cube import Source
from ._cache_place import CacheSettings

STORE, CERTIFICATE, USED = "scan.zarr", "entry.json", "used"
# Names that this program gives in a cache; nothing else there is touched.
_ENTRY = re.compile(r"scan-[0-9a-f]{32}")
_UNFINISHED = re.compile(r"\.scan-[0-9a-f]{32}\.[0-9a-f]{32}\.(part|gone)")
# A copy in the making grows every few seconds.
_ABANDONED_S = 3600.0


@dataclass(frozen=True)
class CacheEntry:
    """A converted copy of a scan.

    Parameters
    ----------
    path : Path
        Its folder in the cache.
    source : str
        The scan that it was made from.
    size : int
        Bytes on the disk.
    used : float
        When it was last opened, seconds since the epoch.
    """

    path: Path
    source: str
    size: int
    used: float


def cache_entries(settings: CacheSettings) -> tuple[CacheEntry, ...]:
    """All copies in a cache, the last used first."""
    found = [
        CacheEntry(path, str(source_of(path).path), _size(path), _last_used(path))
        for path in _named(settings.folder, _ENTRY)
    ]
    return tuple(sorted(found, key=lambda entry: -entry.used))


def clear_cache(settings: CacheSettings) -> int:
    """Remove all copies, unfinished ones as well; how many bytes that freed."""
    freed = 0
    for path in (*_named(settings.folder, _ENTRY), *_named(settings.folder, _UNFINISHED)):
        freed += tree_size(path)
        discard(path)
    return freed


def trim_cache(
    settings: CacheSettings, *, needed: int = 0, keep: tuple[Path, ...] = ()
) -> tuple[CacheEntry, ...]:
    """Remove what was used least lately until the rest is within the limit.

    Parameters
    ----------
    settings : CacheSettings
        Place and limit.
    needed : int
        Bytes that shall stay free below the limit.
    keep : tuple of Path
        Copies that stay in any case.

    Returns
    -------
    tuple of CacheEntry
        What was removed.
    """
    for path in _named(settings.folder, _UNFINISHED):
        if path not in keep and time.time() - _last_change(path) > _ABANDONED_S:
            discard(path)
    entries = cache_entries(settings)
    taken = sum(entry.size for entry in entries) + needed
    removed = []
    for entry in reversed(entries):
        if taken <= settings.limit_bytes:
            break
        if entry.path not in keep:
            discard(entry.path)
            removed.append(entry)
            taken -= entry.size
    return tuple(removed)


def discard(path: Path) -> None:
    """Remove a folder of the cache; from the first moment it is no entry any more."""
    gone = path
    if _ENTRY.fullmatch(path.name):
        gone = path.with_name(f".{path.name}.{uuid.uuid4().hex}.gone")
        try:
            path.rename(gone)
        except FileNotFoundError:  # another process was faster
            return
    shutil.rmtree(gone, ignore_errors=True)


def certify(folder: Path, identity: str, source: Source) -> None:
    """Write down what a finished copy consists of, and which scan it is a copy of."""
    told = {
        "identity": identity,
        "source": [str(source.path), source.format, source.size, source.modified],
        "size": tree_size(folder),
        "files": _manifest(folder / STORE),
    }
    (folder / CERTIFICATE).write_text(json.dumps(told), encoding="utf-8")
    (folder / USED).touch()


def is_whole(folder: Path, identity: str) -> bool:
    """Whether a copy is of this very scan and has all its files as they were written.

    Sizes are compared here, and the SHA-256 of all but the counts; each piece of the counts
    carries a checksum of its own, which is compared when it is read.
    """
    told = _certificate(folder)
    return told.get("identity") == identity and told.get("files") == _manifest(folder / STORE)


def tree_size(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(status.st_size for _, status in _files(folder))


def _manifest(store: Path) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for path, status in _files(store):
        name = path.relative_to(store).as_posix()
        counts = name.startswith("counts/c/")
        digest = None if counts else hashlib.sha256(path.read_bytes()).hexdigest()
        found[name] = [status.st_size, digest]
    return found


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for home, _, names in os.walk(folder):
        for name in names:
            path = Path(home, name)
            try:
                yield path, path.stat()
            except OSError:  # gone since
                continue


def _named(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [folder / name for name in sorted(names) if pattern.fullmatch(name)]


def _certificate(folder: Path) -> dict[str, Any]:
    try:
        told = json.loads((folder / CERTIFICATE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def source_of(folder: Path) -> Source:
    """The scan that a copy was made from, as it was then."""
    try:
        path, name, size, modified = _certificate(folder)["source"]
        return Source(Path(path), str(name), int(size), float(modified))
    except (KeyError, TypeError, ValueError):
        return Source(Path("unknown"), "unknown")


def _size(folder: Path) -> int:
    size = _certificate(folder).get("size")
    return size if isinstance(size, int) else tree_size(folder)


def _last_used(folder: Path) -> float:
    try:
        return (folder / USED).stat().st_mtime
    except OSError:
        return 0.0


def _last_change(folder: Path) -> float:
    return max((status.st_mtime for _, status in _files(folder)), default=0.0)
