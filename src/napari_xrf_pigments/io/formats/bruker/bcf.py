"""Bruker hypermaps (.bcf), by way of ``rosettasciio`` (the extra ``bruker``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import Acquisition, EnergyAxis, XRFCube
from napari_xrf_pigments.io import _detectors as detectors
from napari_xrf_pigments.io._lazy import dask_counts
from napari_xrf_pigments.io._reader import (
    FormatReader,
    ReadOptions,
    check_size,
    estimated_axis,
    in_range_or_none,
    make_source,
    parse_float,
    read_head,
)

from ._bcf_container import BROKEN, MAGIC, NEEDS, library, open_container, whole
from ._bcf_rows import BcfCube, index_of, size_of
from ._xml import instance, parse_xml, read_acquisition, value

FORMAT = "Bruker hypermap (.bcf)"
_MAP = "SpectrumData"
_MAX_HEADER = 256 * 2**20
# The rows of larger maps are looked for when the first counts are wanted.
_INDEX_AT_ONCE = 2 * 2**20


def matches(path: Path) -> bool:
    """Whether the file is such a container."""
    return read_head(path, len(MAGIC)) == MAGIC


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open a map, or the sum of the maps of several detectors.

    Raises
    ------
    ValueError
        If rosettasciio is missing, or the file is damaged or holds no map.
    """
    try:
        library()
    except ValueError:
        raise ValueError(f"{path.name} {NEEDS}.") from None
    files = open_container(path)
    names = sorted(name for name in files if name.startswith(_MAP))
    if "HeaderData" not in files or not names:
        raise ValueError(f"{path.name} holds no map of spectra.")
    try:
        root = parse_xml(whole(files["HeaderData"], _MAX_HEADER))
    except BROKEN:
        raise ValueError(f"{path.name} is truncated or damaged.") from None
    except ValueError as error:
        raise ValueError(f"{path.name} has a header that {error}.") from None
    database = instance(root, "TRTSpectrumDatabase")
    if database is None:
        raise ValueError(f"{path.name} has no header of a map.")
    return _open(path, files, names, database, options)


def _open(
    path: Path, files: dict[str, Any], names: list[str], database: Element, options: ReadOptions
) -> XRFCube:
    notes: list[str] = []
    sums = [_spectrum(database, name) for name in names]
    sizes = [size_of(path, name) for name in names]
    rows, columns, _ = sizes[0]
    channels = max(_channels(spectrum, size[2]) for spectrum, size in zip(sums, sizes, strict=True))
    check_size(path.name, rows, columns, channels)
    axes = [_energies(spectrum, channels) for spectrum in sums]
    chosen = _detectors(names, sizes, axes, options, notes)
    changed = path.stat().st_mtime_ns
    cubes = [BcfCube(str(path), names[each], (rows, columns, channels), changed) for each in chosen]
    source = detectors.sum_cubes(cubes)
    valid = _measured(path, [(files[cube.name], cube) for cube in cubes], database, rows, columns)
    if valid is not None:
        notes.append(f"{int((~valid[:, 0]).sum())} of {rows} rows were not measured.")
    first = sums[chosen[0]]
    return XRFCube(
        dask_counts(source, key=",".join(names[each] for each in chosen)),
        axes[chosen[0]] or estimated_axis(channels, notes),
        _acquisition(database, first, notes),
        _pixel_mm(database),
        _live_time(database, first, (rows, columns), notes),
        valid,
        make_source(path, FORMAT, notes),
    )


def _spectrum(database: Element, name: str) -> Element | None:
    """The sum spectrum of a map, with the settings of its detector."""
    place = database.find(name)
    return None if place is None else instance(place, "TRTSpectrum")


def _channels(spectrum: Element | None, stored: int) -> int:
    header = None if spectrum is None else instance(spectrum, "TRTSpectrumHeader")
    stated = in_range_or_none(value(header, "ChannelCount"), 0, 1e6)
    return max(int(stated or 0), stored)


def _energies(spectrum: Element | None, channels: int) -> EnergyAxis | None:
    header = None if spectrum is None else instance(spectrum, "TRTSpectrumHeader")
    gain, offset = in_range_or_none(value(header, "CalibLin"), 0, 10), value(header, "CalibAbs")
    return None if gain is None else EnergyAxis(channels, gain, offset or 0.0, "file")


