"""Element maps as text: a matrix, or a table with one line per pixel."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .._reader import MAX_PIXELS, check_size, parse_float, read_head
from ._names import map_name, name_in
from ._values import as_map

MATRIX_FORMAT = "element map as text"
TABLE_FORMAT = "table of element maps"
MAX_TEXT_BYTES = 512 * 2**20
_LONGEST_LINE = 2**22
#: Rows of two numbers from which a rising column makes a curve.
_ROWS_OF_CURVE = 16
SUFFIXES = (".csv", ".txt", ".dat", ".asc", ".tsv")
_ROWS = ("row", "y", "line", "y_px", "y (px)")
_COLUMNS = ("column", "col", "x", "x_px", "x (px)")
# PyMca writes the standard deviation of Fe-K as s(Fe-K).
_SIGMA = re.compile(r"s\((.*)\)")


@dataclass(frozen=True)
class TextMaps:
    """Maps read from text: names, maps (map, y, x), and their standard deviations if given."""

    names: tuple[str, ...]
    counts: NDArray[np.float32]
    sigma: NDArray[np.float32] | None
    format: str


def matches(path: Path) -> bool:
    """Return whether a text begins as a named matrix or a table of maps."""
    lines = _lines(read_head(path, 64 * 2**10))
    if len(lines) < 2:
        return False
    if _columns(lines[0]) is not None:
        return _numbers(lines[1]) is not None
    return name_in(path.stem) is not None and is_matrix(path)


def is_matrix(path: Path) -> bool:
    """Return whether a file begins as a matrix of numbers; a curve, x and y, is none."""
    lines = _lines(read_head(path, 64 * 2**10))
    rows = [row for row in map(_numbers, lines[:_ROWS_OF_CURVE]) if row is not None]
    if len(lines) == 1 or not rows or len(rows) < min(len(lines), 3) or len(rows[0]) < 2:
        return False
    return len({len(row) for row in rows[:2]}) == 1 and not _is_curve(rows)


def _is_curve(rows: Sequence[Sequence[float]]) -> bool:
    """Return whether many rows hold two numbers each, of which one rises all the way."""
    if len(rows) < _ROWS_OF_CURVE or any(len(row) != 2 for row in rows):
        return False
    return any(
        all(after[column] > before[column] for before, after in pairwise(rows)) for column in (0, 1)
    )


def load(path: Path) -> TextMaps:
    """Read maps.

    Raises
    ------
    ValueError
        If the text is damaged or no map.
    """
    if path.stat().st_size > MAX_TEXT_BYTES:
        raise ValueError(f"{path.name} is far too large for a text of maps.")
    lines = _all_lines(path)
    first = next(lines, "")
    columns = _columns(first)
    return _matrix(path, chain([first], lines)) if columns is None else _table(path, lines, columns)


def _all_lines(path: Path) -> Iterator[str]:
    """Iterate over the lines that are neither empty nor comments."""
    if b"\0" in read_head(path, 4096):
        return
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        while line := file.readline(_LONGEST_LINE):
            if len(line) == _LONGEST_LINE:
                raise ValueError(f"{path.name} has a line that is far too long for a map.")
            if line.strip() and not line.startswith("#"):
                yield line.rstrip("\n")


def _lines(data: bytes) -> list[str]:
    """Split the beginning of a file into lines that are neither empty nor comments, uncut."""
    if b"\0" in data[:4096]:
        return []
    text = data.decode("utf-8-sig", "replace")
    lines = text.splitlines()
    if len(lines) > 2:
        lines = lines[:-1]
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _split(line: str) -> list[str]:
    for mark in (";", "\t"):
        if mark in line:
            return [word.strip().strip('"') for word in line.rstrip(mark).split(mark)]
    if "," in line:
        return [word.strip().strip('"') for word in line.strip().rstrip(",").split(",")]
    return line.split()


def _numbers(line: str) -> list[float] | None:
    values = []
    for word in _split(line):
        value = float("nan") if word.lower() in ("", "nan") else parse_float(word)
        if value is None:
            return None
        values.append(value)
    return values


def _columns(line: str) -> list[str] | None:
    """Return the names of the columns if the line is the heading of a table of maps."""
    names = _split(line)
    lowered = [name.lower() for name in names]
    placed = any(name in _ROWS for name in lowered) and any(name in _COLUMNS for name in lowered)
    return names if placed and any(map_name(name) for name in names) else None


def _matrix(path: Path, lines: Iterable[str]) -> TextMaps:
    rows: list[NDArray[np.float32]] = []
    for line in lines:
        values = _numbers(line)
        if values is None or (rows and len(values) != rows[0].size):
            raise ValueError(
                f"{path.name} is no map: line {len(rows) + 1} does not fit the others."
            )
        rows.append(as_map(values))
    if len(rows) < 2 or rows[0].size < 2:
        raise ValueError(f"{path.name} holds no map of numbers.")
    name = name_in(path.stem) or path.stem
    return TextMaps((name,), np.stack(rows)[None], None, MATRIX_FORMAT)


def _table(path: Path, lines: Iterable[str], columns: list[str]) -> TextMaps:
    numbers = array("d")
    for index, line in enumerate(lines):
        row = _numbers(line)
        if row is None or len(row) != len(columns):
            raise ValueError(f"{path.name} is damaged: line {index + 2} does not fit the heading.")
        numbers.extend(row)
    values = np.frombuffer(numbers, np.float64).reshape(-1, len(columns))
    lowered = [name.lower() for name in columns]
    y = _indices(path, values[:, next(i for i, name in enumerate(lowered) if name in _ROWS)])
    x = _indices(path, values[:, next(i for i, name in enumerate(lowered) if name in _COLUMNS)])
    shape = int(y.max()) + 1, int(x.max()) + 1
    check_size(path.name, *shape, 1)
    if shape[0] * shape[1] > min(MAX_PIXELS, 4 * len(values) + 1000):
        raise ValueError(f"{path.name}: the positions of the pixels do not form an image.")

    def image(column: int) -> NDArray[np.float32]:
        found = np.full(shape, np.nan, dtype=np.float32)
        found[y, x] = as_map(values[:, column])
        return found

    maps = {map_name(name): index for index, name in enumerate(columns)}
    maps.pop(None, None)
    names = tuple(name for name in maps if name is not None)
    counts = np.stack([image(maps[name]) for name in names])
    errors = {
        map_name(match[1]): index
        for index, match in enumerate(_SIGMA.fullmatch(name) for name in columns)
        if match is not None
    }
    if not errors:
        return TextMaps(names, counts, None, TABLE_FORMAT)
    unknown = np.full(shape, np.nan, dtype=np.float32)
    sigma = np.stack([image(errors[name]) if name in errors else unknown for name in names])
    return TextMaps(names, counts, sigma, TABLE_FORMAT)


def _indices(path: Path, values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Convert evenly spaced positions, in pixels or mm, to indices from 0."""
    if values.size == 0 or not np.all(np.isfinite(values)):
        raise ValueError(f"{path.name} does not say where its pixels are.")
    different = np.unique(values)
    step = float(np.diff(different).min()) if different.size > 1 else 1.0
    positions = (values - different[0]) / step
    if positions.max() > MAX_PIXELS or np.any(np.abs(positions - np.rint(positions)) > 0.2):
        raise ValueError(f"{path.name}: the positions of the pixels are not evenly spaced.")
    whole: NDArray[np.int64] = np.rint(positions).astype(np.int64)
    return whole
