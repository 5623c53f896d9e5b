"""Candidates for the counts of a scan in a container of arrays, such as HDF5 or Zarr.

A format lists its arrays with the names of their axes; this module decides which axis is the
spectrum and which of several candidates comes first, and builds the cube.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import EnergyAxis, XRFCube

from .._lazy import LazyCube, looks_like_counts, masked_counts
from .._metadata import (
    PICTURE_LENGTHS,
    acquisition_from_settings,
    axis_from_settings,
    pixel_from_settings,
)
from .._reader import estimated_axis, make_source

_LISTED = 12
_REFUSED = 3
ENERGY_WORDS = ("energ", "kev")
_SPECTRUM_WORDS = (*ENERGY_WORDS, "channel", "mca", "spectr", "bins")


@dataclass(frozen=True)
class Candidate:
    """An array that can be a scan.

    Parameters
    ----------
    name : str
        Its path in the container; empty where the container is the array.
    shape : tuple of int
        Lengths of all of its axes.
    dtype : numpy.dtype
        Type of its numbers.
    axes : tuple of int
        Which of its axes are y, x and channel.
    energies : EnergyAxis or None
        The axis that the container states.
    pixel_mm : tuple of float or None
        Height and width of a pixel in mm.
    guessed : bool
        Whether the spectrum axis is a guess.
    detector_axis : int or None
        The axis of the detectors, where there is one.
    is_default : bool
        Whether the container names it as its default.
    is_declared : bool
        Whether the container declares it as measured data.
    rejection : str or None
        Why it is opened only if the user names it; None where it is opened by default.
    notes : tuple of str
        Sentences on its energies and pixels that are stated and not used.
    missing : int
        So many of its first axes have the length 1 and are not in the container.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    axes: tuple[int, int, int]
    energies: EnergyAxis | None = None
    pixel_mm: tuple[float, float] | None = None
    guessed: bool = False
    detector_axis: int | None = None
    is_default: bool = False
    is_declared: bool = False
    rejection: str | None = None
    notes: tuple[str, ...] = ()
    missing: int = 0

    @property
    def channels(self) -> int:
        """Length of the spectrum axis."""
        return self.shape[self.axes[2]]

    @property
    def rank(self) -> tuple[int, ...]:
        """Order among the candidates of one container; the smallest rank is opened.

        Energies come first, then the default of the container, then the number of channels.
        """
        first = self.rejection is not None, self.energies is None, not self.is_default
        last = not self.is_declared, self.guessed, self.dtype.kind == "f"
        return (*first, -self.channels, *last)

    def __str__(self) -> str:
        """Return name and lengths, as lists of the candidates give them."""
        return f"{self.name or 'its array'} ({' x '.join(str(length) for length in self.shape)})"


def is_spectrum_name(name: str, length: int = 0) -> bool:
    """Return whether the name of an axis is one of energies, or of channels that are no colours."""
    lowered = name.lower()
    if "channel" in lowered and length in PICTURE_LENGTHS:
        return False
    return any(word in lowered for word in _SPECTRUM_WORDS)


def note_others(opened: Candidate, others: Sequence[Candidate], notes: list[str]) -> None:
    """Note which further arrays a container holds, with the option that opens them."""
    if not others:
        return
    listed = ", ".join(str(each) for each in others[:_LISTED])
    more = f" and {len(others) - _LISTED} more" if len(others) > _LISTED else ""
    notes.append(
        f"{opened.name or '/'} was opened; the file also holds {listed}{more}, which "
        f"`--dataset PATH` opens."
    )


def refusal(rejected: Sequence[Candidate]) -> str:
    """Explain why the arrays of a container are not opened by default, and name the option."""
    reasons = "; ".join(f"{each} {each.rejection}" for each in rejected[:_REFUSED])
    more = f"; it holds {len(rejected) - _REFUSED} more" if len(rejected) > _REFUSED else ""
    first = rejected[0].name or "/"
    return f"{reasons}{more}. `--dataset {first}` opens it nevertheless."


def holds_counts(candidate: Candidate, cube: LazyCube) -> bool:
    """Return whether the numbers are integers, or floats that are whole in a few pixels."""
    return candidate.dtype.kind in "ui" or looks_like_counts(cube)


def build_cube(
    path: Path,
    format_name: str,
    counts: LazyCube,
    candidate: Candidate,
    settings: Mapping[str, Any],
    notes: list[str],
    *,
    pieces: Sequence[int] | None = None,
    key: str = "",
    live_time_s: NDArray[np.float64] | None = None,
    valid: NDArray[np.bool_] | None = None,
    size: int = 0,
) -> XRFCube:
    """Build the cube of a candidate.

    Parameters
    ----------
    path : Path
        The container.
    format_name : str
        Name of the format in words.
    counts : LazyCube
        Its counts, or the sum of those of several detectors.
    candidate : Candidate
        The array of the first detector.
    settings : mapping
        Attributes of the array and of the groups above it.
    notes : list of str
        Notes on the file; those on the axes are appended.
    pieces : sequence of int, optional
        Lengths of a stored piece along the axes of the array.
    key : str
        Text that distinguishes two cubes of one container.
    live_time_s, valid : ndarray, shape (y, x), optional
        Live time in s, and which pixels were measured.
    size : int
        Bytes on disk; by default those of `path`.
    """
    notes += candidate.notes
    axis = candidate.energies or axis_from_settings(settings, candidate.channels, notes)
    chunks = None if pieces is None else _along(candidate.axes, pieces)
    numbers, measured = masked_counts(counts, notes, chunks, key)
    if measured is not None:
        valid = measured if valid is None else valid & measured
    return XRFCube(
        numbers,
        axis or estimated_axis(candidate.channels, notes),
        acquisition_from_settings(settings, notes),
        candidate.pixel_mm or pixel_from_settings(settings),
        live_time_s,
        valid,
        make_source(path, format_name, notes, size),
    )


def _along(axes: tuple[int, int, int], lengths: Sequence[int]) -> tuple[int, int, int]:
    return lengths[axes[0]], lengths[axes[1]], lengths[axes[2]]
