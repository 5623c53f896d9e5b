"""Point measurements: named spectra, each with its own energy axis and settings.

A reference board or a campaign with a handheld instrument is a folder of single spectra::

    from napari_xrf_pigments.io import read_point_spectra

    points = read_point_spectra("board")      # a folder, one file, a table, or an .npz archive
    for point in points:
        point.name, point.counts, point.energies, point.acquisition, point.live_time_s
    for group in points.groups():             # points with the same axis and settings
        predict_spectra(group.counts, group.energies, group.acquisition)

The axes differ from point to point, because instruments are calibrated anew; counts are never
moved to a common axis.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cube import Acquisition, EnergyAxis, XRFCube
from ._metadata import acquisition_from_settings, scalar
from ._reader import MAX_CHANNELS, NO_AXIS, FormatReader, ReadOptions, estimated_axis
from ._registry import readers

MAX_FILES = 20_000
MAX_BYTES = 2 * 2**30
_SHOWN = 5


@dataclass(frozen=True)
class PointSpectrum:
    """One measurement.

    Parameters
    ----------
    name : str
        Name of the file without its suffix; of several in one file, with the name in it.
    counts : ndarray, shape (channel,), integers
        Counts.
    energies : EnergyAxis
        The energy of each channel; its source is ``"estimated"`` where the file states none.
    acquisition : Acquisition
        Settings of the instrument, as far as known.
    live_time_s : float or None
        Live time in s.
    path : Path
        The file.
    """

    name: str
    counts: NDArray[np.int64]
    energies: EnergyAxis
    acquisition: Acquisition
    live_time_s: float | None
    path: Path


@dataclass(frozen=True)
class PointGroup:
    """Points with the same energy axis and settings.

    Parameters
    ----------
    indices : tuple of int
        Their places among all points.
    counts : ndarray, shape (point, channel), integers
        Counts.
    energies : EnergyAxis
        Their energy axis.
    acquisition : Acquisition
        Their settings.
    """

    indices: tuple[int, ...]
    counts: NDArray[np.int64]
    energies: EnergyAxis
    acquisition: Acquisition


@dataclass(frozen=True)
class PointSpectra:
    """Named measurements of single points.

    Parameters
    ----------
    spectra : tuple of PointSpectrum
        At least one, in the natural order of the names of their files.
    path : Path
        The folder or file.
    notes : tuple of str
        Plain sentences on what is left out or missing.
    """

    spectra: tuple[PointSpectrum, ...]
    path: Path
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.spectra)

    def __iter__(self) -> Iterator[PointSpectrum]:
        return iter(self.spectra)

    def __getitem__(self, index: int) -> PointSpectrum:
        return self.spectra[index]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the points; each is different."""
        return tuple(point.name for point in self.spectra)

    def groups(self) -> list[PointGroup]:
        """Collect the points that share energy axis and settings."""
        shared: dict[tuple[EnergyAxis, Acquisition], list[int]] = {}
        for index, point in enumerate(self.spectra):
            shared.setdefault((point.energies, point.acquisition), []).append(index)
        return [
            PointGroup(
                tuple(indices),
                np.stack([self.spectra[index].counts for index in indices]),
                energies,
                acquisition,
            )
            for (energies, acquisition), indices in shared.items()
        ]


def read_point_spectra(path: str | os.PathLike[str]) -> PointSpectra:
    """Read point measurements.

    Parameters
    ----------
    path : path_like
        A folder with one spectrum per file (its sub-folders are not searched), one file with a
        spectrum or several, a table with a column of energies and one of counts per spectrum, or
        an .npz archive with the arrays "counts" (point, channel), "names" (point,) and, where
        known, "ev_per_channel", "offset_ev" and "live_s" (one number, or one per point).

    Returns
    -------
    PointSpectra
        The spectra, in natural order (P2 before P10). A file of a folder that cannot be read is
        left out, and a note states why.

    Raises
    ------
    ValueError
        If there is no spectrum.
    OSError
        If the path does not exist or cannot be read.
    """
    source = Path(path).absolute()
    if not source.exists():
        raise FileNotFoundError(f"{source} does not exist.")
    if source.is_dir():
        return _read_folder(source)
    if source.suffix.lower() == ".npz":
        return _read_archive(source)
    reader = spectrum_reader(source)
    if reader is None:
        raise ValueError(f"{source.name} holds no spectrum that can be read here.")
    cube = reader.read(source, ReadOptions())
    notes = cube.source.notes if cube.source is not None else ()
    return PointSpectra(_points_of(cube, source), source, notes)


def spectrum_reader(path: Path) -> FormatReader | None:
    """Return the reader of a file with one or several single spectra; None where it has none."""
    if not path.is_file():
        return None
    found = next((reader for reader in readers() if reader.matches(path)), None)
    return found if found is not None and found.spectra else None


def list_files(folder: Path) -> list[Path]:
    """List the files of a folder, hidden ones left out, in natural order.

    Raises
    ------
    ValueError
        If there are more than any campaign has.
    """
    found: list[Path] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or not entry.is_file():
                continue
            found.append(folder / entry.name)
            if len(found) > MAX_FILES:
                raise ValueError(f"{folder.name} has more than {MAX_FILES:,} files.")
    return sorted(found, key=_natural)


def _natural(path: Path) -> list[tuple[int, int | str]]:
    words = re.split(r"([0-9]+)", path.name.lower())
    return [(0, int(word)) if word.isdecimal() else (1, word) for word in words if word]


