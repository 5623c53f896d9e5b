"""What a run noticed: sentences that travel with its maps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..cube import XRFCube
from ..cube.axis_check import axis_warning
from ..network.doubt import FEW_COUNTS, UNEXPLAINED_FROM, saturated_share
from ..network.reach import instrument_warnings
from .source_watch import SourceWatch
from .tiles import Tile


class RunCheck:
    """Looks at the tiles of a run as they pass.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    """

    def __init__(self, cube: XRFCube) -> None:
        self._cube = cube
        self._sum = np.zeros(cube.shape[2])
        self._pixels = self._dark = self._negative = self._saturated = self._strange = 0
        self.source = SourceWatch(cube)

    def add(self, tile: Tile, unexplained: NDArray[np.float32] | None) -> None:
        """Take the spectra of a tile and what was unexplained in them, shape (pixel,)."""
        spectra = tile.spectra
        if not len(spectra):
            return
        self._pixels += len(spectra)
        self._sum += np.maximum(spectra, 0).sum(axis=0, dtype=np.float64)
        self._dark += int((spectra.sum(axis=1, dtype=np.int64) < FEW_COUNTS).sum())
        if spectra.dtype.kind == "i":
            self._negative += int((spectra < 0).any(axis=1).sum())
        self._saturated += int((saturated_share(spectra) > 0).sum())
        if unexplained is not None:
            self._strange += int((np.asarray(unexplained) > UNEXPLAINED_FROM).sum())

    def at_start(self) -> tuple[str, ...]:
        """What the instrument alone says."""
        return instrument_warnings(self._cube.energies, self._cube.acquisition)

    def at_end(self, notices: Sequence[str] = ()) -> tuple[str, ...]:
        """What all spectra together say; `notices` are those of the network."""
        told = [self._axis(), *self._spectra(), self.source.changed(), *notices]
        return tuple(text for text in told if text)

    def _axis(self) -> str | None:
        if not self._sum.any():
            return None
        return axis_warning(self._sum, self._cube.energies, self._cube.acquisition)

    def _spectra(self) -> list[str]:
        told = []
        if self._dark:
            dark = _pixels(self._dark, "hold")
            told.append(
                f"{dark} fewer than {FEW_COUNTS} counts: nothing is known there, and their "
                "probabilities lie near the usual rates."
            )
        if self._negative:
            negative = _pixels(self._negative, "hold")
            told.append(f"{negative} negative counts, which count as zero.")
        if self._saturated:
            saturated = _pixels(self._saturated, "hold")
            told.append(
                f"{saturated} channels at the largest number that can be stored, so counts are "
                "missing there."
            )
        if self._strange:
            strange = _pixels(self._strange, "show")
            share = 100 * self._strange / self._pixels
            told.append(
                f"{strange} something that the network never learned from ({share:.1f} % of all): "
                "look at the map of the unexplained share; probabilities are pulled to the usual "
                "rates there."
            )
        return told


def _pixels(number: int, verb: str) -> str:
    return f"{number:,} pixels {verb}" if number != 1 else f"1 pixel {verb}s"
