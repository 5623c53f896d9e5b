"""The network's input: the channels of any instrument on one energy grid.

Counts are rebinned onto fixed energies (a channel is shared between the bins that it overlaps),
divided by their total and square-rooted, which makes the counting noise uniform. The total counts,
the ends of the axis and the settings of the instrument follow; an unknown setting is zero, and so
is its flag.

The square roots and the logarithm of the total are whole numbers of steps that fit 8 bits. A step
is a third of the counting noise of the largest total used, 1e5 counts, so that rounding adds less
than 15 % to its variance there and 1.5 % at 1e4 counts.
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
from ..cube.acquisition import SUPPORTS
from ..physics.tube_library import ANODES

_ATMOSPHERES = ("air", "helium", "vacuum")
#: Edges of the grid's bins in keV: 30 eV wide where lines are dense, wider above.
GRID_KEV: FloatArray = np.concatenate(
    [np.arange(0.8, 7.99, 0.03), np.arange(8.0, 19.99, 0.05), np.arange(20.0, 45.01, 0.1)]
)
GRID_EDGES_KEV = tuple(GRID_KEV.tolist())
N_BINS = len(GRID_KEV) - 1
N_SETTINGS = 3 + len(ANODES) + 1 + 2 + 2 + len(_ATMOSPHERES) + 3 + len(SUPPORTS)
N_INPUTS = N_BINS + N_SETTINGS
#: Inputs that are whole numbers of steps: the bins and the total counts.
N_STEPPED = N_BINS + 1
#: Steps in a unit of the square roots, and in a decade of the total counts.
STEPS_PER_ROOT, STEPS_PER_DECADE = 48.0, 50.0
#: Largest number of steps.
MOST_STEPS = 255.0
#: Logarithm of the total counts at which that input is zero.
LOG_COUNTS_AT_ZERO = 3.5
#: Columns of the input that name the support, one for each of ``SUPPORTS``.
SUPPORT_INPUTS = slice(N_INPUTS - len(SUPPORTS), N_INPUTS)


def rebin(counts: torch.Tensor, energies: EnergyAxis) -> torch.Tensor:
    """Rebin counts onto the grid in the precision of the counts.

    Parameters
    ----------
    counts : Tensor, shape (spectrum, channel)
        Counts.
    energies : EnergyAxis
        Their axis; bins beyond it are zero.

    Returns
    -------
    Tensor, shape (spectrum, bin)
        Counts in the bins of :data:`GRID_KEV`.
    """
    sums = torch.nn.functional.pad(torch.cumsum(counts, dim=1), (1, 0))
    first = energies.offset_kev - energies.gain_kev / 2
    position = np.clip((GRID_KEV - first) / energies.gain_kev, 0, energies.n_channels)
    left = np.minimum(position.astype(np.int64), energies.n_channels - 1)
    share = torch.as_tensor(position - left, dtype=counts.dtype)
    low = sums[:, torch.from_numpy(left)]
    at_edges = low + (sums[:, torch.from_numpy(left + 1)] - low) * share
    return at_edges[:, 1:] - at_edges[:, :-1]


def settings_vector(energies: EnergyAxis, acquisition: Acquisition) -> torch.Tensor:
    """Encode the axis and the settings of an instrument.

    Parameters
    ----------
    energies : EnergyAxis
        The energy axis.
    acquisition : Acquisition
        Settings of the instrument, None where unknown.

    Returns
    -------
    Tensor, shape (N_SETTINGS - 1,), float32
        All settings but the total counts.
    """
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
    values += [float(acquisition.support == known) for known in SUPPORTS]
    return torch.tensor(values, dtype=torch.float32)


def encode(counts: torch.Tensor, energies: EnergyAxis, acquisition: Acquisition) -> torch.Tensor:
    """Encode spectra for the network.

    Parameters
    ----------
    counts : Tensor, shape (spectrum, channel)
        Counts.
    energies : EnergyAxis
        The energy axis.
    acquisition : Acquisition
        Settings of the instrument, None where unknown.

    Returns
    -------
    Tensor, shape (spectrum, N_INPUTS), float32
        The network's input.
    """
    # Single precision counts exactly to 2^24 only; spectra of 10^7 counts need double.
    bins = rebin(counts.double(), energies).float().clamp(min=0)
    encoded = np.empty((len(bins), N_INPUTS), np.float32)
    settings = settings_vector(energies, acquisition).numpy()
    encode_into(encoded, bins.numpy(), settings)
    return torch.from_numpy(encoded)


def encode_into(
    encoded: Float32Array,
    bins: Float32Array,
    settings: Float32Array,
    scale: Float32Array | float = 1.0,
) -> None:
    """Write the network's input of spectra into an array.

    Parameters
    ----------
    encoded : ndarray, shape (spectrum, N_INPUTS), float32
        Receives the input.
    bins : ndarray, shape (spectrum, bin), float32
        Counts on the grid.
    settings : ndarray, shape (setting - 1,), float32
        From :func:`settings_vector`.
    scale : ndarray, shape (spectrum, 1), or 1
        Factor on the counts.
    """
    steps = encoded[:, :N_STEPPED]
    count_steps(steps, bins, scale)
    steps[:, :N_BINS] *= 1 / STEPS_PER_ROOT
    steps[:, N_BINS] *= 1 / STEPS_PER_DECADE
    steps[:, N_BINS] -= LOG_COUNTS_AT_ZERO
    encoded[:, N_STEPPED:] = settings


def count_steps(steps: Float32Array, bins: Float32Array, scale: Float32Array | float = 1.0) -> None:
    """Write the stepped inputs of spectra, in steps, into an array.

    Parameters
    ----------
    steps : ndarray, shape (spectrum, N_STEPPED), float32
        Receives whole numbers from 0 to :data:`MOST_STEPS`.
    bins : ndarray, shape (spectrum, bin), float32
        Counts on the grid.
    scale : ndarray, shape (spectrum, 1), or 1
        Factor on the counts.
    """
    total = bins.sum(axis=1, keepdims=True)
    total *= scale
    np.maximum(total, 1.0, out=total)
    roots = steps[:, :N_BINS]
    np.multiply(bins, (100 * STEPS_PER_ROOT**2) * scale / total, out=roots)
    np.sqrt(roots, out=roots)
    steps[:, N_BINS:] = STEPS_PER_DECADE * np.log10(total)
    np.rint(steps, out=steps)
    np.minimum(steps, MOST_STEPS, out=steps)


#: Spectra in a block, which fits the cache of a core. Matrix products always take a whole block, a
#: multiple of the vector width: neither the position of a spectrum nor the size of a tile changes
#: the order of summation.
BLOCK = 192
#: Bins times channels of one matrix product: a compromise between few calls and few zeros.
_BINS_TIMES_CHANNELS = 2**16


@dataclass(frozen=True)
class _Part:
    """Neighbouring bins, the channels that overlap them, and the weights (channel, bin)."""

    bins: slice
    channels: slice
    weights: Float32Array


class Rebinner:
    """Rebinning of spectra of one energy axis by matrix products.

    Parameters
    ----------
    energies : EnergyAxis
        The axis; bins beyond it are zero.
    edges_kev : tuple of float
        Rising edges of the bins, keV.
    """

    def __init__(self, energies: EnergyAxis, edges_kev: tuple[float, ...]) -> None:
        channels, gain = energies.n_channels, energies.gain_kev
        self.n_channels, self.n_bins = channels, len(edges_kev) - 1
        start = energies.offset_kev - gain / 2
        position = np.clip((np.array(edges_kev) - start) / gain, 0, channels)
        step = int(np.clip(_BINS_TIMES_CHANNELS // channels, 4, 64))
        self._parts = []
        for first in range(0, self.n_bins, step):
            edges = position[first : first + step + 1]
            low, high = int(edges[0]), int(np.ceil(edges[-1]))
            if high > low:
                # Share of each channel below each edge.
                left = np.clip(edges - np.arange(low, high)[:, None], 0.0, 1.0)
                bins = slice(first, first + len(edges) - 1)
                weights = np.diff(left, axis=1).astype(np.float32)
                self._parts.append(_Part(bins, slice(low, high), weights))

    def scratch(self) -> tuple[Float32Array, Float32Array]:
        """Allocate the channels and the bins of a block; bins beyond the axis stay zero."""
        return (
            np.zeros((BLOCK, self.n_channels), np.float32),
            np.zeros((BLOCK, self.n_bins), np.float32),
        )

    def __call__(
        self, counts: NDArray[Any], scratch: tuple[Float32Array, Float32Array]
    ) -> tuple[Float32Array, Float32Array]:
        """Rebin the counts of a block.

        Parameters
        ----------
        counts : ndarray, shape (spectrum, channel)
            At most :data:`BLOCK` spectra, no count negative.
        scratch : tuple of ndarray
            From :meth:`scratch`; the results are views of it.

        Returns
        -------
        channels : ndarray, shape (spectrum, channel), float32
            The counts.
        bins : ndarray, shape (spectrum, bin), float32
            Counts in the bins.
        """
        channels, bins = scratch
        np.copyto(channels[: len(counts)], counts, casting="same_kind")
        for part in self._parts:
            np.matmul(channels[:, part.channels], part.weights, out=bins[:, part.bins])
        return channels[: len(counts)], bins[: len(counts)]


@lru_cache(maxsize=8)
def rebinner(energies: EnergyAxis, edges_kev: tuple[float, ...]) -> Rebinner:
    """Make the rebinner of an axis, once per axis and edges."""
    return Rebinner(energies, edges_kev)


def rebin_counts(
    counts: NDArray[Any], energies: EnergyAxis, edges_kev: tuple[float, ...]
) -> Float32Array:
    """Rebin any number of spectra, block by block.

    Parameters
    ----------
    counts : ndarray, shape (spectrum, channel)
        Counts, none negative.
    energies : EnergyAxis
        Their axis; bins beyond it are zero.
    edges_kev : tuple of float
        Rising edges of the bins, keV.

    Returns
    -------
    ndarray, shape (spectrum, bin), float32
        Counts in the bins.
    """
    rebin = rebinner(energies, edges_kev)
    scratch = rebin.scratch()
    binned = np.empty((len(counts), rebin.n_bins), np.float32)
    for first in range(0, len(counts), BLOCK):
        _, binned[first : first + BLOCK] = rebin(counts[first : first + BLOCK], scratch)
    return binned
