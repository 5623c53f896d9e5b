"""From counts to the network's input, block by block while a block is in the cache.

What else is to be known of every spectrum is found on the way: its counts, and whether it
could hold anything unexplained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .._parallel import Spread, parts
from .._typing import Float32Array
from ..cube import Acquisition, EnergyAxis
from ..fitting._unexplained_screening import SMALL, screening
from ..fitting.unexplained import unexplained_share
from .encoding import BLOCK, BORDERS, encode_into, rebinning, settings_vector

#: The network was trained with up to so many counts. Of more it would take the shape of the
#: simulation for evidence: the purest metal then shows traces of everything.
MOST_COUNTS = 1e5


@dataclass(frozen=True)
class Seen:
    """What is known of spectra besides the network's input.

    Parameters
    ----------
    totals : ndarray, shape (spectrum,), float32
        Counts.
    unexplained : ndarray, shape (spectrum,), float32
        An upper estimate of the unexplained share; what is small stands for the share itself.
    """

    totals: Float32Array
    unexplained: Float32Array

    @staticmethod
    def nothing(spectra: int) -> Seen:
        """Room for so many spectra."""
        return Seen(np.zeros(spectra, np.float32), np.zeros(spectra, np.float32))

    def __getitem__(self, part: slice) -> Seen:
        return Seen(self.totals[part], self.unexplained[part])


class Intake:
    """What is made of the counts of one instrument before the network.

    Parameters
    ----------
    energies : EnergyAxis
        The energy axis of the counts.
    known : Acquisition
        Settings of the instrument, as far as known.
    """

    def __init__(self, energies: EnergyAxis, known: Acquisition) -> None:
        self._energies, self._known = energies, known
        self._rebin = rebinning(energies, BORDERS)
        self._settings = settings_vector(energies, known).numpy()
        self._screen = screening(energies.kev, BORDERS, known)

    def __call__(
        self, counts: NDArray[Any], encoded: Float32Array, seen: Seen, spread: Spread
    ) -> None:
        """Encode spectra.

        Parameters
        ----------
        counts : ndarray, shape (spectrum, channel)
            Counts, none negative.
        encoded : ndarray, shape (spectrum, input), float32
            Takes the network's input.
        seen : Seen
            Takes the rest.
        spread : callable
            From :func:`napari_xrf_pigments._parallel.on_threads`.
        """

        def work(part: slice) -> None:
            room = self._rebin.scratch()
            for first in range(part.start, part.stop, BLOCK):
                block = slice(first, min(first + BLOCK, part.stop))
                self._block(counts[block], encoded[block], seen[block], room)

        spread(work, _parts(len(counts)))

    def _block(
        self,
        counts: NDArray[Any],
        encoded: Float32Array,
        seen: Seen,
        room: tuple[Float32Array, Float32Array],
    ) -> None:
        channels, bins = self._rebin(counts, room)
        seen.totals[:] = channels.sum(axis=1)
        if self._screen is None:
            seen.unexplained[:] = 1.0
        else:
            seen.unexplained[:] = self._screen(room[1])[: len(counts)]
        taken: Float32Array | float = 1.0
        if seen.totals.max(initial=0.0) > MOST_COUNTS:
            taken = (MOST_COUNTS / np.maximum(seen.totals[:, None], MOST_COUNTS)).astype(np.float32)
        encode_into(encoded, bins, self._settings, taken)

    def unexplained(self, counts: NDArray[Any], seen: Seen, spread: Spread) -> Float32Array:
        """Unexplained share of spectra, shape (spectrum,): looked for where it may not be small.

        Parameters
        ----------
        counts, seen, spread
            As they were encoded.
        """
        share = seen.unexplained.copy()
        suspect = np.flatnonzero(share >= SMALL)
        if suspect.size:
            # Without spectra: what all threads need is made once.
            unexplained_share(counts[:0], self._energies, self._known)

            def look(part: slice) -> None:
                chosen = suspect[part]
                share[chosen] = unexplained_share(counts[chosen], self._energies, self._known)

            spread(look, _parts(suspect.size))
        return share


def _parts(count: int) -> list[slice]:
    return parts(count, BLOCK, torch.get_num_threads())
