"""Folders of PMCA texts, one per pixel, with colonneXrighe.txt (CHNet, XISMuS, Elio).

Pixels are numbered row after row from the upper left, every row in the same direction;
files are named with their number, not padded with zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import EnergyAxis, Source, XRFCube
from napari_xrf_pigments.io import _detector_choice as detectors
from napari_xrf_pigments.io._lazy import LazyCube, dask_counts
from napari_xrf_pigments.io._reader import FormatReader, ReadOptions, check_size, read_head

from . import spectrum as mca
from ._files import (
    PixelFiles,
    ScanTable,
    check_coverage,
    find_pixels,
    find_table,
    first_number,
    parse_table,
)
from ._scan_direction import direction_note

# Type of a count.
DTYPE: np.dtype[Any] = np.dtype(np.int32)
EAGER_BYTES = 256 * 2**20
_SAMPLE = 5


@dataclass(frozen=True)
class FolderCube(LazyCube):
    """A cube in text files, of which each access reads those of its pixels.

    Parameters
    ----------
    path : str
        The folder.
    names : tuple of tuple of str or None
        File of each pixel, row by row; None where there is none.
    channels : int
        Channels of a spectrum.
    """

    names: tuple[tuple[str | None, ...], ...]
    channels: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a count."""
        return DTYPE

    @property
    def shape(self) -> tuple[int, int, int]:
        """(y, x, channel)."""
        return len(self.names), len(self.names[0]), self.channels

    def read(self, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Read the files of the pixels within three slices."""
        rows, columns, channels = slices
        chosen = [names[columns] for names in self.names[rows]]
        counts = np.zeros((len(chosen), len(chosen[0]), self.channels), self.dtype)
        for y, names in enumerate(chosen):
            for x, name in enumerate(names):
                values = None if name is None else read_pixel(Path(self.path, name), self.channels)
                if values is not None:
                    counts[y, x] = values
        return counts[:, :, channels]


def read_pixel(path: Path, channels: int) -> NDArray[np.int64] | None:
    """Read the counts of a pixel; None where its file is absent, short or damaged."""
    try:
        counts = mca.parse_counts(path.read_bytes())
    except OSError:
        return None
    return counts if counts is not None and counts.size == channels else None


@dataclass(frozen=True)
class Pixels:
    """Counts (pixel or y, x; channel), which pixels are complete, live and real times in s."""

    counts: Any
    valid: NDArray[np.bool_]
    times: NDArray[np.float64]


def read_pixels(
    pixels: PixelFiles, names: list[str | None], table: ScanTable, channels: int
) -> Pixels:
    """Read the files of a scan, those of a small one (under 256 MB) at once, which is fastest."""
    small = len(names) * channels * DTYPE.itemsize <= EAGER_BYTES
    return (_read_all if small else _read_later)(pixels, names, table, channels)


def order_by_pixel(pixels: PixelFiles, declared: int, notes: list[str]) -> list[str | None]:
    """Return the file names in the order of the pixels; None where there is no file."""
    names: list[str | None] = [None] * declared
    first, beyond = first_number(pixels), 0
    for number, (name, _) in pixels.files.items():
        if number - first < declared:
            names[number - first] = name
        else:
            beyond += 1
    if beyond:
        notes.append(f"Files with numbers beyond the last pixel, left out: {beyond}.")
    return names


def _read_all(
    pixels: PixelFiles, names: list[str | None], table: ScanTable, channels: int
) -> Pixels:
    """Read all files at once."""
    counts = np.zeros((len(names), channels), dtype=DTYPE)
    valid, times = np.zeros(len(names), dtype=bool), np.zeros((2, len(names)))
    for index, name in enumerate(names):
        data = b"" if name is None else _bytes(pixels.folder / name)
        values = mca.parse_counts(data)
        if values is not None and values.size == channels:
            counts[index], valid[index] = values, True
            times[:, index] = mca.parse_times(data)
    return Pixels(counts.reshape(table.rows, table.columns, channels), valid, times)


def _read_later(
    pixels: PixelFiles, names: list[str | None], table: ScanTable, channels: int
) -> Pixels:
    """Read each file when its pixel is accessed; until then only its size is known."""
    # A count and its line end take two bytes at least.
    complete = {name for name, size in pixels.files.values() if size >= 2 * channels}
    width = table.columns
    grid = tuple(tuple(names[row * width : (row + 1) * width]) for row in range(table.rows))
    return Pixels(
        dask_counts(FolderCube(str(pixels.folder), grid, channels)),
        np.array([name in complete for name in names], dtype=bool),
        np.zeros((2, len(names))),
    )


def sample_headers(pixels: PixelFiles) -> tuple[int, mca.McaHeader]:
    """Return the most frequent number of channels and the header of the first complete pixels."""
    sizes: dict[int, int] = {}
    header: mca.McaHeader | None = None
    for _, (name, _) in sorted(pixels.files.items()):
        data = _bytes(pixels.folder / name)
        counts = mca.parse_counts(data)
        if counts is None:
            continue
        sizes[counts.size] = sizes.get(counts.size, 0) + 1
        header = header or mca.parse_header(data)
        if sum(sizes.values()) == _SAMPLE:
            break
    if header is None:
        raise ValueError(f"{pixels.folder.name} holds no complete pixel file.")
    return max(sizes, key=lambda size: sizes[size]), header


def sum_detectors(one: Pixels, other: Pixels) -> Pixels:
    """Add up the pixels of two detectors: complete where both are; mean times."""
    wide = detectors.sum_dtype(np.result_type(one.counts.dtype, other.counts.dtype))
    return Pixels(
        one.counts.astype(wide) + other.counts.astype(wide),
        one.valid & other.valid,
        (one.times + other.times) / 2,
    )


def same_spectra(one: PixelFiles, other: PixelFiles) -> bool:
    """Return whether one folder is a copy of the other: no two detectors count exactly alike."""
    shared = sorted(one.files.keys() & other.files.keys())
    for number in shared[:: max(1, len(shared) // _SAMPLE)][:_SAMPLE]:
        a, b = (
            mca.parse_counts(_bytes(pixels.folder / pixels.files[number][0]))
            for pixels in (one, other)
        )
        if a is None or b is None or not np.array_equal(a, b):
            return False
    return bool(shared)


def is_sum(one: PixelFiles, others: list[PixelFiles]) -> bool:
    """Return whether a folder holds the sums of the counts of all the others.

    The total counts of some pixels are compared, which shifted channels do not change. For
    detectors that count independently they never agree exactly.
    """
    shared = sorted(set(one.files).intersection(*(pixels.files for pixels in others)))
    compared = 0
    for number in shared[:: max(1, len(shared) // _SAMPLE)][:_SAMPLE]:
        totals = []
        for pixels in (one, *others):
            counts = mca.parse_counts(_bytes(pixels.folder / pixels.files[number][0]))
            if counts is None:
                break
            totals.append(int(counts.sum()))
        else:
            if totals[0] == 0 or totals[0] != sum(totals[1:]):
                return False
            compared += 1
    return compared > 0


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def live_time(
    loaded: Pixels, dwell_s: float | None, notes: list[str]
) -> NDArray[np.float64] | None:
    """Return the live time of each pixel, shape (pixel,); else real time, else dwell time."""
    for stated, name in zip(loaded.times, ("live", "real"), strict=True):
        if np.all(stated[loaded.valid] > 0):
            if name == "real":
                notes.append("The files state no live time; the real time is used instead.")
            return np.asarray(stated)
    if dwell_s is None:
        return None
    notes.append("The files state no live time; the dwell time is used instead.")
    return np.asarray(np.where(loaded.valid, dwell_s, 0.0), dtype=np.float64)


FORMAT = "folder of PMCA spectra (.mca)"
_FEW = 5


def matches(path: Path) -> bool:
    """Return whether there is a table of a scan with pixel files, or a folder of spectra."""
    try:
        tables = find_table(path)
        if path.is_file():
            return bool(tables) and bool(find_pixels(tables[0], path.parent))
        return path.is_dir() and (bool(tables) or bool(_only_spectra(path)))
    except OSError:
        return False


def scan_folder(path: Path) -> Path | None:
    """Return the folder of the scan that a path belongs to; None where there is not one.

    The folder of one of several detectors is a scan of its own.
    """
    tables = find_table(path)
    if len(tables) != 1:
        return None
    root = tables[0].parent
    of_detector = path.is_dir() and path.parent == root and len(find_pixels(tables[0], root)) > 1
    return path if of_detector else root


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
    table = parse_table(read_head(table_file, 10_000).decode("latin-1"), table_file.name)
    notes: list[str] = []
    sets = _choose(path, find_pixels(table_file, path), options, notes)
    for pixels in sets:
        check_coverage(table, pixels, table_file.name)
        if pixels.others:
            shown = ", ".join(pixels.others[:4])
            notes.append(f"{len(pixels.others)} further .mca files are not pixels ({shown}).")
    # One of several detectors, opened by its folder, is a scan of its own.
    place = path if scan_folder(path) == path else table_file.parent
    return _open(place, table, sets, options, notes)


def _choose(
    path: Path, sets: list[PixelFiles], options: ReadOptions, notes: list[str]
) -> list[PixelFiles]:
    """Select the pixel files of all detectors, or those of the requested folder."""
    if not sets:
        raise ValueError(f"{path.name} has a colonneXrighe.txt but no numbered .mca files.")
    if options.dataset is not None:
        for pixels in sets:
            if pixels.folder.name == options.dataset:
                return [pixels]
        names = ", ".join(pixels.folder.name for pixels in sets)
        raise ValueError(f"{path.name} has no folder {options.dataset}; it has {names}.")
    distinct: list[PixelFiles] = []
    for pixels in sets:
        twin = next((each for each in distinct if same_spectra(each, pixels)), None)
        if twin is None:
            distinct.append(pixels)
        else:
            notes.append(
                f"{pixels.folder.name} holds the same spectra as {twin.folder.name}: left out."
            )
    return distinct


def _open(
    place: Path, table: ScanTable, sets: list[PixelFiles], options: ReadOptions, notes: list[str]
) -> XRFCube:
    shape, declared = (table.rows, table.columns), table.rows * table.columns
    heads = [sample_headers(pixels) for pixels in sets]
    axis_notes: list[list[str]] = [[] for _ in sets]
    axes = [
        mca.energy_axis(header, channels, about)
        for (channels, header), about in zip(heads, axis_notes, strict=True)
    ]
    names = [pixels.folder.name for pixels in sets]
    chosen = _detectors(names, axes, options, notes, _sum_of_others(sets, notes))
    notes += dict.fromkeys(note for number in chosen for note in axis_notes[number])
    axis = axes[chosen[0]]
    check_size(place.name, table.rows, table.columns, axis.n_channels)
    loaded: Pixels | None = None
    for number in chosen:
        files = order_by_pixel(sets[number], declared, notes)
        pixels = read_pixels(sets[number], files, table, axis.n_channels)
        loaded = pixels if loaded is None else sum_detectors(loaded, pixels)
    assert loaded is not None  # there is at least one detector
    missing = declared - int(loaded.valid.sum())
    if missing == declared:
        raise ValueError(f"{place.name} holds no complete pixel file.")
    if missing:
        notes.append(f"{missing} of {declared} pixels are missing or incomplete.")
    live_time_s = live_time(loaded, table.dwell_s, notes)
    if isinstance(loaded.counts, np.ndarray):
        note = direction_note(loaded.counts.sum(axis=2, dtype=np.int64))
        notes += [] if note is None else [note]
    size = sum(size for number in chosen for _, size in sets[number].files.values())
    cube = XRFCube.from_array(
        loaded.counts,
        gain_kev=axis.gain_kev,
        offset_kev=axis.offset_kev,
        energy_source=axis.source,
        live_time_s=None if live_time_s is None else live_time_s.reshape(shape),
        valid=loaded.valid.reshape(shape) if missing else None,
        source=Source(place, FORMAT, size, place.stat().st_mtime, tuple(notes)),
    )
    return detectors.with_detectors(cube, names, chosen)


def _sum_of_others(sets: list[PixelFiles], notes: list[str]) -> int | None:
    """Return the number of the folder that holds the sums of all others; None without one."""
    for number, pixels in enumerate(sets if len(sets) > 2 else ()):
        others = [each for each in sets if each is not pixels]
        if is_sum(pixels, others):
            names = " and ".join(each.folder.name for each in others)
            notes.append(f"{pixels.folder.name} is the sum of {names}: not counted twice.")
            return number
    return None


def _detectors(
    names: list[str],
    axes: list[EnergyAxis],
    options: ReadOptions,
    notes: list[str],
    total: int | None = None,
) -> tuple[int, ...]:
    """Select detectors; the folder `total`, which holds their sums, is none, but can be chosen."""
    if len(names) == 1:
        detectors.require_single_detector(
            None if options.detector == names[0] else options.detector
        )
        return (0,)
    single = [number for number in range(len(names)) if number != total]
    chosen = detectors.select_detectors(options.detector, names)
    if chosen is None:
        default = detectors.default_selection(
            [names[number] for number in single], [axes[number] for number in single], notes
        )
        chosen = tuple(single[number] for number in default)
    elif len(chosen) == len(names):
        chosen = tuple(single)
    if len({axes[number].n_channels for number in chosen}) > 1:
        raise ValueError("The detectors have different numbers of channels: choose one of them.")
    if total not in chosen:
        detectors.note_selection(
            [single.index(number) for number in chosen], [names[number] for number in single], notes
        )
    return chosen


READER = FormatReader(FORMAT, matches, read, chooses_detectors=True, slow=True)
