"""Read HDF5 files of unknown origin: open them and walk through them without leaving them.

External links, virtual datasets and external storage point to other files. They are never
followed: such a file could name any file of the machine, or a pipe that never answers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Errors of h5py on damaged or strange objects.
ERRORS = (RuntimeError, KeyError, OSError, TypeError, ValueError)
# Foreign files may hold a hundred thousand objects; scans lie near the top.
MAX_OBJECTS = 3000
FEW_OBJECTS = 200
_MAX_NAMES = 1000
_MAX_DEPTH = 8
_MAX_SOFT_LINKS = 8
# A piece of a compressed dataset is read as a whole.
MAX_PIECE_BYTES = 512 * 2**20
# Times or indices of the pixels of a scan.
MAX_NUMBERS = 10_000_000


def open_file(path: Path) -> Any:
    """Open an HDF5 file for reading, with further compression filters if they are installed.

    Raises
    ------
    ValueError
        If another program is writing it, or HDF5 cannot open it.
    OSError
        If it cannot be read.
    """
    import h5py

    _register_filters()
    try:
        return h5py.File(path, "r")
    except (PermissionError, FileNotFoundError):
        raise
    except OSError as error:
        if "unable to lock" in str(error):
            raise ValueError(f"{path.name} is being written by another program.") from None
        raise ValueError(f"{path.name} is truncated or damaged: HDF5 cannot open it.") from None


@cache
def _register_filters() -> None:
    try:
        import hdf5plugin  # noqa: F401
    except ImportError:
        pass


def why_unreadable(path: Path, error: Exception) -> str:
    """Explain in one sentence why HDF5 cannot read the counts."""
    text = str(error)
    if "required filter" in text or "not registered" in text or "plugin" in text:
        return f"{path.name} is compressed in a way that needs the package hdf5plugin."
    return f"{path.name} is damaged: HDF5 cannot read its datasets."


def get(home: Any, path: str) -> Any:
    """Return the object at a path below `home`; None where there is none inside this file.

    Soft links are followed as long as they stay in the file.
    """
    if not _stays_inside(home, path, _MAX_SOFT_LINKS):
        return None
    try:
        return home.get(path)
    except ERRORS:
        return None


def readable_dataset(home: Any, path: str) -> Any:
    """Return a dataset below `home` whose numbers lie in this file.

    Raises
    ------
    KeyError
        If there is none, or it lies elsewhere, or in chunks that are far too large.
    """
    dataset = get(home, path)
    if not hasattr(dataset, "shape") or not is_readable(dataset):
        raise KeyError(path)
    return dataset


def _stays_inside(home: Any, path: str, budget: int) -> bool:
    group = home.file if path.startswith("/") else home
    parts = [part for part in path.split("/") if part not in ("", ".")]
    for depth, part in enumerate(parts):
        try:
            link = group.get(part, getlink=True)
            kind = type(link).__name__
            if kind == "SoftLink":
                rest = "/".join([link.path, *parts[depth + 1 :]])
                return budget > 0 and _stays_inside(group, rest, budget - 1)
            if kind != "HardLink":
                return False
            group = group[part]
        except (*ERRORS, AttributeError):
            return False
    return True


def datasets(file: Any, limit: int = MAX_OBJECTS) -> Iterator[Any]:
    """Iterate over the datasets of a file, up to `limit` objects, those nearest the top first."""
    return (item for _, _, item in _walk(file, limit, _MAX_DEPTH) if hasattr(item, "shape"))


def linked_files(file: Any) -> list[str]:
    """List the names of the files that external links near the top, or datasets, point to."""
    found: dict[str, None] = {}
    for group, name, item in _walk(file, FEW_OBJECTS, 3):
        link = group.get(name, getlink=True)
        if type(link).__name__ == "ExternalLink":
            found[PurePath(str(link.filename)).name] = None
        elif hasattr(item, "shape"):
            found.update(dict.fromkeys(PurePath(other).name for other in external_files(item)))
    return list(found)


def _walk(file: Any, limit: int, depth_limit: int) -> Iterator[tuple[Any, str, Any]]:
    """Iterate breadth first over group, name and object (None outside the file) of all links."""
    waiting: deque[tuple[Any, int]] = deque([(file, 0)])
    entered: set[Any] = set()
    count = 0
    while waiting:
        group, depth = waiting.popleft()
        for name in _names(group):
            count += 1
            if count > limit:
                return
            item = _child(group, name)
            yield group, name, item
            if not hasattr(item, "shape") and hasattr(item, "keys") and depth < depth_limit:
                mark = address(item)
                if mark not in entered:
                    entered.add(mark)
                    waiting.append((item, depth + 1))


def _names(group: Any) -> list[str]:
    """List the first names in a group; h5py's own iterator fetches all of them first."""
    names: list[str] = []

    def add(name: bytes) -> bool | None:
        names.append(name.decode("utf-8", "surrogateescape"))
        return True if len(names) >= _MAX_NAMES else None

    try:
        group.id.links.iterate(add)
    except ERRORS:
        return []
    return names


def _child(group: Any, name: str) -> Any:
    """Return the object of a single name as :func:`get` does, faster where it is no link."""
    import h5py

    try:
        info = group.id.links.get_info(name.encode("utf-8", "surrogateescape"))
        if info.type == h5py.h5l.TYPE_HARD:
            return group[name]
    except ERRORS:
        return None
    return get(group, name)


def address(item: Any) -> Any:
    """Return what identifies an object of a file under all of its names."""
    import h5py

    return h5py.h5o.get_info(item.id).addr


def external_files(dataset: Any) -> list[str]:
    """List the names of the other files in which the numbers of a dataset lie."""
    try:
        if dataset.external:
            return [str(name) for name, _, _ in dataset.external]
        if dataset.is_virtual:
            sources = {source.file_name for source in islice(dataset.virtual_sources(), 1000)}
            return sorted(sources - {"."})
    except (RuntimeError, OSError, ValueError):
        return ["an unknown file"]
    return []


def is_readable(dataset: Any) -> bool:
    """Return whether the numbers lie in this file, in pieces that fit into memory."""
    return piece_bytes(dataset) <= MAX_PIECE_BYTES and not external_files(dataset)


def piece_bytes(dataset: Any) -> int:
    """Return the size of the smallest part that can be read."""
    size = int(dataset.dtype.itemsize)
    for length in dataset.chunks or (0,):
        size *= int(length)
    return size


def decode(value: Any) -> str:
    """Return the text of an attribute."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def attribute(item: Any, name: str) -> Any:
    """Return an attribute; an empty text where it is absent or cannot be read."""
    try:
        return item.attrs.get(name, "")
    except ERRORS:
        return ""


def read_numbers(dataset: Any) -> NDArray[np.float64] | None:
    """Read a dataset of at most one number per pixel; None where there is no such dataset."""
    if dataset is None or getattr(dataset, "dtype", np.dtype("O")).kind not in "iuf":
        return None
    if dataset.shape is None or dataset.size > MAX_NUMBERS:
        return None
    try:
        return np.asarray(dataset[()], dtype=np.float64)
    except (RuntimeError, OSError, ValueError):
        return None
