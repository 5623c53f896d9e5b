"""Conversion of a file with one spectrum to a cube of one pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_xrf_pigments.cube import Acquisition, EnergyAxis, XRFCube

from .._reader import make_source

# Text files write counts as rounded decimals.
ROUNDING = 1e-3


def whole_counts(name: str, values: ArrayLike, notes: list[str]) -> NDArray[np.int64]:
    """Convert the numbers of a text file to counts, shape (channel,).

    Negative counts, which the makers' programs leave after subtractions, become 0, with a note.

    Raises
    ------
    ValueError
        If the numbers are not whole.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not np.all(np.isfinite(numbers)) or np.any(np.abs(numbers) > 2**53):
        raise ValueError(f"{name} holds values that are not numbers of counts.")
    whole = np.rint(numbers)
    if np.any(np.abs(whole - numbers) > ROUNDING):
        raise ValueError(f"{name} holds numbers with a fractional part, so they are not counts.")
    negative = int(np.count_nonzero(whole < 0))
    if negative:
        notes.append(f"Channels that held negative counts, set to 0: {negative}.")
    return np.maximum(whole, 0).astype(np.int64)


def one_pixel(
    path: Path,
    format_name: str,
    counts: NDArray[Any],
    energies: EnergyAxis,
    notes: list[str],
    acquisition: Acquisition | None = None,
    live_time_s: float | None = None,
) -> XRFCube:
    """Make a cube of one pixel from counts of shape (channel,)."""
    return XRFCube.from_array(
        counts.astype(np.int64)[None, None, :],
        gain_kev=energies.gain_kev,
        offset_kev=energies.offset_kev,
        energy_source=energies.source,
        acquisition=acquisition,
        live_time_s=None if live_time_s is None else np.full((1, 1), live_time_s),
        source=make_source(path, format_name, notes),
    )
