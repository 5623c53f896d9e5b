"""Description of a scan or of maps, in plain words and as plain values."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cube import Acquisition, ElementMaps, EnergyAxis, PigmentMaps, XRFCube
from ..cube.maps import pigment_arrays
from ._reader import NO_AXIS, UNUSED_AXIS, states_pixel_size
from ._registry import can_open, open_cube
from .provenance import named_rows
from .results.fields import provenance

# Larger scans are summed over some of their rows only, which takes seconds.
SUM_BYTES = 2 * 2**30
_SAMPLED_ROWS = 24
_SHOWN_POINTS = 20
_ORIGIN = {"file": "stated by the file", "user": "given by you", "estimated": "not known, assumed"}


def describe(
    path: str | os.PathLike[str],
    *,
    dataset: str | None = None,
    detector: int | str | None = None,
    **placement: Any,
) -> str:
    """Describe the content of a file in several lines of plain words.

    Parameters
    ----------
    path : path_like
        A file or folder.
    dataset, detector
        As in :func:`open_cube`.
    **placement
        Shape, order of rows and positions, as in :func:`open_cube`.

    Returns
    -------
    str
        One fact per line.

    Raises
    ------
    ValueError, OSError
        As :func:`open_cube`.
    """
    from .element_maps import describe_maps, is_maps
    from .results import can_load, load_results

    if can_load(path):
        return describe_results(path, *load_results(path))
    if not can_open(path) and is_maps(path):
        return describe_maps(path)
    return describe_cube(open_cube(path, dataset=dataset, detector=detector, **placement))


def describe_results(
    path: str | os.PathLike[str], elements: ElementMaps | None, pigments: PigmentMaps | None
) -> str:
    """Describe maps that this program saved: names, size, and how they were made.

    Parameters
    ----------
    path : path_like
        The result.
    elements, pigments : ElementMaps or None, PigmentMaps or None
        Its maps.

    Returns
    -------
    str
        One fact per line.
    """
    lines = [f"File: {Path(path).name}", "Format: maps that this program made"]
    warnings: list[str] = []
    for title, maps in (("Elements", elements), ("Pigments", pigments)):
        if maps is None:
            continue
        image = maps.counts if isinstance(maps, ElementMaps) else maps.probability
        lines += [f"{title}: {', '.join(maps.names)}", *_map_size(image.shape, maps.pixel_mm)]
        if isinstance(maps, PigmentMaps):
            lines.append(f"Arrays: {', '.join(pigment_arrays(maps))}")
        lines += [f"{title} - {name}: {value}" for name, value in named_rows(maps.provenance)]
        warnings += maps.provenance.get("warnings", ())
    return "\n".join([*lines, *(f"Warning: {text}" for text in dict.fromkeys(warnings))])


def _map_size(shape: tuple[int, ...], pixel_mm: tuple[float, float] | None) -> list[str]:
    rows, columns = shape[-2:]
    mm = ""
    if pixel_mm is not None:
        mm = f", {rows * pixel_mm[0]:.4g} x {columns * pixel_mm[1]:.4g} mm"
    return [f"Size: {shape[0]} maps of {rows} x {columns} pixels{mm}"]


def describe_cube(cube: XRFCube) -> str:
    """Describe an open scan in several lines of plain words."""
    lines = []
    if cube.source is not None:
        lines.append(f"File: {cube.source.path.name}")
        size = format_size(cube.source.size)
        lines.append(f"Format: {cube.source.format}, {size}")
    lines += [*_size(cube), *_energies(cube), f"Type of a count: {cube.counts.dtype}"]
    lines += [*_counts(cube), *_times(cube), *_settings(cube.acquisition)]
    if cube.source is not None:
        # The axis is described above.
        lines += [
            f"Note: {note}" for note in cube.source.notes if note not in (NO_AXIS, UNUSED_AXIS)
        ]
    return "\n".join(lines)


def _size(cube: XRFCube) -> list[str]:
    rows, columns, channels = cube.shape
    if rows * columns == 1:
        lines = ["Size: one spectrum"]
    elif cube.source is not None and cube.source.points:
        names = cube.source.points
        more = f" and {len(names) - _SHOWN_POINTS} more" if len(names) > _SHOWN_POINTS else ""
        lines = [f"Size: {len(names)} points ({', '.join(names[:_SHOWN_POINTS])}{more})"]
    else:
        lines = [f"Size: {rows} rows x {columns} columns = {rows * columns:,} pixels"]
        if cube.pixel_mm is None:
            notes = () if cube.source is None else cube.source.notes
            reason = "" if states_pixel_size(notes) else " (the file states no pixel size)"
            lines.append(f"Size in mm: not known{reason}")
        else:
            dy, dx = cube.pixel_mm
            lines.append(
                f"Size in mm: {rows * dy:.4g} x {columns * dx:.4g} "
                f"(a pixel is {dy:.4g} x {dx:.4g} mm)"
            )
    return [*lines, f"Channels: {channels}"]


def _energies(cube: XRFCube) -> list[str]:
    """Describe the axis of the file; where it states none, the one estimated from the lines."""
    if cube.energies.source != "estimated":
        return [_axis(cube.energies, _ORIGIN[cube.energies.source])]
    from ..calibration.automatic import calibrate

    unused = UNUSED_AXIS in (() if cube.source is None else cube.source.notes)
    found = calibrate(_sum_spectrum(cube), cube.energies, cube.acquisition)
    if found.trusted:
        names = ", ".join(dict.fromkeys(name for name, *_ in found.lines))
        stated = "that of the file is not used" if unused else "the file states none"
        return [_axis(found.energies, f"estimated from the lines of {names}: {stated}")]
    assumed = UNUSED_AXIS if unused else NO_AXIS
    return [_axis(cube.energies, _ORIGIN["estimated"]), f"Note: {found.message} {assumed}"]


def _axis(axis: EnergyAxis, origin: str) -> str:
    return (
        f"Energy axis: {axis.kev[0]:.4g} to {axis.kev[-1]:.4g} keV, "
        f"{1000 * axis.gain_kev:.6g} eV a channel, channel 0 at {1000 * axis.offset_kev:.5g} eV "
        f"({origin})"
    )


def _sum_spectrum(cube: XRFCube) -> NDArray[np.float64]:
    """Sum all spectra, or those of some rows of a huge scan, shape (channel,)."""
    if cube.counts.nbytes <= SUM_BYTES:
        return cube.sum_spectrum()
    rows = _sampled(cube.shape[0])
    total: NDArray[np.float64] = np.zeros(cube.shape[2])
    for row in rows:
        total += cube.counts[row].sum(axis=0).compute()
    return total


def _sampled(rows: int) -> NDArray[np.int64]:
    """Return the indices of some rows, evenly spread over a huge scan."""
    chosen: NDArray[np.int64] = np.unique(np.linspace(0, rows - 1, _SAMPLED_ROWS).astype(np.int64))
    return chosen


def _counts(cube: XRFCube) -> list[str]:
    rows, columns, _ = cube.shape
    valid = np.ones((rows, columns), dtype=bool) if cube.valid is None else cube.valid
    if cube.counts.nbytes <= SUM_BYTES:
        totals = np.asarray(cube.total_counts().compute())[valid]
        lines = [f"Total counts: {totals.sum():,}", f"Mean counts a pixel: {totals.mean():,.0f}"]
    else:
        sampled = _sampled(rows)
        parts = [cube.counts[row].sum(axis=1, dtype=np.int64).compute() for row in sampled]
        totals = np.stack(parts)[valid[sampled]]
        mean = totals.mean() if totals.size else 0.0
        lines = [
            f"Total counts: about {mean * valid.sum():.3g} (from {sampled.size} rows)",
            f"Mean counts a pixel: about {mean:,.0f}",
        ]
    missing = int(np.count_nonzero(~valid))
    return [*lines, f"Missing pixels: {f'{missing:,}' if missing else 'none'}"]


def _times(cube: XRFCube) -> list[str]:
    if cube.live_time_s is None:
        return ["Live time: not known"]
    times = cube.live_time_s if cube.valid is None else cube.live_time_s[cube.valid]
    return [f"Live time: {float(np.median(times)):.4g} s a pixel (median)"]


def _settings(acquisition: Acquisition) -> list[str]:
    def known(value: object, unit: str = "") -> str:
        if value is None:
            return "not known"
        return f"{value:g}{unit}" if isinstance(value, (int, float)) else f"{value}{unit}"

    return [
        f"Anode: {known(acquisition.anode)}",
        f"Tube voltage: {known(acquisition.tube_kv, ' kV')}",
        f"Tube current: {known(acquisition.tube_ua, ' uA')}",
        f"Filter: {_filter(acquisition)}",
        f"Angle of the beam: {known(acquisition.incidence_deg, ' degrees')}",
        f"Angle of the detector: {known(acquisition.takeoff_deg, ' degrees')}",
        f"Detector: {_detector(acquisition)}",
        f"Between sample and detector: {known(acquisition.atmosphere)}",
        f"Instrument: {known(acquisition.instrument)}",
    ]


def _filter(acquisition: Acquisition) -> str:
    if acquisition.filter is None:
        return "not known"
    layers = [f"{material} {1000 * mm:g} um" for material, mm in acquisition.filter]
    return " + ".join(layers) if layers else "none"


def _detector(acquisition: Acquisition) -> str:
    detector = acquisition.detector
    if detector is None:
        return "not known"
    width = detector.fwhm_mn_ka_ev
    resolution = "" if width is None else f", {width:.0f} eV wide at Mn Ka"
    return f"{detector.material} {detector.thickness_mm:g} mm{resolution}"


def format_size(size: float) -> str:
    """Format a number of bytes, such as 12.3 MB."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def facts(
    path: str | os.PathLike[str],
    *,
    dataset: str | None = None,
    detector: int | str | None = None,
    **placement: Any,
) -> dict[str, Any]:
    """Collect what a scan, a result or a file of element maps states.

    Parameters
    ----------
    path : path_like
        A file or folder.
    dataset, detector
        As in :func:`open_cube`.
    **placement
        Shape, order of rows and positions, as in :func:`open_cube`.

    Returns
    -------
    dict
        Strings, numbers, lists and dicts. ``"kind"`` is "scan", "results" or "element maps"; what
        a file does not state is None.

    Raises
    ------
    ValueError, OSError
        As :func:`open_cube`.
    """
    from .element_maps import is_maps, load_maps
    from .results import can_load, load_results

    about: dict[str, Any] = {"file": Path(path).name}
    if can_load(path):
        elements, pigments = load_results(path)
        maps = {"elements": _map_facts(elements), "pigments": _map_facts(pigments)}
        return {**about, "kind": "results", **maps}
    if not can_open(path) and is_maps(path):
        return {**about, "kind": "element maps", "elements": _map_facts(load_maps(path))}
    cube = open_cube(path, dataset=dataset, detector=detector, **placement)
    return {**about, "kind": "scan", **_cube_facts(cube)}


