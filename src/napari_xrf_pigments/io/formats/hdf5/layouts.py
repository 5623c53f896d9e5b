"""The layouts in which known programs store scans in HDF5; each is known by its content."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import EnergyAxis
from napari_xrf_pigments.io._metadata import axis_from_values

from .._axes import axis_of_coefficients, pixel_of, values
from ._candidates import Candidate, can_be_counts, describe_dataset, find_candidates
from ._hdf5_scan import FORMAT, Counts, Hdf5Scan
from ._hdf5_walk import attribute, get, is_readable
from .crono import crono

# entry/det0/counts and entry/det1/counts are two detectors of a scan; 1.1/... and 2.1/... are not.
_NUMBERED = re.compile(r"(?<![a-z])(det|detector|mca|xmap|sdd|sensor|elt)[_-]?\d{1,2}(?!\d)", re.I)


def find_scan(file: Any, brief: bool = False) -> Hdf5Scan | None:
    """The surest scan of a file; None where there is none."""
    for dialect in (_maps, _pyxrf, _larch, crono):
        scan = dialect(file)
        if scan is not None:
            return scan
    candidates = find_candidates(file, brief)
    return scan_of(file, candidates) if candidates else None


def scan_of(file: Any, candidates: Sequence[Candidate]) -> Hdf5Scan:
    """The scan of the first candidate, with the datasets of its further detectors."""
    first = candidates[0]
    dataset = get(file, first.name)
    if first.detector_axis is not None:
        length = dataset.shape[first.detector_axis]
        each = tuple(Counts(str(number), first, number) for number in range(length))
        return Hdf5Scan(FORMAT, each, live_time=_times(dataset.parent))
    pattern = _NUMBERED.sub("*", first.name)
    same = [each for each in candidates if _NUMBERED.sub("*", each.name) == pattern]
    same = [each for each in same if get(file, each.name).shape == dataset.shape]
    if pattern == first.name or len(same) < 2:
        same = [first]
    same.sort(key=lambda each: [int(part) for part in re.findall(r"\d+", each.name)])
    detectors = tuple(Counts(_short(each.name), each) for each in same)
    others = [each.name for each in candidates if each not in same]
    notes = []
    if others:
        notes.append(f"{first.name} was opened; the file also holds {', '.join(others[:5])}.")
    alone = _times(dataset.parent) if len(same) == 1 else (lambda: None)
    return Hdf5Scan(FORMAT, detectors, live_time=alone, notes=tuple(notes))


def _short(name: str) -> str:
    """The part of a path that tells the detectors apart."""
    found = _NUMBERED.search(name)
    return found[0] if found else name


def _times(group: Any) -> Callable[[], NDArray[np.float64] | None]:
    """Live time beside the counts, as PyMca's and silx's layouts have it."""

    def read() -> NDArray[np.float64] | None:
        times = values(get(group, "live_time"))
        return (
            None
            if times is None or times.ndim not in (2, 3)
            else times.reshape(-1, *times.shape[-2:])
        )

    return read


def _maps(file: Any) -> Hdf5Scan | None:
    """MAPS of the Advanced Photon Source: the spectrum is the first axis, places are in mm."""
    raw, maps = get(file, "MAPS_RAW"), get(file, "MAPS")
    names = []
    if hasattr(raw, "keys"):
        names = [f"MAPS_RAW/data_{letter}" for letter in "abcdefghijklmnop"]
        names = [name for name in names if _usable(get(file, name))]
        shape = get(file, names[0]).shape if names else None
        names = [name for name in names if get(file, name).shape == shape]
    fitted = [name for name in ("MAPS/mca_arr", "MAPS/Spectra/mca_arr") if _usable(get(file, name))]
    if not names and not (fitted and hasattr(maps, "keys")):
        return None
    chosen = names or fitted[:1]
    channels = get(file, chosen[0]).shape[0]
    places = get(file, "MAPS/Scan") if get(file, "MAPS/x_axis") is None else maps
    pixel = None if places is None else pixel_of(places, "y_axis", "x_axis", "mm")
    common = Candidate("", (1, 2, 0), _maps_energies(file, channels), pixel)
    detectors = tuple(
        Counts(name.rsplit("/", 1)[-1], replace(common, name=name)) for name in chosen
    )
    times = get(file, "MAPS_RAW/livetime") if names else None
    notes = []
    if names and fitted:
        notes.append(f"The file also holds {fitted[0]}, which --dataset opens.")
    return Hdf5Scan(
        "HDF5 of MAPS (.h5)", detectors, live_time=lambda: values(times), notes=tuple(notes)
    )


def _maps_energies(file: Any, channels: int) -> EnergyAxis | None:
    for name in ("MAPS/energy", "MAPS/Spectra/Energy", "MAPS_RAW/energy"):
        energies = values(get(file, name))
        if energies is not None and energies.ndim == 1 and energies.size >= channels:
            axis = axis_from_values(energies[:channels], "keV", channels)
            if axis is not None:
                return axis
    for name in ("MAPS/energy_calib", "MAPS/Spectra/Energy_Calibration", "MAPS_RAW/energy_calib"):
        axis = axis_of_coefficients(get(file, name), channels)
        if axis is not None:
            return axis
    return None


def _usable(dataset: Any) -> bool:
    return can_be_counts(dataset) and len(dataset.shape) == 3 and is_readable(dataset)


def _pyxrf(file: Any) -> Hdf5Scan | None:
    """PyXRF of NSLS-II: xrfmap/detsum/counts and xrfmap/det1/counts ..., (y, x, channel)."""
    scan = _one_group_each(file, "xrfmap", "det", "HDF5 of PyXRF (.h5)")
    if scan is None:
        return None
    about = get(file, "xrfmap/scan_metadata")
    energy = None if about is None else attribute(about, "instrument_mono_incident_energy")
    if isinstance(energy, (int, float, np.number)) and np.isfinite(energy):
        note = f"Excited by monochromatic X-rays of {float(energy):.4g} keV, not by a tube."
        return replace(scan, notes=(*scan.notes, note))
    return scan


def _larch(file: Any) -> Hdf5Scan | None:
    """Larch of GSECARS: xrmmap/mcasum/counts and xrmmap/mca1/counts ..., (y, x, channel)."""
    return _one_group_each(file, "xrmmap", "mca", "HDF5 of Larch (.h5)")


def _one_group_each(file: Any, root: str, prefix: str, name: str) -> Hdf5Scan | None:
    found: dict[str, Candidate] = {}
    shape: tuple[int, ...] | None = None
    for group in (f"{prefix}sum", *(f"{prefix}{number}" for number in range(17))):
        dataset = get(file, f"{root}/{group}/counts")
        if _usable(dataset) and shape in (None, dataset.shape):
            shape = dataset.shape
            about = describe_dataset(file, dataset, asked_for=True)
            energies = None if about is None or about.axes[2] != 2 else about.energies
            pixel = None if about is None else about.pixel_mm
            found[group] = Candidate(dataset.name.lstrip("/"), (0, 1, 2), energies, pixel)
    if not found:
        return None
    total = found.pop(f"{prefix}sum", None)
    whole = None if total is None else Counts("sum", total)
    each = tuple(Counts(group, candidate) for group, candidate in found.items())
    if not each and whole is not None:
        each, whole = (whole,), None
    return Hdf5Scan(name, each, whole)