def _detectors(
    names: list[str],
    sizes: list[tuple[int, int, int]],
    axes: list[EnergyAxis | None],
    options: ReadOptions,
    notes: list[str],
) -> tuple[int, ...]:
    if len(names) == 1:
        detectors.require_single_detector(options.detector)
        return (0,)
    short = [name.removeprefix(_MAP) for name in names]
    chosen = detectors.select_detectors(options.detector, short)
    if chosen is None:
        chosen = detectors.default_selection(short, axes, notes)
    if len({sizes[each][:2] for each in (0, *chosen)}) > 1:
        raise ValueError("The maps of its detectors are of different sizes: choose one of them.")
    detectors.note_selection(chosen, short, notes)
    return chosen


def _measured(
    path: Path,
    maps: list[tuple[Any, BcfCube]],
    database: Element,
    rows: int,
    columns: int,
) -> NDArray[np.bool_] | None:
    """Which pixels were measured: a scan that was stopped lacks its last rows."""
    done = _passes(database, rows)
    measured = np.ones(rows, dtype=bool) if done is None else done > 0
    for item, cube in maps:
        if item.size <= _INDEX_AT_ONCE:
            # Rows without any pixel; this also finds at once where the file is cut off.
            filled = np.array(index_of(str(path), cube.name, cube.changed).pixels) > 0
            if filled.any():
                measured &= filled
    if measured.all() or not measured.any():
        return None
    return np.repeat(measured[:, None], columns, axis=1)


def _passes(database: Element, rows: int) -> NDArray[np.float64] | None:
    """How often each row was scanned, shape (y,)."""
    words = (database.findtext("LineCounter") or "").split(",")
    numbers = [parse_float(word) for word in words[: rows + 1]]
    if len(numbers) != rows or any(each is None or each < 0 for each in numbers):
        return None
    return np.array(numbers, dtype=np.float64)


def _live_time(
    database: Element, spectrum: Element | None, shape: tuple[int, int], notes: list[str]
) -> NDArray[np.float64] | None:
    """Live time of a pixel in s: the map's, shared out over the passes; else its dwell time."""
    passes = _passes(database, shape[0])
    weight = np.ones(shape[0]) if passes is None or not passes.any() else passes
    hardware = None if spectrum is None else instance(spectrum, "TRTSpectrumHardwareHeader")
    live_ms = in_range_or_none(value(hardware, "LifeTime"), 0, 1e13)
    if live_ms is not None:
        per_row = live_ms / 1000 * weight / weight.sum() / shape[1]
        return np.repeat(per_row[:, None], shape[1], axis=1)
    scanner = instance(database, "TRTDSPConfiguration")
    dwell_us = in_range_or_none(value(scanner, "PixelTime"), 0, 1e12)
    if dwell_us is None or passes is None or not passes.any():
        return None
    for name in ("PixelAverage", "LineAverage"):
        dwell_us *= in_range_or_none(value(scanner, name), 0, 1e9) or 1.0
    notes.append("The file states no live time; the dwell time stands for it.")
    return np.repeat((1e-6 * dwell_us * passes)[:, None], shape[1], axis=1)


def _acquisition(database: Element, spectrum: Element | None, notes: list[str]) -> Acquisition:
    if spectrum is None:
        return Acquisition()
    found = read_acquisition(spectrum)
    beam = in_range_or_none(value(instance(database, "TRTSEMData"), "HV"), 0, 1000)
    if beam is not None and found.tube_kv is None and found.anode is None:
        notes.append(
            f"A map of an electron microscope: excited by electrons of {beam:g} keV, not X-rays."
        )
    return found


def _pixel_mm(database: Element) -> tuple[float, float] | None:
    """Height and width of a pixel; the file has um."""
    place = instance(database, "TRTSEMData")
    dy, dx = (in_range_or_none(value(place, key), 0, 1e6) for key in ("DY", "DX"))
    return None if dy is None or dx is None else (dy / 1000, dx / 1000)


READER = FormatReader(FORMAT, matches, read, chooses_detectors=True, slow=True)
