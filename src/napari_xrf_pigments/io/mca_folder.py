"""Folders of PMCA texts, one a pixel, with colonneXrighe.txt (CHNet, XISMuS, Elio).

Pixels are numbered row after row from the upper left, every row in the same direction;
files are named with their number, not padded with zeros.
"""

from __future__ import annotations

from pathlib import Path

from ..cube import Source, XRFCube
from . import mca
from .contract import FormatReader, ReadOptions, check_size
from .mca_layout import (
    PixelFiles,
    ScanTable,
    check_coverage,
    find_pixels,
    find_table,
    parse_table,
)
from .mca_load import in_order, live_time, read_pixels, sample

FORMAT = "folder of PMCA spectra (.mca)"
_FEW = 5


def matches(path: Path) -> bool:
    """Whether there is a table of a scan with pixel files, or a folder of spectra."""
    try:
        tables = find_table(path)
        if path.is_file():
            return bool(tables) and bool(find_pixels(tables[0], path.parent))
        return path.is_dir() and (bool(tables) or bool(_only_spectra(path)))
    except OSError:
        return False


def _only_spectra(path: Path) -> bool:
    return any(mca.matches(child) for child in sorted(path.glob("*.mca"))[:_FEW] if child.is_file())


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open a scan; small ones (under 256 MB) are read at once, which is the fastest way.

    Raises
    ------
    ValueError
        If the table or the pixel files are missing, contradict each other or hold nothing.
    """
    tables = find_table(path)
    if not tables:
        raise ValueError(
            f"{path.name} holds .mca spectra but no colonneXrighe.txt, "
            "which says how many rows and columns the scan has."
        )
    if len(tables) > 1:
        found = ", ".join(table.parent.name for table in tables[:5])
        raise ValueError(f"{path.name} holds {len(tables)} scans ({found}): open one of them.")
    table_file = tables[0]
    table = parse_table(table_file.read_text("latin-1")[:10_000], table_file.name)
    notes: list[str] = []
    pixels = _choose(path, find_pixels(table_file, path), options, notes)
    check_coverage(table, pixels, table_file.name)
    if pixels.others:
        shown = ", ".join(pixels.others[:4])
        notes.append(f"{len(pixels.others)} further .mca files are not pixels ({shown}).")
    return _open(table_file.parent, table, pixels, notes)


def _choose(
    path: Path, sets: list[PixelFiles], options: ReadOptions, notes: list[str]
) -> PixelFiles:
    if not sets:
        raise ValueError(f"{path.name} has a colonneXrighe.txt but no numbered .mca files.")
    names = ", ".join(pixels.folder.name for pixels in sets)
    if options.dataset is not None:
        for pixels in sets:
            if pixels.folder.name == options.dataset:
                return pixels
        raise ValueError(f"{path.name} has no folder {options.dataset}; it has {names}.")
    if len(sets) > 1:
        notes.append(f"There are several detectors ({names}); {sets[0].folder.name} was opened.")
    return sets[0]


def _open(root: Path, table: ScanTable, pixels: PixelFiles, notes: list[str]) -> XRFCube:
    channels, header = sample(pixels)
    check_size(root.name, table.rows, table.columns, channels)
    shape, declared = (table.rows, table.columns), table.rows * table.columns
    names = in_order(pixels, declared, notes)
    axis = mca.energy_axis(header, channels, notes)
    loaded = read_pixels(pixels, names, table, channels)
    missing = declared - int(loaded.valid.sum())
    if missing == declared:
        raise ValueError(f"{root.name} holds no complete pixel file.")
    if missing:
        notes.append(f"{missing} of {declared} pixels are missing or incomplete.")
    live_time_s = live_time(loaded, table.dwell_s, notes)
    size = sum(size for _, size in pixels.files.values())
    return XRFCube.from_array(
        loaded.counts,
        gain_kev=axis.gain_kev,
        offset_kev=axis.offset_kev,
        energy_source=axis.source,
        live_time_s=None if live_time_s is None else live_time_s.reshape(shape),
        valid=loaded.valid.reshape(shape) if missing else None,
        source=Source(root, FORMAT, size, root.stat().st_mtime, tuple(notes)),
    )


READER = FormatReader(FORMAT, matches, read, slow=True)