def _cube_facts(cube: XRFCube) -> dict[str, Any]:
    axis, source = cube.energies, cube.source
    return {
        "format": None if source is None else source.format,
        "shape": list(cube.shape),
        "dtype": str(cube.counts.dtype),
        "energies": {
            "gain_kev": axis.gain_kev,
            "offset_kev": axis.offset_kev,
            "source": axis.source,
        },
        "pixel_mm": None if cube.pixel_mm is None else list(cube.pixel_mm),
        "acquisition": asdict(cube.acquisition),
        "live_times": cube.live_time_s is not None,
        "missing_pixels": 0 if cube.valid is None else int((~cube.valid).sum()),
        "notes": [] if source is None else list(source.notes),
    }


def _map_facts(maps: ElementMaps | PigmentMaps | None) -> dict[str, Any] | None:
    if maps is None:
        return None
    image = maps.counts if isinstance(maps, ElementMaps) else maps.probability
    arrays = pigment_arrays(maps) if isinstance(maps, PigmentMaps) else ("counts", "sigma")
    about = {
        "names": list(maps.names),
        "arrays": list(arrays),
        "shape": list(image.shape),
        "pixel_mm": None if maps.pixel_mm is None else list(maps.pixel_mm),
        "provenance": provenance(maps),
    }
    return {**about, "groups": list(maps.groups)} if isinstance(maps, PigmentMaps) else about
