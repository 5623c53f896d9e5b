"""What the network sees of a spectrum: any instrument's channels on one energy grid.

The counts are rebinned onto fixed energies (a channel is shared between the bins it
overlaps), brought to shares of the total and square-rooted, which evens out counting
noise. Beside them stand the total counts, the reach of the axis, and what is known of
the instrument; unknown settings are zero with their flag down.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .._typing import Float32Array, FloatArray
from ..cube import Acquisition, EnergyAxis
from ..physics._tube_library import ANODES

_ATMOSPHERES = ("air", "helium", "vacuum")
#: Borders of the grid's bins in keV: 30 eV where lines crowd, wider above.
GRID_KEV: FloatArray = np.concatenate(
    [np.arange(0.8, 7.99, 0.03), np.arange(8.0, 19.99, 0.05), np.arange(20.0, 45.01, 0.1)]
)
BORDERS = tuple(GRID_KEV.tolist())
N_BINS = len(GRID_KEV) - 1
N_SETTINGS = 3 + len(ANODES) + 1 + 2 + 2 + len(_ATMOSPHERES) + 3
N_INPUTS = N_BINS + N_SETTINGS


def rebin(counts: torch.Tensor, energies: EnergyAxis) -> torch.Tensor:
    """Counts on the grid, shape (spectrum, bin).

    Parameters
    ----------
    counts : Tensor, shape (spectrum, channel)
        Counts.
    energies : EnergyAxis
        Their axis; bins that it does not reach are zero.
    """
    sums = torch.nn.functional.pad(torch.cumsum(counts, dim=1), (1, 0))
    first = energies.offset_kev - energies.gain_kev / 2
    place = np.clip((GRID_KEV - first) / energies.gain_kev, 0, energies.n_channels)
    left = np.minimum(place.astype(np.int64), energies.n_channels - 1)
    share = torch.as_tensor(place - left, dtype=counts.dtype)
    low = sums[:, torch.from_numpy(left)]
    at_edges = low + (sums[:, torch.from_numpy(left + 1)] - low) * share
    return at_edges[:, 1:] - at_edges[:, :-1]


def settings_vector(energies: EnergyAxis, acquisition: Acquisition) -> torch.Tensor:
    """What is known of the instrument, shape (setting - 1,): all but the total counts."""
    values = [energies.edges_kev[0] / 45, min(energies.edges_kev[-1], 60.0) / 45]
    anode = acquisition.anode
    values += [float(anode == known) for known in ANODES] + [float(anode is not None)]
    voltage = acquisition.tube_kv
    values += [(voltage or 0.0) / 50, float(voltage is not None)]
    filters = acquisition.filter
    values += [float(bool(filters)), float(filters is not None)]
    values += [float(acquisition.atmosphere == gas) for gas in _ATMOSPHERES]
    angles = (acquisition.incidence_deg, acquisition.takeoff_deg)
    values += [(angle or 0.0) / 90 for angle in angles]
    values.append(float(None not in angles))
    return torch.tensor(values, dtype=torch.float32)


def encode(counts: torch.Tensor, energies: EnergyAxis, acquisition: Acquisition) -> torch.Tensor:
    """The network's input, shape (spectrum, N_INPUTS), float32.

    Parameters
    ----------
    counts : Tensor, shape (spectrum, channel)
        Counts.
    energies : EnergyAxis
        The energy axis.
    acquisition : Acquisition
        Settings of the instrument, None where unknown.
    """
    # Sums of counts reach 2^24 only in spectra of 10^7 counts: double keeps those exact.
    bins = rebin(counts.double(), energies).float().clamp(min=0)
    return encode_bins(bins, energies, acquisition)


def encode_bins(bins: torch.Tensor, energies: EnergyAxis, acquisition: Acquisition) -> torch.Tensor:
    """The network's input, as :func:`encode`, of counts on the grid (spectrum, bin)."""
    encoded = np.empty((len(bins), N_INPUTS), np.float32)
    settings = settings_vector(energies, acquisition).numpy()
    encode_into(encoded, bins.numpy(), settings)
    return torch.from_numpy(encoded)


def encode_into(
    encoded: Float32Array,
    bins: Float32Array,
    settings: Float32Array,
    taken: Float32Array | float = 1.0,
) -> None:
    """Write the network's input of some spectra.

    Parameters
    ----------
    encoded : ndarray, shape (spectrum, N_INPUTS), float32
        Where to.
    bins : ndarray, shape (spectrum, bin), float32
        Counts on the grid.
    settings : ndarray, shape (setting - 1,), float32
        From :func:`settings_vector`.
    taken : ndarray, shape (spectrum, 1), or 1
        Share of the counts that the network is told of.
    """
    total = bins.sum(axis=1, keepdims=True)
    total *= taken
    np.maximum(total, 1.0, out=total)
    shares = encoded[:, :N_BINS]
    np.multiply(bins, 100 * taken / total, out=shares)
    np.sqrt(shares, out=shares)
    encoded[:, N_BINS : N_BINS + 1] = np.log10(total) - 3.5
    encoded[:, N_BINS + 1 :] = settings


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
    weights: Float32Array


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

    def scratch(self) -> tuple[Float32Array, Float32Array]:
        """Room for the channels and the bins of a block; what is in no bin stays zero."""
        return (
            np.zeros((BLOCK, self.n_channels), np.float32),
            np.zeros((BLOCK, self.n_bins), np.float32),
        )

    def __call__(
        self, counts: NDArray[Any], room: tuple[Float32Array, Float32Array]
    ) -> tuple[Float32Array, Float32Array]:
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


def rebinned(
    counts: NDArray[Any], energies: EnergyAxis, borders_kev: tuple[float, ...]
) -> Float32Array:
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
