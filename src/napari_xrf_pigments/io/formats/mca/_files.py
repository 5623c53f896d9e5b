"""The pixel files of a scan in a folder, and their order."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from napari_xrf_pigments.io._reader import check_size, parse_float, read_head

from .spectrum import MAGIC

TABLE = "colonnexrighe.txt"
_NUMBERED = re.compile(r"(.*?)(\d+)\.mca", re.IGNORECASE)
# A dropped folder may be a whole archive.
_MAX_SUBFOLDERS = 500
# Scans that were stopped early have fewer files than pixels, but not a thousandth of them.
_LEAST_SHARE = 1e-3


@dataclass(frozen=True)
class ScanTable:
    """The content of colonneXrighe.txt.

    Parameters
    ----------
    rows, columns : int
        Size of the scan.
    dwell_s : float or None
        Time per pixel in s.
    """

    rows: int
    columns: int
    dwell_s: float | None


@dataclass(frozen=True)
class PixelFiles:
    """The pixel files of one detector.

    Parameters
    ----------
    folder : Path
        The folder of the files.
    prefix : str
        The part of their names before the number.
    files : dict of int to (str, int)
        Name and size in bytes by number.
    others : tuple of str
        Further .mca files, which are not pixels.
    """

    folder: Path
    prefix: str
    files: dict[int, tuple[str, int]]
    others: tuple[str, ...]


def parse_table(text: str, name: str = "The table") -> ScanTable:
    """Parse rows ("righe"), columns ("colonne") and dwell time.

    Raises
    ------
    ValueError
        If rows or columns are missing or impossible; `name` is that of the file in the message.
    """
    numbers: dict[str, float] = {}
    for line in text.splitlines():
        words = re.split(r"[\s:=]+", line.strip().lower())
        value = parse_float(words[-1])
        if len(words) > 1 and value is not None:
            numbers[words[0]] = value
    rows, columns = numbers.get("righe"), numbers.get("colonne")
    if rows is None or columns is None or rows != int(rows) or columns != int(columns):
        raise ValueError(
            f"{name} does not state how many rows (righe) and columns (colonne) there are."
        )
    check_size(name, int(rows), int(columns), 1)
    dwell = numbers.get("dwell-time", 0.0)
    return ScanTable(int(rows), int(columns), dwell if dwell > 0 else None)


def find_table(path: Path) -> list[Path]:
    """List the tables of scans in `path`, beside it (a folder of pixels) or one level down."""
    if path.is_file():
        return [path] if path.name.lower() == TABLE else []
    here = _table_in(path)
    if here is not None:
        return [here]
    above = _table_in(path.parent)
    if above is not None and _has_pixels(path):
        return [above]
    tables = (_table_in(folder) for folder in _subfolders(path))
    return [table for table in tables if table is not None]


def find_pixels(table: Path, dropped: Path) -> list[PixelFiles]:
    """List the sets of pixel files of a scan, one per detector, sorted by folder."""
    if dropped.is_dir() and dropped == table.parent / dropped.name and _has_pixels(dropped):
        folders = [dropped]
    else:
        folders = [table.parent, *_subfolders(table.parent)]
    sets = (_pixels_in(folder) for folder in folders)
    return [pixels for pixels in sets if pixels is not None]


def first_number(pixels: PixelFiles) -> int:
    """Return the number of the first pixel: 0 or 1."""
    return 0 if 0 in pixels.files else 1


def check_coverage(table: ScanTable, pixels: PixelFiles, name: str) -> None:
    """Refuse a table that does not fit the files.

    Raises
    ------
    ValueError
        If hardly any declared pixel has a file.
    """
    declared = table.rows * table.columns
    if len(pixels.files) < _LEAST_SHARE * declared:
        raise ValueError(
            f"{name} declares {table.rows} x {table.columns} pixels, "
            f"but there are only {len(pixels.files)} pixel files."
        )


def _pixels_in(folder: Path) -> PixelFiles | None:
    series: dict[str, dict[int, tuple[str, int]]] = {}
    names: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.lower().endswith(".mca"):
                continue
            names.append(entry.name)
            found = _NUMBERED.fullmatch(entry.name)
            # Points measured by hand after the scan are saved beside it.
            if found is not None and not found[1].lower().startswith("spot") and entry.is_file():
                size = entry.stat().st_size
                series.setdefault(found[1], {})[int(found[2])] = (entry.name, size)
    if not series:
        return None
    prefix = max(series, key=lambda key: len(series[key]))
    used = {name for name, _ in series[prefix].values()}
    return PixelFiles(folder, prefix, series[prefix], tuple(sorted(set(names) - used)))


def _has_pixels(folder: Path) -> bool:
    """Return whether one of the first .mca files of the folder holds such a spectrum."""
    with os.scandir(folder) as entries:
        texts = (Path(entry) for entry in entries if entry.name.lower().endswith(".mca"))
        return any(read_head(text, 64).lstrip().startswith(MAGIC) for text in islice(texts, 5))


def _table_in(folder: Path) -> Path | None:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.lower() == TABLE]
    except OSError:
        return None
    return folder / names[0] if names else None


def _subfolders(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        found = (Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False))
        return sorted(islice(found, _MAX_SUBFOLDERS))
