"""Whole counts on the network's grid, without a detour over double precision.

Sums of whole counts are exact in integers; only what the two channels at the ends of a bin share
with it is a fraction. No term is negative, so nothing is lost by cancellation: results are those
in double precision but for the rounding of a float.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cube import EnergyAxis

#: Spectra worked on at once, for the cache of a core.
_BLOCK = 128


@dataclass(frozen=True)
class _Bins:
    """Where bins lie on an axis: whole channels from `start` to `stop`, and shares at the ends.

    Parameters
    ----------
    start, stop : ndarray, shape (bin,)
        Whole channels inside.
    channel : ndarray, shape (bin + 1,)
        Channels that hold the borders.
    left, right : ndarray, shape (bin,), float32
        Share of the channels at the left and at the right border.
    """

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    channel: NDArray[np.int64]
    left: NDArray[np.float32]
    right: NDArray[np.float32]


def rebinned(
    counts: NDArray[np.integer[Any]], energies: EnergyAxis, borders_kev: tuple[float, ...]
) -> NDArray[np.float32]:
    """Whole counts between borders, shape (spectrum, bin).

    Parameters
    ----------
    counts : ndarray of int, shape (spectrum, channel)
        Counts, none negative.
    energies : EnergyAxis
        Their axis; bins that it does not reach are zero.
    borders_kev : tuple of float
        Rising borders of the bins.
    """
    bins = _bins(energies.n_channels, energies.gain_kev, energies.offset_kev, borders_kev)
    found = np.empty((len(counts), len(borders_kev) - 1), np.float32)
    small = counts.size == 0 or int(counts.max()) * energies.n_channels < 2**31
    sums = np.zeros((_BLOCK, energies.n_channels + 1), np.int32 if small else np.int64)
    for first in range(0, len(counts), _BLOCK):
        block = counts[first : first + _BLOCK]
        part = sums[: len(block)]
        np.cumsum(block, axis=1, dtype=sums.dtype, out=part[:, 1:])
        whole = part.take(bins.stop, axis=1)
        whole -= part.take(bins.start, axis=1)
        ends = block.take(bins.channel, axis=1).astype(np.float32)
        made = found[first : first + _BLOCK]
        np.multiply(ends[:, :-1], bins.left, out=made)
        made += whole
        ends = ends[:, 1:]
        ends *= bins.right
        made += ends
    return found


@lru_cache(maxsize=8)
def _bins(n_channels: int, gain: float, offset: float, borders: tuple[float, ...]) -> _Bins:
    place = np.clip((np.array(borders) - (offset - gain / 2)) / gain, 0, n_channels)
    channel = np.minimum(place.astype(np.int64), n_channels - 1)
    share = place - channel
    inside = channel[1:] == channel[:-1]
    start = channel[:-1] + 1
    stop = np.maximum(channel[1:], start)
    left = np.where(inside, share[1:] - share[:-1], 1 - share[:-1])
    right = np.where(inside, 0.0, share[1:])
    return _Bins(start, stop, channel, left.astype(np.float32), right.astype(np.float32))
