"""Up to four maps in one picture, each in its own colour, mixed in the pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
        Threshold under which nothing shows, and the value of full colour, in the units of
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
        """The channel for the provenance of a picture."""
        return {
            "map": self.name,
            "colour": list(self.colour),
            "threshold": self.low,
            "full": self.high,
        }


def composite(
    maps: Sequence[NDArray[np.float32]], channels: Sequence[Channel]
) -> NDArray[np.uint8]:
    """Mix maps into one picture.

    The colours are added, as light is; what is more than full is cut.

    Parameters
    ----------
    maps : sequence of ndarray, shape (y, x)
        A map a channel; NaN shows as nothing.
    channels : sequence of Channel
        Their colours and thresholds, one to four.

    Returns
    -------
    ndarray of uint8, shape (y, x, 3)

    Raises
    ------
    ValueError
        If there are none or more than four, or their numbers or shapes disagree.
    """
    if not 1 <= len(channels) <= MOST_CHANNELS or len(maps) != len(channels):
        raise ValueError(f"A composite has one to {MOST_CHANNELS} maps, each with its channel.")
    if len({image.shape for image in maps}) > 1:
        raise ValueError("The maps of a composite must have the same shape.")
    mixed = np.zeros((*maps[0].shape, 3), np.float32)
    for image, channel in zip(maps, channels, strict=True):
        # From the threshold on a map shows at once, if dimly: it is a limit, not a black point.
        span = channel.high - channel.low
        strength = np.clip(0.15 + 0.85 * (image - channel.low) / span, 0, 1)
        strength = np.where(image > channel.low, strength, 0)
        mixed += np.nan_to_num(strength)[..., None] * np.asarray(channel.colour, np.float32)
    picture: NDArray[np.uint8] = np.rint(255 * np.minimum(mixed, 1)).astype(np.uint8)
    return picture
