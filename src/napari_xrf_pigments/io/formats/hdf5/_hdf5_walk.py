"""Going through an HDF5 file without leaving it and without getting lost in it.

External links, virtual datasets and external storage point to other files. They are never
followed: such a file could name any file of the machine, or a pipe that never answers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePath
from typing import Any

import numpy as np

# Foreign files may hold a hundred thousand objects; scans lie near the top.
MAX_OBJECTS = 3000
FEW_OBJECTS = 200
_MAX_NAMES = 1000
_MAX_DEPTH = 8
_MAX_SOFT_LINKS = 8
# A piece of a compressed dataset is read as a whole.
MAX_PIECE_BYTES = 512 * 2**20


def get(home: Any, path: str) -> Any:
    """The object at a path below `home`; None where there is none inside this file.

    Soft links are followed as long as they stay in the file.
    """
    if not _stays_inside(home, path, _MAX_SOFT_LINKS):
        return None
    try:
        return home.get(path)
    except (KeyError, RuntimeError, OSError, ValueError):
        return None


def _stays_inside(home: Any, path: str, budget: int) -> bool:
    place = home.file if path.startswith("/") else home
    parts = [part for part in path.split("/") if part not in ("", ".")]
    for depth, part in enumerate(parts):
        try:
            link = place.get(part, getlink=True)
        except (KeyError, RuntimeError, OSError, ValueError, AttributeError):
            return False
        kind = type(link).__name__
        if kind == "SoftLink":
            rest = "/".join([link.path, *parts[depth + 1 :]])
            return budget > 0 and _stays_inside(place, rest, budget - 1)
        if kind != "HardLink":
            return False
        try:
            place = place[part]
        except (KeyError, RuntimeError, OSError, ValueError, TypeError):
            return False
    return True


def datasets(file: Any, limit: int = MAX_OBJECTS) -> Iterator[Any]:
    """Datasets of a file, those nearest to the top first; each group is entered once.

    Parameters
    ----------
    file : h5py.File
        An open file.
    limit : int
        How many objects are looked at.
    """
    waiting: deque[tuple[Any, int]] = deque([(file, 0)])
    entered: set[Any] = set()
    seen = 0
    while waiting:
        group, depth = waiting.popleft()
        for name in _names(group):
            seen += 1
            if seen > limit:
                return
            item = _child(group, name)
            if hasattr(item, "shape"):
                yield item
            elif hasattr(item, "keys") and depth < _MAX_DEPTH:
                mark = address(item)
                if mark not in entered:
                    entered.add(mark)
                    waiting.append((item, depth + 1))


def _names(group: Any) -> list[str]:
    """The first names in a group; h5py's own iterator fetches all of them first."""
    names: list[str] = []

    def take(name: bytes) -> bool | None:
        names.append(name.decode("utf-8", "surrogateescape"))
        return True if len(names) >= _MAX_NAMES else None

    try:
        group.id.links.iterate(take)
    except (RuntimeError, OSError, ValueError, KeyError):
        return []
    return names


def _child(group: Any, name: str) -> Any:
    """As :func:`get` of a single name, faster for what is no link."""
    import h5py

    try:
        if (
            group.id.links.get_info(name.encode("utf-8", "surrogateescape")).type
            == h5py.h5l.TYPE_HARD
        ):
            return group[name]
    except (KeyError, RuntimeError, OSError, ValueError, TypeError):
        return None
    return get(group, name)


def address(item: Any) -> Any:
    """What tells apart two objects of a file, whatever they are called."""
    import h5py

    return h5py.h5o.get_info(item.id).addr


def elsewhere(dataset: Any) -> list[str]:
    """Names of the other files in which the numbers of a dataset lie."""
    try:
        if dataset.external:
            return [str(name) for name, _, _ in dataset.external]
        if dataset.is_virtual:
            sources = {source.file_name for source in islice(dataset.virtual_sources(), 1000)}
            return sorted(sources - {"."})
    except (RuntimeError, OSError, ValueError):
        return ["an unknown file"]
    return []


def linked_files(file: Any) -> list[str]:
    """Names of the files that external links near the top, or datasets, point to."""
    found: dict[str, None] = {}
    waiting, seen = deque([(file, 0)]), 0
    while waiting and seen < FEW_OBJECTS:
        group, depth = waiting.popleft()
        for name in _names(group):
            seen += 1
            link = group.get(name, getlink=True)
            if type(link).__name__ == "ExternalLink":
                found[PurePath(str(link.filename)).name] = None
                continue
            item = get(group, name)
            if hasattr(item, "shape"):
                found.update(dict.fromkeys(PurePath(other).name for other in elsewhere(item)))
            elif hasattr(item, "keys") and depth < 3:
                waiting.append((item, depth + 1))
    return list(found)


def is_readable(dataset: Any) -> bool:
    """Whether the numbers lie in this file, in pieces that fit into memory."""
    return piece_bytes(dataset) <= MAX_PIECE_BYTES and not elsewhere(dataset)


def piece_bytes(dataset: Any) -> int:
    """Bytes that are read at least, however little is wanted."""
    pieces = dataset.chunks
    if pieces is None:
        return 0
    size = int(dataset.dtype.itemsize)
    for length in pieces:
        size *= int(length)
    return size


def decode(value: Any) -> str:
    """Text of an attribute, whatever HDF5 made of it."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def attribute(item: Any, name: str) -> Any:
    """An attribute; an empty text where it is absent or cannot be read."""
    try:
        return item.attrs.get(name, "")
    except (RuntimeError, OSError, KeyError, TypeError, ValueError):
        return ""
