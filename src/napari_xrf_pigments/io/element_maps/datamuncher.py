"""Datamuncher's element maps: .dms (binary) and .ims (text).

Both begin with the number of axes less one and the lengths (x, y, map); then come the numbers,
32-bit floats or text, and one name a line (Datamuncher's wiki, "File formats").
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from .._reader import check_size, read_head
from ._values import as_map

FORMAT = "Datamuncher maps (.dms)"
TEXT_FORMAT = "Datamuncher maps (.ims)"
MAX_MAPS = 10_000
_HEADER = re.compile(
    rb"\s{0,20}2[ \t]{0,20}\r?\n[ \t]{0,40}(\d{1,9})[ \t]+(\d{1,9})[ \t]+(\d{1,9})[ \t]*\r?\n"
)
_NAME = re.compile(r"[\x20-\x7e\xa0-\xff]{1,80}")
_NAMES_BYTES = 2**20
_TEXT = re.compile(rb"[0-9eE+\-.\s]*[A-Za-z\-0-9\s]*")


def matches(path: Path) -> bool:
    """Return whether the file begins as Datamuncher's do; a truncated one still counts."""
    return path.is_file() and _HEADER.match(read_head(path, 256)) is not None


def load(path: Path) -> tuple[tuple[str, ...], Any, str]:
    """Read names, maps (map, y, x) float32, and the name of the format; binary maps stay on disk.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    found = _HEADER.match(read_head(path, 256))
    if found is None:
        raise ValueError(f"{path.name} is not a file of Datamuncher.")
    columns, rows, count = (int(length) for length in found.groups())
    check_size(path.name, rows, columns, count)
    if count > MAX_MAPS:
        raise ValueError(f"{path.name} declares {count} maps, so its header is probably damaged.")
    start, needed = found.end(), 4 * rows * columns * count
    size = path.stat().st_size
    if size >= start + needed and not _TEXT.fullmatch(read_head(path, start + 200)[start:]):
        names = _names(path, start + needed, count)
        if names is not None:
            shape = (count, rows, columns)
            return names, np.memmap(path, "<f4", "r", start, shape), FORMAT
    text = _from_text(path, start, (count, rows, columns))
    if text is None:
        raise ValueError(
            f"{path.name} is truncated or damaged: it declares {count} maps of "
            f"{rows} x {columns} pixels, which it does not hold."
        )
    return (*text, TEXT_FORMAT)


def _names(path: Path, start: int, count: int) -> tuple[str, ...] | None:
    """Read the names after the numbers; None where there are none."""
    with path.open("rb") as file:
        file.seek(start)
        lines = file.read(_NAMES_BYTES).decode("latin-1").split("\n")
    names = [line.strip() for line in lines if line.strip()][:count]
    if len(names) < count or not all(_NAME.fullmatch(name) for name in names):
        return None
    return tuple(names)


def _from_text(
    path: Path, start: int, shape: tuple[int, int, int]
) -> tuple[tuple[str, ...], np.ndarray[Any, Any]] | None:
    """Read names and maps of the text form; None where the file has another form."""
    count = shape[0] * shape[1] * shape[2]
    # Each number takes two bytes at least, and never so many as this.
    size = path.stat().st_size - start
    if not 2 * count <= size <= 40 * count + _NAMES_BYTES or b"\0" in read_head(path, 4096):
        return None
    with path.open("rb") as file:
        file.seek(start)
        words = file.read().split(None, count)
    if len(words) <= count:
        return None
    try:
        values = as_map(words[:count]).reshape(shape)
    except ValueError:
        return None
    rest = words[count].decode("latin-1").split("\n")
    names = tuple(line.strip() for line in rest if line.strip())[: shape[0]]
    return (names, values) if len(names) == shape[0] else None
