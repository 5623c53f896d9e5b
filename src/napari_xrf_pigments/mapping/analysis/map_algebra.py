"""Net counts for the same dose: divided by live time, by the anode's scatter, or by all counts.

The divisor is scaled to a median of one, so that normalised maps are still counts: those that a
pixel would have given with the median live time, scatter or total of its scan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
Normalisation = Literal["live time", "scatter", "total"]
NORMALISATIONS: tuple[Normalisation, ...] = ("live time", "scatter", "total")
_MISSING = {
    "live time": "The scan does not say the live time of its pixels, so nothing can be "
    "normalised to it.",
    "scatter": "No scatter of the anode was fitted in this scan, so nothing can be "
    "normalised to it.",
    "total": "The total counts of this scan are not known, so nothing can be normalised to them.",
}


@dataclass(frozen=True)
class Monitor:
    """What maps are divided by.

    Parameters
    ----------
    name : {"live time", "scatter", "total"}
        What it is.
    factor : ndarray, shape (y, x), float32
        The divisor over its median; NaN where it is not positive.
    share : ndarray, shape (y, x), float32
        Its standard deviation over itself.
    median : float
        Median over the scan: seconds, or counts.
    """

    name: Normalisation
    factor: Floats
    share: Floats
    median: float

    @property
    def settings(self) -> dict[str, str | float]:
        """The normalisation for the provenance of maps."""
        return {"to": self.name, "median": self.median}


def monitor(
    name: Normalisation, values: ArrayLike | None, sigma: ArrayLike | None = None
) -> Monitor:
    """What maps are divided by, from its map.

    Parameters
    ----------
    name : {"live time", "scatter", "total"}
        What it is.
    values : array_like, shape (y, x), or None
        Live time in s, or counts; NaN where unknown. None: the scan does not have it.
    sigma : array_like, same shape, optional
        Standard deviation; by default none.

    Raises
    ------
    ValueError
        If it is None or positive nowhere.
    """
    image = np.zeros((1, 1), np.float32) if values is None else np.asarray(values, np.float32)
    positive = np.isfinite(image) & (image > 0)
    if not positive.any():
        raise ValueError(_MISSING[name])
    median = float(np.median(image[positive]))
    factor = np.where(positive, image / np.float32(median), np.nan).astype(np.float32)
    share = np.zeros_like(factor)
    if sigma is not None:
        known = np.asarray(sigma, np.float32)
        share[positive] = known[positive] / image[positive]
    return Monitor(name, factor, share, median)


def normalised(counts: Floats, sigma: Floats, by: Monitor) -> tuple[Floats, Floats]:
    """Counts and their standard deviation for the same dose.

    Parameters
    ----------
    counts, sigma : ndarray, shape (..., y, x)
        Net counts and their standard deviation.
    by : Monitor
        What they are divided by; its own noise is carried through.

    Returns
    -------
    counts, sigma : ndarray, same shape, float32
        NaN where the monitor is not positive.
    """
    values = counts / by.factor
    spread = np.hypot(sigma / by.factor, values * by.share)
    return values.astype(np.float32), spread.astype(np.float32)
