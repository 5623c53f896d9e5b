"""Folders of PMCA texts, one a pixel, with colonneXrighe.txt (CHNet, XISMuS, Elio).

Pixels are numbered row after row from the upper left, every row in the same direction;
files are named with their number, not padded with zeros.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_xrf_pigments.cube import EnergyAxis, Source, XRFCube
from napari_xrf_pigments.io import _detectors as detectors
from napari_xrf_pigments.io._reader import FormatReader, ReadOptions, check_size, head

from . import spectrum as mca
from ._files import PixelFiles, ScanTable, check_coverage, find_pixels, find_table, parse_table
from ._mca_load import Pixels, added, in_order, live_time, read_pixels, same_spectra, sample
from ._scan_direction import direction_note

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
    table = parse_table(head(table_file, 10_000).decode("latin-1"), table_file.name)
    notes: list[str] = []
    sets = _choose(path, find_pixels(table_file, path), options, notes)
    for pixels in sets:
        check_coverage(table, pixels, table_file.name)
        if pixels.others:
            shown = ", ".join(pixels.others[:4])
            notes.append(f"{len(pixels.others)} further .mca files are not pixels ({shown}).")
    return _open(table_file.parent, table, sets, options, notes)


def _choose(
    path: Path, sets: list[PixelFiles], options: ReadOptions, notes: list[str]
) -> list[PixelFiles]:
    """The pixel files of all detectors, or of the folder that is asked for."""
    if not sets:
        raise ValueError(f"{path.name} has a colonneXrighe.txt but no numbered .mca files.")
    if options.dataset is not None:
        for pixels in sets:
            if pixels.folder.name == options.dataset:
                return [pixels]
        names = ", ".join(pixels.folder.name for pixels in sets)
        raise ValueError(f"{path.name} has no folder {options.dataset}; it has {names}.")
    kept: list[PixelFiles] = []
    for pixels in sets:
        twin = next((each for each in kept if same_spectra(each, pixels)), None)
        if twin is None:
            kept.append(pixels)
        else:
            notes.append(
                f"{pixels.folder.name} holds the same spectra as {twin.folder.name}: left out."
            )
    return kept


def _open(
    root: Path, table: ScanTable, sets: list[PixelFiles], options: ReadOptions, notes: list[str]
) -> XRFCube:
    shape, declared = (table.rows, table.columns), table.rows * table.columns
    heads = [sample(pixels) for pixels in sets]
    said: list[list[str]] = [[] for _ in sets]
    axes = [
        mca.energy_axis(header, channels, about)
        for (channels, header), about in zip(heads, said, strict=True)
    ]
    chosen = _detectors([pixels.folder.name for pixels in sets], axes, options, notes)
    notes += dict.fromkeys(note for number in chosen for note in said[number])
    axis = axes[chosen[0]]
    check_size(root.name, table.rows, table.columns, axis.n_channels)
    loaded: Pixels | None = None
    for number in chosen:
        names = in_order(sets[number], declared, notes)
        pixels = read_pixels(sets[number], names, table, axis.n_channels)
        loaded = pixels if loaded is None else added(loaded, pixels)
    assert loaded is not None  # there is at least one detector
    missing = declared - int(loaded.valid.sum())
    if missing == declared:
        raise ValueError(f"{root.name} holds no complete pixel file.")
    if missing:
        notes.append(f"{missing} of {declared} pixels are missing or incomplete.")
    live_time_s = live_time(loaded, table.dwell_s, notes)
    if isinstance(loaded.counts, np.ndarray):
        note = direction_note(loaded.counts.sum(axis=2, dtype=np.int64))
        notes += [] if note is None else [note]
    size = sum(size for number in chosen for _, size in sets[number].files.values())
    return XRFCube.from_array(
        loaded.counts,
        gain_kev=axis.gain_kev,
        offset_kev=axis.offset_kev,
        energy_source=axis.source,
        live_time_s=None if live_time_s is None else live_time_s.reshape(shape),
        valid=loaded.valid.reshape(shape) if missing else None,
        source=Source(root, FORMAT, size, root.stat().st_mtime, tuple(notes)),
    )


def _detectors(
    names: list[str], axes: list[EnergyAxis], options: ReadOptions, notes: list[str]
) -> tuple[int, ...]:
    if len(names) == 1:
        detectors.only_one(None if options.detector == names[0] else options.detector)
        return (0,)
    chosen = detectors.choose(options.detector, names)
    if chosen is None:
        chosen = detectors.by_default(names, axes, notes)
    if len({axes[number].n_channels for number in chosen}) > 1:
        raise ValueError("The detectors have different numbers of channels: choose one of them.")
    detectors.say_chosen(chosen, names, notes)
    return chosen


READER = FormatReader(FORMAT, matches, read, chooses_detectors=True, slow=True)
