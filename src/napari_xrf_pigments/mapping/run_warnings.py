"""Warnings about a run, which travel with its maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._parallel import on_threads, split_blocks, thread_count
from .._typing import Float32Array, FloatArray
from ..calibration.check import axis_warning
from ..cube import XRFCube
from ..network.out_of_distribution import FEW_COUNTS, UNEXPLAINED_FROM, saturated_share
from ..network.training_domain import instrument_warnings
from ._source_changes import SourceWatch
from .tiles import Tile

_BLOCK = 256


@dataclass(frozen=True)
class SpectraTally:
    """Numbers of spectra that a run warns of; tallies of two tiles add up.

    Parameters
    ----------
    pixels : int
        All spectra.
    empty, dark : int
        Spectra without a count; spectra with fewer counts than the network can use.
    negative, saturated : int
        Spectra with negative counts; spectra with channels at the largest storable number.
    unexplained : int
        Spectra with more unexplained counts than any in the network's training.
    total : ndarray, shape (channel,), or None
        Sum of the spectra, negative counts left out; None where it was not computed.
    """

    pixels: int = 0
    empty: int = 0
    dark: int = 0
    negative: int = 0
    saturated: int = 0
    unexplained: int = 0
    total: FloatArray | None = None

    @property
    def numbers(self) -> tuple[int, int, int, int, int, int]:
        """All fields but the sum, in the order of the parameters."""
        return (
            self.pixels,
            self.empty,
            self.dark,
            self.negative,
            self.saturated,
            self.unexplained,
        )

    @classmethod
    def from_numbers(cls, numbers: Sequence[int] | NDArray[np.integer]) -> SpectraTally:
        """Make a tally of its :attr:`numbers`.

        Raises
        ------
        ValueError
            If there are more or fewer than six.
        """
        pixels, empty, dark, negative, saturated, unexplained = (int(n) for n in numbers)
        return cls(pixels, empty, dark, negative, saturated, unexplained)

    def __add__(self, other: SpectraTally) -> SpectraTally:
        totals = [each for each in (self.total, other.total) if each is not None]
        numbers = [a + b for a, b in zip(self.numbers, other.numbers, strict=True)]
        return replace(
            SpectraTally.from_numbers(numbers), total=sum(totals[1:], totals[0]) if totals else None
        )


def count_spectra(
    spectra: NDArray[Any],
    unexplained: Float32Array | None = None,
    totals: NDArray[Any] | None = None,
    with_sum: bool = False,
) -> SpectraTally:
    """Count the spectra that a run warns of.

    Parameters
    ----------
    spectra : ndarray of integers, shape (spectrum, channel)
        Counts.
    unexplained : ndarray, shape (spectrum,), optional
        Share of the counts that nothing accounts for.
    totals : ndarray, shape (spectrum,), optional
        Counts of each spectrum, where they are known already.
    with_sum : bool
        Whether to add the spectra up, too, which takes longer.
    """
    tallies: list[SpectraTally] = []

    def count(part: slice) -> None:
        share = None if unexplained is None else unexplained[part]
        counts = None if totals is None else totals[part]
        tallies.append(_count_block(spectra[part], share, counts, with_sum))

    with on_threads() as spread:
        spread(count, split_blocks(len(spectra), _BLOCK, thread_count()))
    return sum(tallies, SpectraTally())


def _count_block(
    spectra: NDArray[Any],
    unexplained: Float32Array | None,
    totals: NDArray[Any] | None,
    with_sum: bool,
) -> SpectraTally:
    if totals is None:
        totals = spectra.sum(axis=1, dtype=np.int64)
    signed = spectra.dtype.kind == "i"
    lowest = spectra.min(axis=1) if signed else np.zeros(len(spectra), np.int64)
    total = None
    if with_sum:
        positive = np.maximum(spectra, 0) if signed else spectra
        total = positive.sum(axis=0, dtype=np.int64).astype(np.float64)
    # Negative channels may cancel positive ones: only a spectrum of zeros alone is empty.
    zero_sum = np.flatnonzero(np.asarray(totals) == 0)
    return SpectraTally(
        pixels=len(spectra),
        empty=int((~spectra[zero_sum].any(axis=1)).sum()),
        dark=int((np.asarray(totals) < FEW_COUNTS).sum()),
        negative=int((lowest < 0).sum()),
        saturated=int((saturated_share(spectra) > 0).sum()),
        unexplained=0 if unexplained is None else int((unexplained > UNEXPLAINED_FROM).sum()),
        total=total,
    )


class RunCheck:
    """Collect the warnings of a run of the network, tile by tile.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    """

    def __init__(self, cube: XRFCube) -> None:
        self._cube = cube
        self._tally = SpectraTally()
        self.source = SourceWatch(cube)

    def add_tile(self, tile: Tile, unexplained: Float32Array | None) -> SpectraTally:
        """Count the spectra of a tile; `unexplained` has the shape (pixel,)."""
        tally = count_spectra(tile.spectra, unexplained, with_sum=True)
        self.add_counts(tally)
        return replace(tally, total=None)

    def add_counts(self, tally: SpectraTally) -> None:
        """Add the tally of other spectra of the scan."""
        self._tally += tally

    def initial_warnings(self) -> tuple[str, ...]:
        """Warn of an instrument outside the training domain."""
        return instrument_warnings(self._cube.energies, self._cube.acquisition)

    def final_warnings(self, notices: Sequence[str] = ()) -> tuple[str, ...]:
        """Warn of the spectra of the whole run; `notices` are those of the network."""
        tally = self._tally
        texts = [_axis_warning(self._cube, tally.total)]
        if tally.dark:
            texts.append(
                f"{_pixels(tally.dark, 'hold')} fewer than {FEW_COUNTS} counts, too few for a "
                "prediction: their probabilities lie near the base rates of the training."
            )
        if tally.negative:
            texts.append(f"{_pixels(tally.negative, 'hold')} negative counts, treated as zero.")
        texts.append(_saturation_warning(tally))
        if tally.unexplained:
            share = 100 * tally.unexplained / tally.pixels
            texts.append(
                f"{_pixels(tally.unexplained, 'show')} more unexplained counts than the training "
                f"spectra ({share:.1f} % of all): check the map of the unexplained share; their "
                "probabilities are drawn towards the base rates."
            )
        texts += [self.source.change_message(), *notices]
        return tuple(text for text in texts if text)


class ElementRunCheck:
    """Collect the warnings of a run of the line fit, tile by tile.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    total : ndarray, shape (channel,)
        Sum of its spectra, from the survey before the fit.
    """

    def __init__(self, cube: XRFCube, total: FloatArray) -> None:
        self._cube = cube
        self._total = total
        self._tally = SpectraTally()
        self.source = SourceWatch(cube)

    def add_tile(self, tile: Tile, totals: NDArray[np.floating]) -> SpectraTally:
        """Count the spectra of a tile; `totals`, the counts of each, has the shape (pixel,)."""
        tally = count_spectra(tile.spectra, totals=totals)
        self.add_counts(tally)
        return tally

    def add_counts(self, tally: SpectraTally) -> None:
        """Add the tally of other spectra of the scan."""
        self._tally += tally

    def initial_warnings(self) -> tuple[str, ...]:
        """Warn of an energy axis that the lines of the survey do not fit."""
        text = _axis_warning(self._cube, self._total)
        return () if text is None else (text,)

    def final_warnings(self) -> tuple[str, ...]:
        """Warn of the spectra of the whole run."""
        tally, texts = self._tally, []
        if tally.empty:
            texts.append(
                f"{_pixels(tally.empty, 'hold')} no counts at all: dead, or measured without beam. "
                "Every map is zero there."
            )
        if tally.negative:
            texts.append(
                f"{_pixels(tally.negative, 'hold')} negative counts, which no detector measures: "
                "net counts are too low there."
            )
        texts += [t for t in (_saturation_warning(tally), self.source.change_message()) if t]
        return tuple(texts)


def _axis_warning(cube: XRFCube, total: FloatArray | None) -> str | None:
    if total is None or not total.any():
        return None
    return axis_warning(total, cube.energies, cube.acquisition)


def _saturation_warning(tally: SpectraTally) -> str | None:
    if not tally.saturated:
        return None
    return (
        f"{_pixels(tally.saturated, 'hold')} channels at the largest number that can be stored, so "
        "counts are missing there."
    )


def _pixels(number: int, verb: str) -> str:
    return f"{number:,} pixels {verb}" if number != 1 else f"1 pixel {verb}s"