def _read_folder(folder: Path) -> PointSpectra:
    points: list[PointSpectrum] = []
    others: list[str] = []
    notes: list[str] = []
    bytes_read = 0.0
    for path in list_files(folder):
        try:
            reader = spectrum_reader(path)
            cube = None if reader is None else reader.read(path, ReadOptions())
        except (ValueError, OSError) as error:
            notes.append(f"Left out: {_sentence(path, error)}")
            continue
        if cube is None:
            others.append(path.name)
            continue
        bytes_read += cube.counts.nbytes
        if bytes_read > MAX_BYTES:
            raise ValueError(f"{folder.name} holds more spectra than fit into memory.")
        points += _points_of(cube, path)
    if not points:
        raise ValueError(
            " ".join([f"{folder.name} holds no spectrum that can be read here.", *notes[:1]])
        )
    if others:
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        notes.append(f"Files without a spectrum, left out: {', '.join(others[:_SHOWN])}{more}.")
    estimated = sum(point.energies.source == "estimated" for point in points)
    if estimated:
        notes.append(f"Spectra without an energy axis: {estimated}. {NO_AXIS}")
    return PointSpectra(_distinct(points), folder, tuple(notes))


def _sentence(path: Path, error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text if path.name in text else f"{path.name}: {text}"


def _points_of(cube: XRFCube, path: Path) -> tuple[PointSpectrum, ...]:
    """Return the pixels of a cube of one row."""
    counts = np.asarray(cube.counts.compute(scheduler="synchronous"))[0].astype(np.int64)
    inside = cube.source.points if cube.source is not None else ()
    if not inside and len(counts) > 1:
        inside = tuple(str(number + 1) for number in range(len(counts)))
    points = []
    for index, spectrum in enumerate(counts):
        live = None if cube.live_time_s is None else float(cube.live_time_s[0, index])
        name = f"{path.stem} {inside[index]}" if len(counts) > 1 else path.stem
        points.append(PointSpectrum(name, spectrum, cube.energies, cube.acquisition, live, path))
    return tuple(_distinct(points))


def _distinct(points: list[PointSpectrum]) -> tuple[PointSpectrum, ...]:
    """Add the suffix of the file, or a number, to names that occur more than once."""
    seen: dict[str, int] = {}
    for point in points:
        seen[point.name] = seen.get(point.name, 0) + 1
    used: set[str] = set()
    named = []
    for point in points:
        name = point.name
        if seen[name] > 1:
            name = f"{name} ({point.path.suffix.removeprefix('.')})"
        base, number = name, 2
        while name in used:
            name, number = f"{base} {number}", number + 1
        used.add(name)
        named.append(replace(point, name=name))
    return tuple(named)


def _read_archive(path: Path) -> PointSpectra:
    """Read an .npz archive of counts (point, channel) and names."""
    from .formats._single_spectrum import whole_counts
    from .formats.npy import read_arrays

    arrays = read_arrays(path, MAX_BYTES)
    counts, names = arrays.get("counts"), arrays.get("names")
    if counts is None or counts.ndim != 2 or counts.dtype.kind not in "iu" or not counts.size:
        raise ValueError(
            f'{path.name} has no array "counts" of integers with the axes (point, channel).'
        )
    if counts.shape[1] > MAX_CHANNELS or len(counts) > MAX_FILES:
        raise ValueError(f"{path.name} holds more spectra than any campaign has.")
    if names is None or names.shape != counts.shape[:1] or names.dtype.kind not in "US":
        raise ValueError(f'{path.name} has no array "names" with one text for each spectrum.')
    notes: list[str] = []
    spectra = whole_counts(path.name, counts, notes)
    gains = _one_each(arrays.get("ev_per_channel", arrays.get("gain_ev")), len(counts))
    offsets = _one_each(arrays.get("offset_ev"), len(counts))
    if gains is None and scalar(arrays, "gain_kev"):
        gains = np.full(len(counts), 1000 * (scalar(arrays, "gain_kev") or 0.0))
        offsets = np.full(len(counts), 1000 * (scalar(arrays, "offset_kev") or 0.0))
    times = _one_each(arrays.get("live_s", arrays.get("live_time_s")), len(counts))
    acquisition = acquisition_from_settings(arrays)
    points = []
    for index, spectrum in enumerate(spectra):
        known = gains is not None and gains[index] > 0
        axis = (
            EnergyAxis(
                spectrum.size,
                float(gains[index]) / 1000,
                0.0 if offsets is None else float(offsets[index]) / 1000,
                "file",
            )
            if gains is not None and known
            else estimated_axis(spectrum.size, notes)
        )
        live = None if times is None or times[index] <= 0 else float(times[index])
        name = names[index]
        text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
        points.append(PointSpectrum(text, spectrum, axis, acquisition, live, path))
    return PointSpectra(_distinct(points), path, tuple(dict.fromkeys(notes)))


def _one_each(values: Any, count: int) -> NDArray[np.float64] | None:
    """Spread one number over all points; None where there are neither one nor `count`."""
    if values is None:
        return None
    numbers = np.asarray(values)
    if numbers.dtype.kind not in "iuf" or numbers.size not in (1, count):
        return None
    spread = np.broadcast_to(numbers.reshape(-1).astype(np.float64), (count,))
    return spread if np.all(np.isfinite(spread)) else None
