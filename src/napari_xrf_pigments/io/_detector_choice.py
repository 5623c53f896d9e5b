"""Choice among the detectors of one scan file: the sum of all, or one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cube import EnergyAxis, XRFCube
from ._lazy import LazyCube

SUM = "sum"
# Peaks are some 15 channels wide; shifted by less than this they still add up.
_TOLERANCE_CHANNELS = 1.5
_SHOWN = 8


@dataclass(frozen=True)
class SummedCube(LazyCube):
    """Sum of cubes of one shape, computed at each access.

    Parameters
    ----------
    path : str
        File of the first detector.
    sources : tuple of LazyCube
        One cube per detector.
    """

    sources: tuple[LazyCube, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Lengths along (y, x, channel)."""
        return self.sources[0].shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Wide enough for the sum."""
        return sum_dtype(np.result_type(*(source.dtype for source in self.sources)))

    def read(self, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Add up the counts of all detectors within three slices."""
        total = self.sources[0].read(slices).astype(self.dtype)
        for source in self.sources[1:]:
            np.add(total, source.read(slices), out=total, casting="unsafe")
        return total


def sum_cubes(cubes: Sequence[LazyCube]) -> LazyCube:
    """Combine the cubes of one or more detectors into their sum."""
    return cubes[0] if len(cubes) == 1 else SummedCube(cubes[0].path, tuple(cubes))


def sum_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return a type that holds the sum of up to 256 counts of a type."""
    if dtype.kind == "f":
        return np.dtype(np.float64)
    return np.dtype(f"{dtype.kind}{min(8, 2 * dtype.itemsize)}")


def require_single_detector(wanted: int | str | None) -> None:
    """Refuse the choice of another detector in a scan measured with one.

    Raises
    ------
    ValueError
        If anything but the first, or the sum, is requested.
    """
    if wanted is not None and str(wanted).strip().lower() not in ("0", SUM):
        raise ValueError(f"There is one detector only, so detector {wanted} cannot be chosen.")


def select_detectors(wanted: int | str | None, names: Sequence[str]) -> tuple[int, ...] | None:
    """Return the indices of the detectors to add up; None where none is requested.

    Parameters
    ----------
    wanted : int, str or None
        A number counted from 0, a name (letters of either case), or ``"sum"``.
    names : sequence of str
        Names of the detectors.

    Raises
    ------
    ValueError
        If there is no such detector.
    """
    if wanted is None:
        return None
    text = str(wanted).strip().lower()
    lowered = [name.lower() for name in names]
    if text in lowered:
        return (lowered.index(text),)
    if text == SUM:
        return tuple(range(len(names)))
    if text.isdecimal() and int(text) < len(names):
        return (int(text),)
    listed = ", ".join(f"{number} = {name}" for number, name in enumerate(names[:_SHOWN]))
    raise ValueError(f"There is no detector {wanted}; there are {listed}.")


def default_selection(
    names: Sequence[str], axes: Sequence[EnergyAxis | None], notes: list[str]
) -> tuple[int, ...]:
    """Select all detectors where their energies agree, else the first, which a note explains."""
    if axes_agree(axes):
        return tuple(range(len(names)))
    notes.append(
        f"The energy axes of the detectors ({format_names(names)}) differ, so that their sum would "
        f"blur the lines: {names[0]} was opened."
    )
    return (0,)


def axes_agree(axes: Sequence[EnergyAxis | None]) -> bool:
    """Return whether the energies of all detectors agree within 1.5 channels."""
    known = [axis for axis in axes if axis is not None]
    if not known:
        return True
    first = known[0]
    if any(axis.n_channels != first.n_channels for axis in known):
        return False
    ends = [0, first.n_channels - 1]
    worst = max(float(np.abs(axis.kev[ends] - first.kev[ends]).max()) for axis in known)
    return worst <= _TOLERANCE_CHANNELS * first.gain_kev


def note_selection(chosen: Sequence[int], names: Sequence[str], notes: list[str]) -> None:
    """Note which of several detectors were opened."""
    if len(names) < 2:
        return
    if len(chosen) == len(names):
        notes.append(f"Opened: the sum of {len(names)} detectors ({format_names(names)}).")
    else:
        picked = format_names([names[number] for number in chosen])
        notes.append(f"Opened: detector {picked} of {len(names)} ({format_names(names)}).")


def with_detectors(cube: XRFCube, names: Sequence[str], chosen: Sequence[int]) -> XRFCube:
    """Record in the source of a scan which detectors there are, and which were opened."""
    if len(names) < 2 or cube.source is None:
        return cube
    opened = tuple(names[number] for number in chosen)
    return replace(cube, source=replace(cube.source, detectors=tuple(names), opened=opened))


def format_names(names: Sequence[str]) -> str:
    """Join the names, the first ones only where there are many."""
    more = ", ..." if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
