"""Spectra in SPEC files (ESRF, APS, PyMca's .mca): one or several after ``@A``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import EnergyAxis, XRFCube
from napari_xrf_pigments.io._reader import (
    FormatReader,
    ReadOptions,
    in_range_or_none,
    make_source,
    parse_float,
    read_head,
    read_limited,
)

from .._single_spectrum import whole_counts
from .._stated_axis import stated_axis

FORMAT = "SPEC file with spectra"
_MAX_SPECTRA = 100_000
_START = re.compile(rb"^#[FS] ", re.MULTILINE)
_SPECTRUM = re.compile(rb"^@[A-Z]*[0-9]*\s+[-0-9]|^#@(?:MCA|CHANN|CALIB)\b", re.MULTILINE)


@dataclass(frozen=True)
class SpecSpectrum:
    """A spectrum of a scan.

    Parameters
    ----------
    name : str
        Number and title of its scan.
    values : ndarray, shape (channel,)
        Counts.
    calibration : tuple of float or None
        Offset, gain and the coefficient of channel squared.
    live_time_s : float or None
        Live time in s.
    """

    name: str
    values: NDArray[np.float64]
    calibration: tuple[float | None, ...]
    live_time_s: float | None


def parse_spec(text: str, name: str = "The text") -> list[SpecSpectrum]:
    """Parse the spectra of all scans, called `name` in errors.

    Raises
    ------
    ValueError
        If there are none, or one is damaged.
    """
    found: list[SpecSpectrum] = []
    title, calibration, live = "spectrum", tuple[float | None, ...](), None
    joined = re.sub(r"\\\r?\n", " ", text)
    for line in joined.splitlines():
        key, _, rest = line.partition(" ")
        if key == "#S":
            title, calibration, live = rest.strip(), (), None
        elif key == "#@CALIB":
            calibration = tuple(parse_float(word) for word in rest.split()[:3])
        elif key == "#@CTIME":
            live = _live_time(rest)
        elif key.startswith("@") and len(found) < _MAX_SPECTRA:
            values = _numbers(rest, name)
            found.append(SpecSpectrum(title, values, calibration, live))
    if not found:
        raise ValueError(f"{name} holds no spectrum.")
    return found


def _numbers(words: str, name: str) -> NDArray[np.float64]:
    try:
        values = np.array([float(word) for word in words.split()])
    except ValueError:
        raise ValueError(f"{name} has text where counts should be.") from None
    if values.size == 0:
        raise ValueError(f"{name} is truncated: it has a spectrum without counts.")
    return values


def _live_time(words: str) -> float | None:
    """Return the live time of preset, live and elapsed time, in s."""
    times = [in_range_or_none(parse_float(word), 0, 1e9) for word in words.split()]
    return times[1] if len(times) > 1 else None


def matches(path: Path) -> bool:
    """Check whether the file is of SPEC and has spectra, which may follow a long header."""
    start = read_head(path, 64 * 2**10)
    return _START.search(start[:4096]) is not None and _SPECTRUM.search(start) is not None


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open the spectra of all scans as one row of pixels.

    Raises
    ------
    ValueError
        If there are none, or one is damaged.
    """
    spectra = parse_spec(read_limited(path).decode("latin-1"), path.name)
    first, notes = spectra[0], list[str]()
    alike = [
        each
        for each in spectra
        if (each.values.size, each.calibration) == (first.values.size, first.calibration)
    ]
    if len(alike) < len(spectra):
        notes.append(
            f"{len(spectra) - len(alike)} spectra have other channels or another energy axis and "
            "are left out."
        )
    counts = whole_counts(path.name, np.stack([each.values for each in alike]), notes)
    axis = _axis(path.name, first, notes)
    times = [each.live_time_s for each in alike]
    known = [time for time in times if time is not None]
    cube = XRFCube.from_array(
        counts[None],
        gain_kev=axis.gain_kev,
        offset_kev=axis.offset_kev,
        energy_source=axis.source,
        live_time_s=np.array([known]) if len(known) == len(times) else None,
    )
    names = tuple(each.name for each in alike) if len(alike) > 1 else ()
    return replace(cube, source=replace(make_source(path, FORMAT, notes), points=names))


def _axis(name: str, spectrum: SpecSpectrum, notes: list[str]) -> EnergyAxis:
    return stated_axis(name, spectrum.values.size, spectrum.calibration, "", notes)


READER = FormatReader(FORMAT, matches, read, spectra=True)
