"""Warnings about a run, which travel with its maps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._parallel import on_threads, split_blocks, thread_count
from .._typing import BoolArray, Float32Array, FloatArray
from ..calibration.check import axis_warning
from ..cube import XRFCube
from ..network.out_of_distribution import FEW_COUNTS, UNEXPLAINED_FROM, saturated_share
from ..network.training_domain import instrument_warnings
from ._source_changes import SourceWatch
from .tiles import Tile, iter_tiles, remaining_tiles

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
    def numbers(self) -> tuple[int, ...]:
        """All fields but the sum, in the order of the parameters."""
        return tuple(getattr(self, each.name) for each in fields(self)[:-1])

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


class RunCheck(ABC):
    """Collect the warnings of a run, tile by tile.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    """

    def __init__(self, cube: XRFCube) -> None:
        self._cube = cube
        self._tally = SpectraTally()
        self.source = SourceWatch(cube)

    @abstractmethod
    def count(self, tile: Tile, maps: Any) -> SpectraTally:
        """Count the spectra of a tile, given its maps."""

    @abstractmethod
    def initial_warnings(self) -> tuple[str, ...]:
        """Warn of the scan before the first tile."""

    @abstractmethod
    def final_warnings(self) -> tuple[str, ...]:
        """Warn of the spectra of the whole run."""

    def add_counts(self, tally: SpectraTally) -> None:
        """Add the tally of spectra of the scan."""
        self._tally += tally

    def iter_maps(
        self,
        make_maps: Callable[[Tile], Any],
        tile_bytes: int,
        skip: BoolArray | None,
        before: SpectraTally | None,
        margin: int = 0,
    ) -> Iterator[Any]:
        """Make the maps of the tiles of the scan, with their tallies and the warnings of the run.

        Parameters
        ----------
        make_maps : callable
            Makes the ElementTile or PigmentTile of a tile.
        tile_bytes, skip, margin
            As in :func:`iter_tiles`.
        before : SpectraTally, optional
            Tally of the pixels in `skip`.

        Raises
        ------
        OSError, ValueError
            If the scan cannot be read to its end.
        """
        self.add_counts(before or SpectraTally())
        left = len(remaining_tiles(self._cube, tile_bytes, skip))
        warnings = self.initial_warnings()
        try:
            for tile in iter_tiles(self._cube, tile_bytes, skip, margin):
                maps = make_maps(tile)
                tally = self.count(tile, maps)
                self.add_counts(tally)
                left -= 1
                if not left:
                    warnings += self.final_warnings()
                yield replace(maps, warnings=warnings, tally=replace(tally, total=None))
                warnings = ()
        except (OSError, ValueError) as error:
            raise self.source.explain(error) from error


class PigmentRunCheck(RunCheck):
    """Collect the warnings of a run of the network.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    notices : sequence of str
        Notices of the network, which may grow during the run.
    """

    def __init__(self, cube: XRFCube, notices: Sequence[str] = ()) -> None:
        super().__init__(cube)
        self._notices = notices

    def count(self, tile: Tile, maps: Any) -> SpectraTally:
        """Count the spectra of a tile, and sum them for the check of the energy axis."""
        return count_spectra(tile.spectra, maps.unexplained[tile.valid], with_sum=True)

    def initial_warnings(self) -> tuple[str, ...]:
        """Warn of an instrument outside the training domain."""
        return instrument_warnings(self._cube.energies, self._cube.acquisition)

    def final_warnings(self) -> tuple[str, ...]:
        """Warn of the spectra of the whole run, and add the notices of the network."""
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
        texts += [self.source.change_message(), *self._notices]
        return tuple(text for text in texts if text)


class ElementRunCheck(RunCheck):
    """Collect the warnings of a run of the line fit.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    total : ndarray, shape (channel,)
        Sum of its spectra, from the survey before the fit.
    """

    def __init__(self, cube: XRFCube, total: FloatArray) -> None:
        super().__init__(cube)
        self._total = total

    def count(self, tile: Tile, maps: Any) -> SpectraTally:
        """Count the spectra of a tile."""
        return count_spectra(tile.spectra, totals=maps.total[tile.valid])

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
