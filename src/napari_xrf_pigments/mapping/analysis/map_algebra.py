"""Arithmetic of maps: normalisation to the same dose, combinations of two maps, composites.

The divisor of a normalisation (live time, scatter of the anode, or all counts) is scaled to a
median of one, so that normalised maps are still counts: those of a pixel with the median live time,
scatter or total of its scan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_xrf_pigments._typing import Float32Array

Normalisation = Literal["live time", "scatter", "total"]
NORMALISATIONS: tuple[Normalisation, ...] = ("live time", "scatter", "total")
_MISSING = {
    "live time": "The live times of this scan are not known, so maps cannot be normalised to them.",
    "scatter": "No scatter of the anode was fitted in this scan, so maps cannot be "
    "normalised to it.",
    "total": "The total counts of this scan are not known, so maps cannot be normalised to them.",
}


@dataclass(frozen=True)
class Monitor:
    """The divisor of maps.

    Parameters
    ----------
    name : {"live time", "scatter", "total"}
        Kind of divisor.
    factor : ndarray, shape (y, x), float32
        The divisor over its median; NaN where it is not positive.
    share : ndarray, shape (y, x), float32
        Its relative standard deviation.
    median : float
        Median over the scan: seconds, or counts.
    """

    name: Normalisation
    factor: Float32Array
    share: Float32Array
    median: float

    @property
    def settings(self) -> dict[str, str | float]:
        """The normalisation, for the provenance of maps."""
        return {"to": self.name, "median": self.median}


def monitor(
    name: Normalisation, values: ArrayLike | None, sigma: ArrayLike | None = None
) -> Monitor:
    """Make the divisor of maps from its own map.

    Parameters
    ----------
    name : {"live time", "scatter", "total"}
        Kind of divisor.
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


def normalised(
    counts: Float32Array, sigma: Float32Array, by: Monitor
) -> tuple[Float32Array, Float32Array]:
    """Normalise counts and their standard deviation to the same dose.

    Parameters
    ----------
    counts, sigma : ndarray, shape (..., y, x)
        Net counts and their standard deviation.
    by : Monitor
        The divisor; its noise is propagated.

    Returns
    -------
    counts, sigma : ndarray, same shape, float32
        NaN where the monitor is not positive.
    """
    values = counts / by.factor
    spread = np.hypot(sigma / by.factor, values * by.share)
    return values.astype(np.float32), spread.astype(np.float32)


Operation = Literal["ratio", "sum", "difference"]
OPERATIONS: dict[Operation, str] = {"ratio": "/", "sum": "+", "difference": "-"}
#: A ratio has a value only where its divisor exceeds zero by so many sigma.
MIN_SIGMAS = 3.0


@dataclass(frozen=True)
class Combined:
    """A combination of two maps.

    Parameters
    ----------
    name : str
        Such as ``"Pb M / Pb L"``.
    values, sigma : ndarray, shape (y, x), float32
        Result and standard deviation; NaN where undefined.
    """

    name: str
    values: Float32Array
    sigma: Float32Array


def combined(
    operation: Operation,
    first: str,
    second: str,
    maps: dict[str, tuple[Float32Array, Float32Array]],
    *,
    min_sigmas: float = MIN_SIGMAS,
) -> Combined:
    """Combine two maps.

    Parameters
    ----------
    operation : {"ratio", "sum", "difference"}
        Operation.
    first, second : str
        Names of the maps; the second is the divisor or is subtracted.
    maps : dict of str to (ndarray, ndarray)
        Counts and standard deviation by name, each (y, x).
    min_sigmas : float
        For a ratio: the result is NaN where the divisor is less significant.

    Raises
    ------
    ValueError
        If a map is missing, or the operation is unknown.
    """
    for name in (first, second):
        if name not in maps:
            raise ValueError(f"There is no map of {name} yet.")
    if operation not in OPERATIONS:
        raise ValueError(f"{operation!r} is none of {', '.join(OPERATIONS)}.")
    (a, sigma_a), (b, sigma_b) = maps[first], maps[second]
    name = f"{first} {OPERATIONS[operation]} {second}"
    if operation != "ratio":
        values = a + b if operation == "sum" else a - b
        return Combined(name, values.astype(np.float32), np.hypot(sigma_a, sigma_b))
    with np.errstate(divide="ignore", invalid="ignore"):
        significant = b > min_sigmas * sigma_b
        values = np.where(significant, a / b, np.nan)
        sigma = np.where(significant, np.hypot(sigma_a, values * sigma_b) / b, np.nan)
    return Combined(name, values.astype(np.float32), sigma.astype(np.float32))


MOST_CHANNELS = 4


@dataclass(frozen=True)
class Channel:
    """A map of a composite.

    Parameters
    ----------
    name : str
        The map.
    colour : tuple of float
        Red, green and blue, 0-1.
    low, high : float
        Threshold below which the map is black, and the value of full colour, in the units of
        the map.

    Raises
    ------
    ValueError
        If `high` is not above `low`.
    """

    name: str
    colour: tuple[float, float, float]
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.high > self.low:
            raise ValueError(f"The upper limit of {self.name} must be above its threshold.")

    @property
    def settings(self) -> dict[str, object]:
        """The channel, for the provenance of a composite."""
        return {
            "map": self.name,
            "colour": list(self.colour),
            "threshold": self.low,
            "full": self.high,
        }


def composite(maps: Sequence[Float32Array], channels: Sequence[Channel]) -> NDArray[np.uint8]:
    """Mix maps into one RGB image.

    Colours are added like light, and clipped.

    Parameters
    ----------
    maps : sequence of ndarray, shape (y, x)
        One map per channel; NaN is black.
    channels : sequence of Channel
        Their colours and thresholds, one to four.

    Returns
    -------
    ndarray of uint8, shape (y, x, 3)

    Raises
    ------
    ValueError
        If there are none or more than four, or their numbers or shapes differ.
    """
    if not 1 <= len(channels) <= MOST_CHANNELS or len(maps) != len(channels):
        raise ValueError(f"A composite has one to {MOST_CHANNELS} maps, each with its channel.")
    if len({image.shape for image in maps}) > 1:
        raise ValueError("The maps of a composite must have the same shape.")
    mixed = np.zeros((*maps[0].shape, 3), np.float32)
    for image, channel in zip(maps, channels, strict=True):
        # A step at the threshold: it is a limit, not a black point.
        span = channel.high - channel.low
        strength = np.clip(0.15 + 0.85 * (image - channel.low) / span, 0, 1)
        strength = np.where(image > channel.low, strength, 0)
        mixed += np.nan_to_num(strength)[..., None] * np.asarray(channel.colour, np.float32)
    picture: NDArray[np.uint8] = np.rint(255 * np.minimum(mixed, 1)).astype(np.uint8)
    return picture
