"""Bruker hypermaps (.bcf): settings and maps of one or several detectors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from napari_xrf_pigments._typing import BoolArray, FloatArray
from napari_xrf_pigments.cube import Acquisition, EnergyAxis, XRFCube
from napari_xrf_pigments.io import _detector_choice as detectors
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

from .._guards import damage_as_value_error
from ._container import MAGIC, Blocks, StoredFile, open_container
from ._hypermap import BcfCube, declared_shape, index_of
from ._xml import instance, parse_xml, read_acquisition, value

FORMAT = "Bruker hypermap (.bcf)"
_HEADER = "HeaderData"
_MAP = "SpectrumData"
_MAX_HEADER_BYTES = 256 * 2**20
# Larger maps are indexed when the first counts are needed, not when the file is opened.
_INDEX_ON_OPENING_BYTES = 2 * 2**20


def matches(path: Path) -> bool:
    """Check whether the file is such a container."""
    return read_head(path, len(MAGIC)) == MAGIC


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open a map, or the sum of the maps of several detectors.

    Raises
    ------
    ValueError
        If the file is damaged or holds no map.
    """
    with damage_as_value_error(path):
        files = open_container(path)
        names = sorted(name for name in files if name.startswith(_MAP))
        if _HEADER not in files or not names:
            raise ValueError(f"{path.name} holds no map of spectra.")
        header = Blocks.of(files[_HEADER]).read_all(_MAX_HEADER_BYTES)
        sizes = [declared_shape(files[name]) for name in names]
    try:
        root = parse_xml(header)
    except ValueError as error:
        raise ValueError(f"{path.name} has a header that {error}.") from None
    database = instance(root, "TRTSpectrumDatabase")
    if database is None:
        raise ValueError(f"{path.name} has no header of a map.")
    maps = {name: (files[name], size) for name, size in zip(names, sizes, strict=True)}
    return _open(path, maps, database, options)


def _open(
    path: Path,
    maps: Mapping[str, tuple[StoredFile, tuple[int, int, int]]],
    database: Element,
    options: ReadOptions,
) -> XRFCube:
    notes: list[str] = []
    names = list(maps)
    sizes = [size for _, size in maps.values()]
    spectra = [_sum_spectrum(database, name) for name in names]
    rows, columns, _ = sizes[0]
    channels = max(_channels(each, size[2]) for each, size in zip(spectra, sizes, strict=True))
    check_size(path.name, rows, columns, channels)
    axes = [_energies(each, channels) for each in spectra]
    chosen = _choose_detectors(names, sizes, axes, options, notes)
    modified_ns = path.stat().st_mtime_ns
    shape = (rows, columns, channels)
    cubes = [BcfCube(str(path), names[each], shape, modified_ns) for each in chosen]
    source = detectors.sum_cubes(cubes)
    small = [cube for cube in cubes if maps[cube.name][0].size <= _INDEX_ON_OPENING_BYTES]
    valid = _measured(small, database, rows, columns)
    if valid is not None:
        notes.append(f"{int((~valid[:, 0]).sum())} of {rows} rows were not measured.")
    spectrum = spectra[chosen[0]]
    cube = XRFCube(
        dask_counts(source, key=",".join(names[each] for each in chosen)),
        axes[chosen[0]] or estimated_axis(channels, notes),
        _acquisition(database, spectrum, notes),
        _pixel_mm(database),
        _live_time(database, spectrum, (rows, columns), notes),
        valid,
        make_source(path, FORMAT, notes),
    )
    return detectors.with_detectors(cube, [name.removeprefix(_MAP) for name in names], chosen)


def _sum_spectrum(database: Element, name: str) -> Element | None:
    """Find the sum spectrum of a map, which carries the settings of its detector."""
    section = database.find(name)
    return None if section is None else instance(section, "TRTSpectrum")


def _channels(spectrum: Element | None, stored: int) -> int:
    header = None if spectrum is None else instance(spectrum, "TRTSpectrumHeader")
    declared = in_range_or_none(value(header, "ChannelCount"), 0, 1e6)
    return max(int(declared or 0), stored)


def _energies(spectrum: Element | None, channels: int) -> EnergyAxis | None:
    header = None if spectrum is None else instance(spectrum, "TRTSpectrumHeader")
    gain, offset = in_range_or_none(value(header, "CalibLin"), 0, 10), value(header, "CalibAbs")
    return None if gain is None else EnergyAxis(channels, gain, offset or 0.0, "file")


def _choose_detectors(
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


def _measured(small: list[BcfCube], database: Element, rows: int, columns: int) -> BoolArray | None:
    """Find the pixels that were measured: a scan that was stopped lacks its last rows."""
    passes = _passes(database, rows)
    measured = np.ones(rows, dtype=bool) if passes is None else passes > 0
    for cube in small:
        # The index also finds at once where the file is cut off.
        stored = np.array(index_of(cube.path, cube.name, cube.modified_ns).pixels) > 0
        if stored.any():
            measured &= stored
    if measured.all() or not measured.any():
        return None
    return np.repeat(measured[:, None], columns, axis=1)


def _passes(database: Element, rows: int) -> FloatArray | None:
    """Read how often each row was scanned, shape (y,)."""
    words = (database.findtext("LineCounter") or "").split(",")
    numbers = [parse_float(word) for word in words[: rows + 1]]
    if len(numbers) != rows or any(each is None or each < 0 for each in numbers):
        return None
    return np.array(numbers, dtype=np.float64)


def _live_time(
    database: Element, spectrum: Element | None, shape: tuple[int, int], notes: list[str]
) -> FloatArray | None:
    """Compute the live time of each pixel in s: the map's over the passes, or the dwell time."""
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
    notes.append("The file states no live time; the dwell time is used instead.")
    return np.repeat((1e-6 * dwell_us * passes)[:, None], shape[1], axis=1)


def _acquisition(database: Element, spectrum: Element | None, notes: list[str]) -> Acquisition:
    if spectrum is None:
        return Acquisition()
    settings = read_acquisition(spectrum)
    beam = in_range_or_none(value(instance(database, "TRTSEMData"), "HV"), 0, 1000)
    if beam is not None and settings.tube_kv is None and settings.anode is None:
        notes.append(
            f"A map of an electron microscope: excited by electrons of {beam:g} keV, not X-rays."
        )
    return settings


def _pixel_mm(database: Element) -> tuple[float, float] | None:
    """Read height and width of a pixel; the file has um."""
    stage = instance(database, "TRTSEMData")
    dy, dx = (in_range_or_none(value(stage, key), 0, 1e6) for key in ("DY", "DX"))
    return None if dy is None or dx is None else (dy / 1000, dx / 1000)


READER = FormatReader(FORMAT, matches, read, chooses_detectors=True, slow=True)
