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

from .._lazy import LazyCube, dask_counts, looks_like_counts
from .._metadata import (
    acquisition_from_settings,
    axis_from_settings,
    guess_channel_axis,
    pixel_from_settings,
)
from .._reader import estimated_axis, make_source

# An array whose spectrum is shorter is a stack of pictures, not a scan.
LEAST_CHANNELS = 128
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
    rank : tuple of bool
        Order among the candidates of one container; see :func:`rank`.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    axes: tuple[int, int, int]
    energies: EnergyAxis | None = None
    pixel_mm: tuple[float, float] | None = None
    guessed: bool = False
    detector_axis: int | None = None
    rank: tuple[bool, ...] = ()

    @property
    def channels(self) -> int:
        """Length of the spectrum axis."""
        return self.shape[self.axes[2]]


def rank(
    dtype: np.dtype[Any],
    energies: EnergyAxis | None,
    *,
    default: bool = False,
    declared: bool = True,
    guessed: bool = False,
) -> tuple[bool, ...]:
    """Rank a candidate; the smallest rank is opened.

    Parameters
    ----------
    dtype : numpy.dtype
        Type of its numbers: integers come before floats.
    energies : EnergyAxis or None
        The energy axis that the container states for it.
    default : bool
        Whether the container names it as its default.
    declared : bool
        Whether the container declares it as measured data.
    guessed : bool
        Whether its spectrum axis is a guess.
    """
    return not default, not declared, energies is None, guessed, dtype.kind == "f"


def is_spectrum_name(name: str) -> bool:
    """Return whether the name of an axis is one of energies or channels."""
    return any(word in name.lower() for word in _SPECTRUM_WORDS)


def guess_spectrum_axis(shape: Sequence[int], among: Sequence[int]) -> tuple[int, bool]:
    """Choose the likeliest spectrum axis of three, and whether it is likely enough for a scan."""
    lengths = (shape[among[0]], shape[among[1]], shape[among[2]])
    axis = among[guess_channel_axis(lengths, prefer_last=False)]
    return axis, shape[axis] >= LEAST_CHANNELS and 4 * shape[axis] >= max(lengths)


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
    axis = candidate.energies or axis_from_settings(settings, candidate.channels)
    return XRFCube(
        dask_counts(counts, None if pieces is None else _along(candidate.axes, pieces), key),
        axis or estimated_axis(candidate.channels, notes),
        acquisition_from_settings(settings),
        candidate.pixel_mm or pixel_from_settings(settings),
        live_time_s,
        valid,
        make_source(path, format_name, notes, size),
    )


def _along(axes: tuple[int, int, int], lengths: Sequence[int]) -> tuple[int, int, int]:
    return lengths[axes[0]], lengths[axes[1]], lengths[axes[2]]
