"""Positions of point measurements: a table of them, or what the headers of spectra state."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .._metadata import LENGTH_UNITS_MM
from .._reader import parse_float, read_head, read_limited

_NAME = re.compile(r"(?:file ?)?name|file|spectrum|point|sample|id|label", re.IGNORECASE)
_UNIT = r"(?:[ _]*[(\[]?(?P<unit>mm|cm|um|µm|μm|m|px|pixels?)[)\]]?)?"
_AXES = {
    "x": re.compile(rf"(?:stage|pos(?:ition)?|motor)?[ _-]?x{_UNIT}|column|col", re.IGNORECASE),
    "y": re.compile(rf"(?:stage|pos(?:ition)?|motor)?[ _-]?y{_UNIT}|row|line", re.IGNORECASE),
}
_HEAD_BYTES = 32 * 2**10
_KEY = (
    r"^[#\s\"]*(?:{0}[ _-]?pos(?:ition)?|(?:stage|pos(?:ition)?|motor)[ _-]?{0}|{0}[ _]?\(\w+\))"
    r"(?P<about>[^:=,;\t\r\n]*)[:=,;\t]\s*\"?(?P<value>[-+]?[0-9.]+(?:e[-+]?\d+)?)"
)
_STATED = {
    axis: re.compile(_KEY.format(axis).encode(), re.IGNORECASE | re.MULTILINE) for axis in "xy"
}


@dataclass(frozen=True)
class Positions:
    """Positions of spectra.

    Parameters
    ----------
    names : tuple of str
        Names of the spectra, or of their files; empty where the positions are in their order.
    x, y : ndarray, shape (spectrum,)
        Positions.
    unit_mm : float or None
        Their unit in mm; None where unknown.
    """

    names: tuple[str, ...]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    unit_mm: float | None

    def of(self, names: Sequence[str], files: Sequence[str] = ()) -> Positions:
        """Return the positions of spectra by their names, NaN where there is none.

        Parameters
        ----------
        names : sequence of str
            Names of the spectra.
        files : sequence of str
            Names of their files, which the table may have instead.

        Raises
        ------
        ValueError
            If positions without names are not as many as the spectra.
        """
        if not self.names:
            if self.x.size != len(names):
                raise ValueError(
                    f"There are {self.x.size:,} positions, but {len(names):,} spectra."
                )
            return self
        rows = {name.lower(): row for row, name in enumerate(self.names)}
        found = []
        for number, name in enumerate(names):
            file = files[number] if number < len(files) else ""
            keys = (name.lower(), file.lower(), Path(file).stem.lower())
            found.append(next((rows[key] for key in keys if key in rows), -1))
        index = np.array(found, dtype=np.int64)
        x, y = (np.where(index >= 0, values[index], np.nan) for values in (self.x, self.y))
        return Positions(tuple(names), x, y, self.unit_mm)


def read_positions(path: Path) -> Positions:
    """Read a table with a column for x and one for y, and perhaps one for names.

    Parameters
    ----------
    path : Path
        Text with columns separated by commas, semicolons, tabs or blanks. The heading names them
        (``file,x_mm,y_mm``); without a heading the two columns are x and y.

    Raises
    ------
    ValueError
        If it is no such table.
    OSError
        If it cannot be read.
    """
    positions = parse_positions(read_limited(path).decode("utf-8-sig", "replace"))
    if positions is None:
        raise ValueError(
            f"{path.name} is no table of positions: it needs a column x and a column y, and a "
            "column with the names of the files unless it has one line for each, in their order."
        )
    return positions


def parse_positions(text: str) -> Positions | None:
    """Parse a table of positions; None where the text is none."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) < 2:
        return None
    mark = next((mark for mark in (";", "\t", ",") if mark in lines[0]), None)
    rows = list(csv.reader(lines, delimiter=mark)) if mark else [line.split() for line in lines]
    heading = [word.strip() for word in rows[0]]
    if len(heading) == 2 and all(parse_float(word) is not None for word in heading):
        return _positions(rows, None, 0, 1, None)
    columns = {
        axis: next((i for i, word in enumerate(heading) if pattern.fullmatch(word)), None)
        for axis, pattern in _AXES.items()
    }
    x, y = columns["x"], columns["y"]
    if x is None or y is None:
        return None
    name = next((i for i, word in enumerate(heading) if _NAME.fullmatch(word)), None)
    match = _AXES["x"].fullmatch(heading[x])
    unit = (match["unit"] or "") if match else ""
    return _positions(rows[1:], name, x, y, LENGTH_UNITS_MM.get(unit.lower()))


def _positions(
    rows: list[list[str]], name: int | None, x: int, y: int, unit_mm: float | None
) -> Positions | None:
    names, places = [], []
    for row in rows:
        if len(row) <= max(x, y, name or 0):
            return None
        place = parse_float(row[x]), parse_float(row[y])
        if None in place:
            return None
        places.append(place)
        if name is not None:
            names.append(row[name].strip())
    values = np.array(places, dtype=np.float64)
    return Positions(tuple(names), values[:, 0], values[:, 1], unit_mm)


def stated_position(path: Path) -> tuple[float, float] | None:
    """Return the position (x, y) in mm that the header of a spectrum states; None if it has none.

    Entries such as ``#XPOSITION -mm: 12.5``, ``Stage X (um),12500`` or ``X position = 12.5`` are
    read; without a unit they are in mm.
    """
    head = read_head(path, _HEAD_BYTES)
    found = []
    for pattern in _STATED.values():
        match = pattern.search(head)
        value = None if match is None else parse_float(match["value"].decode())
        if match is None or value is None:
            return None
        about = match[0].lower()
        unit = 1e-3 if re.search(rb"[\s_(-](?:um|\xb5m|\xc2\xb5m)\b", about) else 1.0
        found.append(value * (10.0 if re.search(rb"[\s_(-]cm\b", about) else unit))
    return found[0], found[1]
