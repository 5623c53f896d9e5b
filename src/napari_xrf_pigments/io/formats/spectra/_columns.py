"""Text of a header and columns of numbers, separated by commas, semicolons, tabs or blanks."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.io._reader import MAX_CHANNELS, parse_float

#: Fewer rows are no spectrum.
MIN_ROWS = 128
_MAX_HEADER_LINES = 500
_MAX_COLUMNS = 10_000
_FOOTER_LINES = 5
# "Live Time,55.5", "Live time = 55.5 s", "#LIVETIME : 55.5", "kV<tab>40"
_ENTRY = re.compile(r"[#;%/\s]*([^,;:=\t]*[^,;:=\t\s])\s*[,;:=\t]\s*(.*?)\s*")
_COMMENT = "#%;/! "


@dataclass(frozen=True)
class Columns:
    """A text in columns.

    Parameters
    ----------
    header : dict of str to str
        The "key: value" lines before the columns, keys in lower case.
    heading : tuple of str
        The words of the last line before the columns.
    text : str
        All lines before the columns.
    values : ndarray, shape (row, column)
        The numbers.
    """

    header: dict[str, str]
    heading: tuple[str, ...]
    text: str
    values: NDArray[np.float64]

    def find(self, *patterns: str) -> tuple[str, str] | None:
        """Return key and value of the first entry whose key matches one of some expressions."""
        for pattern in patterns:
            for key, value in self.header.items():
                if re.fullmatch(pattern, key):
                    return key, value
        return None

    def number(self, *patterns: str) -> float | None:
        """Return the number of such an entry, units behind it allowed."""
        found = self.find(*patterns)
        if found is None:
            return None
        return parse_float(next(iter(found[1].strip('"').split()), None))


def parse_columns(text: str) -> Columns | None:
    """Parse a text in columns; None where fewer than 128 rows of numbers end it, or too many.

    A few lines without numbers may follow the columns.
    """
    if text.count("\n") > MAX_CHANNELS + _MAX_HEADER_LINES:
        return None
    lines = [line for line in text.splitlines() if line.strip()]
    end = len(lines)
    last = None
    while end and last is None:
        last = _numbers(lines[end - 1])
        end -= last is None
        if len(lines) - end > _FOOTER_LINES:
            return None
    if last is None or not 0 < len(last) <= _MAX_COLUMNS:
        return None
    rows, start = [last], end - 1
    while start:
        row = _numbers(lines[start - 1])
        if row is None or len(row) != len(last):
            break
        rows.append(row)
        start -= 1
    if len(rows) < MIN_ROWS or start > _MAX_HEADER_LINES:
        return None
    values = np.array(rows[::-1], dtype=np.float64)
    top = lines[:start]
    heading = tuple(_split(top[-1].strip(_COMMENT))) if top else ()
    return Columns(_entries(top), heading, "\n".join(top), values)


def decode(data: bytes) -> str | None:
    """Decode the bytes of a text; None where they are none."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\0" in data[:4096]:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _entries(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        entry = _ENTRY.fullmatch(line)
        if entry is not None and entry[2]:
            found.setdefault(entry[1].strip().strip('"').lower(), entry[2].strip('"'))
    return found


def _split(line: str) -> list[str]:
    for mark in (";", "\t"):
        if mark in line:
            return [word.strip().strip('"') for word in line.strip().strip(mark).split(mark)]
    if "," in line and not re.search(r"[^,\s]\s+\S", line):
        return [word.strip().strip('"') for word in line.strip().strip(",").split(",")]
    if "," in line and re.search(r",\s|[A-Za-z\"]", line):
        return [word.strip().strip('"') for word in line.strip().strip(",").split(",")]
    return line.split()  # commas in these numbers are decimal


def _numbers(line: str) -> list[float] | None:
    values = []
    for word in _split(line):
        value = parse_float(word)
        if value is None:
            return None
        values.append(value)
    return values or None
