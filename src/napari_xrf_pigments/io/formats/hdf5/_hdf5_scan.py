"""What a program stores of a scan in HDF5, in the same terms for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ._candidates import Candidate

FORMAT = "HDF5 (.h5)"


@dataclass(frozen=True)
class Counts:
    """The counts of one detector.

    Parameters
    ----------
    detector : str
        Its name.
    found : Candidate
        The dataset.
    number : int or None
        Place on the axis of the detectors, where the dataset has four axes.
    """

    detector: str
    found: Candidate
    number: int | None = None


@dataclass(frozen=True)
class Hdf5Scan:
    """What a file holds.

    Parameters
    ----------
    format : str
        The layout in words.
    detectors : tuple of Counts
        At least one.
    total : Counts or None
        Their sum, where the file holds it.
    live_time : callable
        Gives the live time (detector, y, x) in s, or None.
    valid : callable
        Gives the mask (y, x) of the measured pixels, or None where all are.
    notes : tuple of str
        Plain sentences.
    """

    format: str
    detectors: tuple[Counts, ...]
    total: Counts | None = None
    live_time: Callable[[], NDArray[np.float64] | None] = field(default=lambda: None)
    valid: Callable[[], NDArray[np.bool_] | None] = field(default=lambda: None)
    notes: tuple[str, ...] = ()
