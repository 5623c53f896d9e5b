"""Counts on the network's grid, without a detour over double precision.

A bin is a sum of few channels with weights between 0 and 1, so neighbouring bins need few
neighbouring channels: a handful of small matrix products on spectra that lie in the cache. No term
is negative, so nothing is lost by cancellation: results are those in double precision but for the
rounding of a float.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cube import EnergyAxis

Floats = NDArray[np.float32]

#: Spectra worked on at once, for the cache of a core. Products are always of so many, a multiple
#: of what processors multiply at once: so the place of a spectrum and the size of a tile do not
#: change how they are added up.
BLOCK = 192
#: Bins and channels in one product: few operations that multiply by zero, few calls.
_BINS_TIMES_CHANNELS = 2**16


@dataclass(frozen=True)
class _Part:
    """Neighbouring bins, the channels they need, and the weights (channel, bin)."""

    bins: slice
    channels: slice
    weights: Floats


class Rebinning:
    """Sums of channels between borders, for spectra of one axis.

    Parameters
    ----------
    energies : EnergyAxis
        The axis; bins that it does not reach are zero.
    borders_kev : tuple of float
        Rising borders of the bins.
    """

    def __init__(self, energies: EnergyAxis, borders_kev: tuple[float, ...]) -> None:
        channels, gain = energies.n_channels, energies.gain_kev
        self.n_channels, self.n_bins = channels, len(borders_kev) - 1
        start = energies.offset_kev - gain / 2
        place = np.clip((np.array(borders_kev) - start) / gain, 0, channels)
        step = int(np.clip(_BINS_TIMES_CHANNELS // channels, 4, 64))
        self._parts = []
        for first in range(0, self.n_bins, step):
            borders = place[first : first + step + 1]
            low, high = int(borders[0]), int(np.ceil(borders[-1]))
            if high > low:
                # What of each channel lies left of each border.
                left = np.clip(borders - np.arange(low, high)[:, None], 0.0, 1.0)
                bins = slice(first, first + len(borders) - 1)
                weights = np.diff(left, axis=1).astype(np.float32)
                self._parts.append(_Part(bins, slice(low, high), weights))

    def scratch(self) -> tuple[Floats, Floats]:
        """Room for the channels and the bins of a block; what is in no bin stays zero."""
        return (
            np.zeros((BLOCK, self.n_channels), np.float32),
            np.zeros((BLOCK, self.n_bins), np.float32),
        )

    def __call__(self, counts: NDArray[Any], room: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        """Put the counts of a block into bins.

        Parameters
        ----------
        counts : ndarray, shape (spectrum, channel)
            :data:`BLOCK` spectra at most, no count negative.
        room : tuple of ndarray
            From :meth:`scratch`; the results are views of it.

        Returns
        -------
        channels : ndarray, shape (spectrum, channel), float32
            The counts.
        bins : ndarray, shape (spectrum, bin), float32
            Counts in the bins.
        """
        channels, bins = room
        np.copyto(channels[: len(counts)], counts, casting="same_kind")
        for part in self._parts:
            np.matmul(channels[:, part.channels], part.weights, out=bins[:, part.bins])
        return channels[: len(counts)], bins[: len(counts)]


@lru_cache(maxsize=8)
def rebinning(energies: EnergyAxis, borders_kev: tuple[float, ...]) -> Rebinning:
    """The rebinning of an axis, made once."""
    return Rebinning(energies, borders_kev)


def rebinned(counts: NDArray[Any], energies: EnergyAxis, borders_kev: tuple[float, ...]) -> Floats:
    """Counts between borders, shape (spectrum, bin).

    Parameters
    ----------
    counts : ndarray, shape (spectrum, channel)
        Counts, none negative.
    energies : EnergyAxis
        Their axis; bins that it does not reach are zero.
    borders_kev : tuple of float
        Rising borders of the bins.
    """
    rebin = rebinning(energies, borders_kev)
    room = rebin.scratch()
    found = np.empty((len(counts), rebin.n_bins), np.float32)
    for first in range(0, len(counts), BLOCK):
        _, found[first : first + BLOCK] = rebin(counts[first : first + BLOCK], room)
    return found
