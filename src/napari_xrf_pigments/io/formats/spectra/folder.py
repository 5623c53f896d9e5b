"""Folders of single spectra: a scan where their positions are known, else a row of points."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from napari_xrf_pigments.cube import Acquisition, EnergyAxis, XRFCube
from napari_xrf_pigments.io._detector_choice import axes_agree
from napari_xrf_pigments.io._reader import FormatReader, ReadOptions, make_source
from napari_xrf_pigments.io.places.gridding import grid_of_positions, place
from napari_xrf_pigments.io.places.positions import Positions, parse_positions, stated_position
from napari_xrf_pigments.io.point_spectra import (
    PointSpectra,
    PointSpectrum,
    list_files,
    read_point_spectra,
    spectrum_reader,
)

FORMAT = "folder of single spectra"
_POINTS_NOTE = (
    "Nothing states the positions of these spectra, so each pixel of the row is one of them. "
    "`--shape` or `--positions` make a scan of them, `xrf-pigments points` a table of answers."
)
_EXAMINED = 12
_MAX_EXAMINED = 2000
_TABLE_BYTES = 2**20
_TABLES = (".csv", ".txt", ".tsv", ".dat")


def matches(path: Path) -> bool:
    """Check whether at least half of the files of a folder, and two, hold single spectra."""
    if not path.is_dir():
        return False
    names: list[str] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if len(names) == _MAX_EXAMINED:
                    break
                if not entry.name.startswith(".") and entry.is_file():
                    names.append(entry.name)
    except OSError:
        return False
    chosen = sorted(names)[:: max(1, len(names) // _EXAMINED)]
    found = sum(spectrum_reader(path / name) is not None for name in chosen)
    return found >= 2 and 2 * found >= len(chosen)


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open a scan, or one row of points where nothing states their places.

    Raises
    ------
    ValueError
        If the spectra differ in their channels or energy axes, so that they are no one scan.
    """
    points = read_point_spectra(path)
    given = options.shape is not None or options.positions is not None
    positions = None if given else _positions(points)
    row = _row(points, masked=given or positions is not None)
    if given:
        return row
    if positions is None:
        return _with_note(row, _POINTS_NOTE)
    return place(row, grid_of_positions(positions.x, positions.y, positions.unit_mm))


def _with_note(cube: XRFCube, note: str) -> XRFCube:
    source = cube.source
    if source is None:
        return cube
    return replace(cube, source=replace(source, notes=(*source.notes, note)))


def _row(points: PointSpectra, masked: bool) -> XRFCube:
    """Make one row of the spectra whose axes agree; the others are masked, or left out."""
    axis = _most_common_axis(points)
    fits = [axes_agree([axis, point.energies]) for point in points]
    if 2 * sum(fits) < len(points):
        raise ValueError(
            f"{points.path.name} holds {len(points)} spectra with too different energy axes for "
            "one scan; as points, each on its own axis, they are mapped to a table: "
            "xrf-pigments points FOLDER -o TABLE.csv."
        )
    notes = list(points.notes)
    others = [point.name for point, fit in zip(points, fits, strict=True) if not fit]
    if others:
        what = "masked" if masked else "left out"
        more = ", ..." if len(others) > 5 else ""
        notes.append(
            f"Spectra with another energy axis or other channels, {what}: "
            f"{', '.join(others[:5])}{more}."
        )
    used = [point for point, fit in zip(points, fits, strict=True) if fit or masked]
    valid = np.array([fit for fit in fits if fit or masked])
    nothing = np.zeros(axis.n_channels, np.int64)
    counts = [point.counts if fit else nothing for point, fit in zip(used, valid, strict=True)]
    times = [point.live_time_s for point in used]
    known = [time for time in times if time is not None]
    source = make_source(points.path, FORMAT, notes, sum(p.path.stat().st_size for p in used))
    return XRFCube.from_array(
        np.stack(counts)[None],
        gain_kev=axis.gain_kev,
        offset_kev=axis.offset_kev,
        energy_source=axis.source,
        acquisition=_shared_settings(used),
        live_time_s=np.array([known]) if len(known) == len(times) else None,
        valid=None if valid.all() else valid[None],
        source=replace(source, points=tuple(point.name for point in used)),
    )


def _most_common_axis(points: PointSpectra) -> EnergyAxis:
    """Return the axis with which most others agree."""
    axes = {point.energies: 0 for point in points}
    for point in points:
        axes[point.energies] += 1
    if len(axes) > 1:
        middle = sorted(axes, key=lambda axis: (axis.n_channels, axis.kev[-1]))
        axes = {
            axis: sum(n for other, n in axes.items() if axes_agree([axis, other]))
            for axis in middle[:: max(1, len(middle) // 50)]
        }
    return max(axes, key=lambda axis: axes[axis])


def _shared_settings(points: Sequence[PointSpectrum]) -> Acquisition:
    """Return the settings in which all points agree."""
    first = points[0].acquisition
    same = {
        field.name: getattr(first, field.name)
        for field in fields(Acquisition)
        if all(
            getattr(point.acquisition, field.name) == getattr(first, field.name) for point in points
        )
    }
    return Acquisition(**same)


def _positions(points: PointSpectra) -> Positions | None:
    """Return positions of a table in the folder, or of the headers; None where most are unknown."""
    names, files = points.names, [point.path.name for point in points]
    used = {point.path for point in points}
    for path in list_files(points.path):
        if path in used or path.suffix.lower() not in _TABLES:
            continue
        if path.stat().st_size > _TABLE_BYTES:
            continue
        table = parse_positions(path.read_bytes().decode("utf-8-sig", "replace"))
        if table is not None and table.names:
            found = table.of(names, files)
            if 2 * int(np.isfinite(found.x).sum()) >= len(points):
                return found
    stated = [stated_position(point.path) for point in points]
    if 2 * sum(place is not None for place in stated) < len(points):
        return None
    places = np.array([place or (np.nan, np.nan) for place in stated])
    if not np.ptp(places[np.isfinite(places[:, 0])], axis=0).any():
        return None
    return Positions(names, places[:, 0], places[:, 1], 1.0)


READER = FormatReader(FORMAT, matches, read)
