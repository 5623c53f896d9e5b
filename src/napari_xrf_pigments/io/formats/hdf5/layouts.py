"""The layouts in which known programs store scans in HDF5, recognised by their content."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import EnergyAxis
from napari_xrf_pigments.io._guarded_hdf5 import attribute, get, is_readable, read_numbers
from napari_xrf_pigments.io._metadata import axis_from_values

from .._candidates import Candidate, note_others
from ._candidates import (
    axis_of_coefficients,
    can_be_counts,
    describe_dataset,
    pixel_size,
)
from ._scan import FORMAT, Counts, Hdf5Scan
from .crono import find_crono
from .hyperspy import find_hyperspy

# entry/det0/counts and entry/det1/counts are two detectors of a scan; 1.1/... and 2.1/... are not.
_NUMBERED = re.compile(r"(?<![a-z])(det|detector|mca|xmap|sdd|sensor|elt)[_-]?\d{1,2}(?!\d)", re.I)


def find_known_scan(file: Any) -> Hdf5Scan | None:
    """Find the scan of a file in the layout of a known program; None where there is none."""
    scans = (
        find(file) for find in (_find_maps, _find_pyxrf, _find_larch, find_crono, find_hyperspy)
    )
    return next((scan for scan in scans if scan is not None), None)


def scan_of(file: Any, candidates: Sequence[Candidate]) -> Hdf5Scan:
    """Make the scan of the first candidate, with the datasets of its further detectors."""
    first = candidates[0]
    group = get(file, first.name).parent
    if first.detector_axis is not None:
        length = first.shape[first.detector_axis]
        each = tuple(Counts(str(index), first, index) for index in range(length))
        return Hdf5Scan(FORMAT, each, live_time=_times(group))
    pattern = _NUMBERED.sub("*", first.name)
    same = [
        each
        for each in candidates
        if _NUMBERED.sub("*", each.name) == pattern and each.shape == first.shape
    ]
    if pattern == first.name or len(same) < 2:
        same = [first]
    same.sort(key=lambda each: [int(part) for part in re.findall(r"\d+", each.name)])
    detectors = tuple(Counts(_detector_name(each.name), each) for each in same)
    others = [each for each in candidates if each not in same]
    notes: list[str] = []
    note_others(first, others, notes)
    live_time = _times(group) if len(same) == 1 else (lambda: None)
    return Hdf5Scan(FORMAT, detectors, live_time=live_time, notes=tuple(notes))


def _detector_name(name: str) -> str:
    """Return the part of a path that distinguishes the detectors."""
    found = _NUMBERED.search(name)
    return found[0] if found else name


def _times(group: Any) -> Callable[[], NDArray[np.float64] | None]:
    """Read the live time beside the counts, as PyMca's and silx's layouts have it."""

    def read() -> NDArray[np.float64] | None:
        times = read_numbers(get(group, "live_time"))
        if times is None or times.ndim not in (2, 3):
            return None
        return times.reshape(-1, *times.shape[-2:])

    return read


def _find_maps(file: Any) -> Hdf5Scan | None:
    """Find a scan of MAPS, Advanced Photon Source: (channel, y, x), positions in mm."""
    raw, maps = get(file, "MAPS_RAW"), get(file, "MAPS")
    names = []
    if hasattr(raw, "keys"):
        names = [f"MAPS_RAW/data_{letter}" for letter in "abcdefghijklmnop"]
        names = [name for name in names if _is_cube(get(file, name))]
        shape = get(file, names[0]).shape if names else None
        names = [name for name in names if get(file, name).shape == shape]
    fitted = [
        name for name in ("MAPS/mca_arr", "MAPS/Spectra/mca_arr") if _is_cube(get(file, name))
    ]
    if not names and not (fitted and hasattr(maps, "keys")):
        return None
    chosen = names or fitted[:1]
    positions = get(file, "MAPS/Scan") if get(file, "MAPS/x_axis") is None else maps
    pixel = None if positions is None else pixel_size(positions, "y_axis", "x_axis", "mm")
    arrays = [_candidate(name, get(file, name), (1, 2, 0)) for name in chosen]
    remarks: list[str] = []
    energies = _maps_energies(file, arrays[0].channels, remarks)
    arrays = [
        replace(array, energies=energies, pixel_mm=pixel, notes=tuple(remarks)) for array in arrays
    ]
    detectors = tuple(Counts(array.name.rsplit("/", 1)[-1], array) for array in arrays)
    times = get(file, "MAPS_RAW/livetime") if names else None
    notes = []
    if names and fitted:
        notes.append(f"The file also holds {fitted[0]}, which --dataset opens.")
    return Hdf5Scan(
        "HDF5 of MAPS (.h5)", detectors, live_time=lambda: read_numbers(times), notes=tuple(notes)
    )


def _maps_energies(file: Any, channels: int, notes: list[str]) -> EnergyAxis | None:
    for name in ("MAPS/energy", "MAPS/Spectra/Energy", "MAPS_RAW/energy"):
        energies = read_numbers(get(file, name))
        if energies is not None and energies.ndim == 1 and energies.size >= channels:
            axis = axis_from_values(energies[:channels], "keV", channels, notes)
            if axis is not None:
                return axis
    for name in ("MAPS/energy_calib", "MAPS/Spectra/Energy_Calibration", "MAPS_RAW/energy_calib"):
        axis = axis_of_coefficients(get(file, name), channels, notes)
        if axis is not None:
            return axis
    return None


def _is_cube(dataset: Any) -> bool:
    return can_be_counts(dataset) and len(dataset.shape) == 3 and is_readable(dataset)


def _candidate(name: str, dataset: Any, axes: tuple[int, int, int]) -> Candidate:
    shape = tuple(int(length) for length in dataset.shape)
    return Candidate(name, shape, dataset.dtype, axes)


def _find_pyxrf(file: Any) -> Hdf5Scan | None:
    """Find a scan of PyXRF, NSLS-II: xrfmap/detsum/counts, xrfmap/det1/counts ..."""
    scan = _one_group_per_detector(file, "xrfmap", "det", "HDF5 of PyXRF (.h5)")
    if scan is None:
        return None
    metadata = get(file, "xrfmap/scan_metadata")
    energy = None if metadata is None else attribute(metadata, "instrument_mono_incident_energy")
    if isinstance(energy, (int, float, np.number)) and np.isfinite(energy):
        note = f"Excited by monochromatic X-rays of {float(energy):.4g} keV, not by a tube."
        return replace(scan, notes=(*scan.notes, note))
    return scan


def _find_larch(file: Any) -> Hdf5Scan | None:
    """Find a scan of Larch, GSECARS: xrmmap/mcasum/counts, xrmmap/mca1/counts ..."""
    return _one_group_per_detector(file, "xrmmap", "mca", "HDF5 of Larch (.h5)")


def _one_group_per_detector(file: Any, root: str, prefix: str, format: str) -> Hdf5Scan | None:
    """Find counts (y, x, channel) in one group per detector, and their sum."""
    found: dict[str, Candidate] = {}
    for group in (f"{prefix}sum", *(f"{prefix}{number}" for number in range(17))):
        dataset = get(file, f"{root}/{group}/counts")
        if not _is_cube(dataset):
            continue
        array = _candidate(dataset.name.lstrip("/"), dataset, (0, 1, 2))
        if found and array.shape != next(iter(found.values())).shape:
            continue
        stated = describe_dataset(file, dataset)
        if stated is not None:
            energies = stated.energies if stated.axes[2] == 2 else None
            array = replace(array, energies=energies, pixel_mm=stated.pixel_mm, notes=stated.notes)
        found[group] = array
    if not found:
        return None
    stored = found.pop(f"{prefix}sum", None)
    total = None if stored is None else Counts("sum", stored)
    each = tuple(Counts(group, array) for group, array in found.items())
    if not each and total is not None:
        each, total = (total,), None
    return Hdf5Scan(format, each, total)
