"""Several detectors that saw one scan: their sum, or one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cube import EnergyAxis
from ._lazy import CubeOnDisk

SUM = "sum"
# Peaks are some 15 channels wide; shifted by less than this they still add up.
_TOLERANCE_CHANNELS = 1.5
_SHOWN = 8


@dataclass(frozen=True)
class SummedCube:
    """The sum of cubes of one shape, added up when it is read.

    Parameters
    ----------
    sources : tuple of CubeOnDisk
        One a detector.
    """

    sources: tuple[CubeOnDisk, ...]

    ndim = 3

    @property
    def path(self) -> str:
        """The file of the first detector."""
        return self.sources[0].path

    @property
    def shape(self) -> tuple[int, int, int]:
        """(y, x, channel)."""
        return self.sources[0].shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Wide enough for the sum."""
        return widened(np.result_type(*(source.dtype for source in self.sources)))

    def __getitem__(self, key: Any) -> NDArray[Any]:
        total = self.sources[0][key].astype(self.dtype)
        for source in self.sources[1:]:
            np.add(total, source[key], out=total, casting="unsafe")
        return total


def widened(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """A type that holds the sum of up to 256 counts of a type."""
    if dtype.kind == "f":
        return np.dtype(np.float64)
    return np.dtype(f"{dtype.kind}{min(8, 2 * dtype.itemsize)}")


def only_one(wanted: int | str | None) -> None:
    """Refuse the choice of a second detector where there is one.

    Raises
    ------
    ValueError
        If anything else than the first, or the sum, is wanted.
    """
    if wanted is not None and str(wanted).strip().lower() not in ("0", SUM):
        raise ValueError(f"There is one detector only, so detector {wanted} cannot be chosen.")


def choose(wanted: int | str | None, names: Sequence[str]) -> tuple[int, ...] | None:
    """Numbers of the detectors to add up; None where nothing in particular is wanted.

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


def by_default(
    names: Sequence[str], axes: Sequence[EnergyAxis | None], notes: list[str]
) -> tuple[int, ...]:
    """All detectors where their energies agree, else the first; says so in the notes."""
    if axes_agree(axes):
        return tuple(range(len(names)))
    notes.append(
        f"The energy axes of the detectors ({in_words(names)}) differ, so that their sum would "
        f"blur the lines: {names[0]} was opened."
    )
    return (0,)


def axes_agree(axes: Sequence[EnergyAxis | None]) -> bool:
    """Whether the same channel means the same energy, within 1.5 channels, in all detectors."""
    known = [axis for axis in axes if axis is not None]
    if not known:
        return True
    first = known[0]
    if any(axis.n_channels != first.n_channels for axis in known):
        return False
    ends = [0, first.n_channels - 1]
    worst = max(float(np.abs(axis.kev[ends] - first.kev[ends]).max()) for axis in known)
    return worst <= _TOLERANCE_CHANNELS * first.gain_kev


def say_chosen(chosen: Sequence[int], names: Sequence[str], notes: list[str]) -> None:
    """Note which of several detectors were opened."""
    if len(names) < 2:
        return
    if len(chosen) == len(names):
        notes.append(f"Opened: the sum of {len(names)} detectors ({in_words(names)}).")
    else:
        picked = in_words([names[number] for number in chosen])
        notes.append(f"Opened: detector {picked} of {len(names)} ({in_words(names)}).")


def in_words(names: Sequence[str]) -> str:
    """The names, the first ones where there are many."""
    more = ", ..." if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
