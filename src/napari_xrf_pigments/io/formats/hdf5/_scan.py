"""A scan in an HDF5 file, in the same terms for all layouts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .._candidates import Candidate

FORMAT = "HDF5 (.h5)"


@dataclass(frozen=True)
class Counts:
    """The counts of one detector.

    Parameters
    ----------
    detector : str
        Its name.
    array : Candidate
        The dataset.
    index : int
        Index on the axis of the detectors, where the dataset has four axes.
    selection : str or None
        The dataset (y, x) or (y, x, 1) with the number of each pixel's spectrum, where the
        counts are a list (spectrum, channel); `array` then has the axes of the cube.
    """

    detector: str
    array: Candidate
    index: int = 0
    selection: str | None = None


@dataclass(frozen=True)
class Hdf5Scan:
    """The scan of a file.

    Parameters
    ----------
    format : str
        The layout in words.
    detectors : tuple of Counts
        At least one.
    total : Counts or None
        Their sum, where the file holds it.
    live_time : callable
        Reads the live time (detector, y, x) in s, or None.
    valid : callable
        Reads the mask (y, x) of the measured pixels; None where all are.
    notes : tuple of str
        Sentences on the scan.
    """

    format: str
    detectors: tuple[Counts, ...]
    total: Counts | None = None
    live_time: Callable[[], NDArray[np.float64] | None] = field(default=lambda: None)
    valid: Callable[[], NDArray[np.bool_] | None] = field(default=lambda: None)
    notes: tuple[str, ...] = ()
