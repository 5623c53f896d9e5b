"""Conversion of counts to network inputs, block by block so that a block stays in the cache.

The total counts of every spectrum and an upper estimate of its unexplained share are computed on
the same pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .._parallel import Executor, split_blocks
from .._typing import Float32Array
from ..cube import Acquisition, EnergyAxis
from ..fitting.evidence_fit import evidence_fit
from ..fitting.unexplained import unexplained_share
from ..fitting.unexplained_screening import SMALL, screening
from .encoding import (
    BLOCK,
    GRID_EDGES_KEV,
    N_STEPPED,
    count_steps,
    encode_into,
    rebinner,
    settings_vector,
)

#: Largest total of the training spectra; larger totals are scaled down to it. Beyond it the
#: network would read the finest details of the simulated line shapes as evidence: a pure metal
#: then shows traces of everything.
MAX_COUNTS = 1e5


@dataclass(frozen=True)
class SpectrumStats:
    """Numbers of each spectrum besides the network's input.

    Parameters
    ----------
    totals : ndarray, shape (spectrum,), float32
        Total counts.
    unexplained : ndarray, shape (spectrum,), float32
        Upper estimate of the unexplained share, 0-1; a small one stands for the share itself.
    counts, sigma : ndarray, shape (spectrum, family), float32
        Net counts of line families, and their standard deviation.
    """

    totals: Float32Array
    unexplained: Float32Array
    counts: Float32Array
    sigma: Float32Array

    @staticmethod
    def zeros(spectra: int, families: int) -> SpectrumStats:
        """Allocate the statistics of a number of spectra."""
        shapes = (spectra, spectra, (spectra, families), (spectra, families))
        return SpectrumStats(*(np.zeros(shape, np.float32) for shape in shapes))

    def __getitem__(self, part: slice) -> SpectrumStats:
        arrays = (self.totals, self.unexplained, self.counts, self.sigma)
        return SpectrumStats(*(array[part] for array in arrays))


class Preprocessor:
    """Conversion of one instrument's counts to network inputs and statistics.

    Parameters
    ----------
    energies : EnergyAxis
        The energy axis of the counts.
    acquisition : Acquisition
        Settings of the instrument, as far as known.

    Attributes
    ----------
    settings : ndarray, shape (setting - 1,), float32
        The settings as inputs of the network.
    """

    def __init__(self, energies: EnergyAxis, acquisition: Acquisition) -> None:
        self._energies, self._acquisition = energies, acquisition
        self._rebin = rebinner(energies, GRID_EDGES_KEV)
        self.settings: Float32Array = settings_vector(energies, acquisition).numpy()
        self._screen = screening(energies.kev, GRID_EDGES_KEV, acquisition)
        self._fit = evidence_fit(energies.kev, GRID_EDGES_KEV, acquisition)

    @property
    def families(self) -> tuple[str, ...]:
        """Line families with net counts; none where the axis is too short."""
        return () if self._fit is None else self._fit.families

    def __call__(
        self, counts: NDArray[Any], encoded: Float32Array, stats: SpectrumStats, spread: Executor
    ) -> None:
        """Encode spectra and compute their statistics.

        Parameters
        ----------
        counts : ndarray, shape (spectrum, channel)
            Counts, none negative.
        encoded : ndarray, shape (spectrum, input), float32
            Receives the network's input.
        stats : SpectrumStats
            Receives the statistics.
        spread : callable
            From :func:`napari_xrf_pigments._parallel.on_threads`.
        """

        def work(part: slice) -> None:
            for block, bins, scale in self._blocks(counts, part, stats):
                encode_into(encoded[block], bins, self.settings, scale)

        spread(work, _parts(len(counts)))

    def steps(
        self,
        counts: NDArray[Any],
        use: Callable[[slice, NDArray[np.uint8]], None],
        stats: SpectrumStats,
        spread: Executor,
    ) -> None:
        """Encode spectra in steps of 8 bits and compute their statistics.

        Parameters
        ----------
        counts, stats, spread
            As for the call.
        use : callable
            Called on several threads with the position of a block of spectra and its steps,
            shape (spectrum, N_STEPPED).
        """

        def work(part: slice) -> None:
            exact = np.empty((BLOCK, N_STEPPED), np.float32)
            for block, bins, scale in self._blocks(counts, part, stats):
                steps = exact[: len(bins)]
                count_steps(steps, bins, scale)
                use(block, steps.astype(np.uint8))

        spread(work, _parts(len(counts)))

    def _blocks(
        self, counts: NDArray[Any], part: slice, stats: SpectrumStats
    ) -> Iterator[tuple[slice, Float32Array, Float32Array | float]]:
        """Rebin the blocks of a part; yield position, bins and factor on the counts of each."""
        scratch = self._rebin.scratch()
        for first in range(part.start, part.stop, BLOCK):
            block = slice(first, min(first + BLOCK, part.stop))
            bins, scale = self._rebin_block(counts[block], stats[block], scratch)
            yield block, bins, scale

    def _rebin_block(
        self,
        counts: NDArray[Any],
        stats: SpectrumStats,
        scratch: tuple[Float32Array, Float32Array],
    ) -> tuple[Float32Array, Float32Array | float]:
        channels, bins = self._rebin(counts, scratch)
        stats.totals[:] = channels.sum(axis=1)
        if self._screen is None:
            stats.unexplained[:] = 1.0
        else:
            stats.unexplained[:] = self._screen(scratch[1])[: len(counts)]
        if self._fit is not None:
            stats.counts[:], stats.sigma[:] = self._fit(bins)
        scale: Float32Array | float = 1.0
        if stats.totals.max(initial=0.0) > MAX_COUNTS:
            scale = (MAX_COUNTS / np.maximum(stats.totals[:, None], MAX_COUNTS)).astype(np.float32)
        return bins, scale

    def unexplained_share(
        self, counts: NDArray[Any], stats: SpectrumStats, spread: Executor
    ) -> Float32Array:
        """Compute the unexplained share of spectra, fitting only those whose estimate is large.

        Parameters
        ----------
        counts, stats, spread
            As they were encoded.

        Returns
        -------
        ndarray, shape (spectrum,), float32
            Share of the counts above background, 0-1.
        """
        share = stats.unexplained.copy()
        suspect = np.flatnonzero(share >= SMALL)
        if suspect.size:
            # Called without spectra to fill the caches that all threads share.
            unexplained_share(counts[:0], self._energies, self._acquisition)

            def fit(part: slice) -> None:
                chosen = suspect[part]
                share[chosen] = unexplained_share(counts[chosen], self._energies, self._acquisition)

            spread(fit, _parts(suspect.size))
        return share


def _parts(count: int) -> list[slice]:
    return split_blocks(count, BLOCK, torch.get_num_threads())
