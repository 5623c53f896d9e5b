"""What a run noticed: sentences that travel with its maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..calibration.check import axis_warning
from ..cube import XRFCube
from ..network.out_of_distribution import FEW_COUNTS
from ..network.training_domain import instrument_warnings
from ._source_changes import SourceWatch
from ._spectra_tally import SpectraTally, counted
from .tiles import Tile


class RunCheck:
    """Looks at the tiles of a run of the network as they pass.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    """

    def __init__(self, cube: XRFCube) -> None:
        self._cube = cube
        self._seen = SpectraTally()
        self.source = SourceWatch(cube)

    def add(self, tile: Tile, unexplained: NDArray[np.float32] | None) -> SpectraTally:
        """Take the spectra of a tile and what was unexplained in them, shape (pixel,)."""
        found = counted(tile.spectra, unexplained, with_sum=True)
        self.take(found)
        return replace(found, total=None)

    def take(self, tally: SpectraTally) -> None:
        """Take what was counted in other spectra of the scan."""
        self._seen += tally

    def at_start(self) -> tuple[str, ...]:
        """What the instrument alone says."""
        return instrument_warnings(self._cube.energies, self._cube.acquisition)

    def at_end(self, notices: Sequence[str] = ()) -> tuple[str, ...]:
        """What all spectra together say; `notices` are those of the network."""
        seen = self._seen
        told = [_axis(self._cube, seen.total)]
        if seen.dark:
            told.append(
                f"{_pixels(seen.dark, 'hold')} fewer than {FEW_COUNTS} counts: nothing is known "
                "there, and their probabilities lie near the usual rates."
            )
        if seen.negative:
            told.append(f"{_pixels(seen.negative, 'hold')} negative counts, which count as zero.")
        told.append(_saturated(seen))
        if seen.strange:
            share = 100 * seen.strange / seen.pixels
            told.append(
                f"{_pixels(seen.strange, 'show')} something that the network never learned from "
                f"({share:.1f} % of all): look at the map of the unexplained share; probabilities "
                "are pulled to the usual rates there."
            )
        told += [self.source.changed(), *notices]
        return tuple(text for text in told if text)


class ElementRunCheck:
    """Looks at the tiles of a run of the line fit as they pass.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    total : ndarray, shape (channel,)
        Sum of its spectra, from the survey before the fit.
    """

    def __init__(self, cube: XRFCube, total: NDArray[np.float64]) -> None:
        self._cube = cube
        self._total = total
        self._seen = SpectraTally()
        self.source = SourceWatch(cube)

    def add(self, tile: Tile, totals: NDArray[np.floating]) -> SpectraTally:
        """Take the spectra of a tile and the counts of each, shape (pixel,)."""
        found = counted(tile.spectra, totals=totals)
        self.take(found)
        return found

    def take(self, tally: SpectraTally) -> None:
        """Take what was counted in other spectra of the scan."""
        self._seen += tally

    def at_start(self) -> tuple[str, ...]:
        """What the survey says of the energy axis."""
        told = _axis(self._cube, self._total)
        return () if told is None else (told,)

    def at_end(self) -> tuple[str, ...]:
        """What all spectra together say."""
        seen, told = self._seen, []
        if seen.empty:
            told.append(
                f"{_pixels(seen.empty, 'hold')} no counts at all: dead, or measured without beam. "
                "Every map is zero there."
            )
        if seen.negative:
            told.append(
                f"{_pixels(seen.negative, 'hold')} negative counts, which no detector gives: net "
                "counts are too low there."
            )
        told += [text for text in (_saturated(seen), self.source.changed()) if text]
        return tuple(told)


def _axis(cube: XRFCube, total: NDArray[np.float64] | None) -> str | None:
    if total is None or not total.any():
        return None
    return axis_warning(total, cube.energies, cube.acquisition)


def _saturated(seen: SpectraTally) -> str | None:
    if not seen.saturated:
        return None
    return (
        f"{_pixels(seen.saturated, 'hold')} channels at the largest number that can be stored, so "
        "counts are missing there."
    )


def _pixels(number: int, verb: str) -> str:
    return f"{number:,} pixels {verb}" if number != 1 else f"1 pixel {verb}s"
