"""How many spectra of a run are such that one must be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._parallel import on_threads, split_blocks, thread_count
from ..network.out_of_distribution import FEW_COUNTS, UNEXPLAINED_FROM, saturated_share

_BLOCK = 256


@dataclass(frozen=True)
class SpectraTally:
    """Numbers of spectra; those of two tiles add up.

    Parameters
    ----------
    pixels : int
        All of them.
    empty, dark : int
        Without a count; with fewer than the network can say anything from.
    negative, saturated : int
        With negative counts; with channels at the largest number that can be stored.
    strange : int
        With more unexplained counts than what the network learned from has.
    total : ndarray, shape (channel,), or None
        Their sum, negative counts left out; None where it was not asked for.
    """

    pixels: int = 0
    empty: int = 0
    dark: int = 0
    negative: int = 0
    saturated: int = 0
    strange: int = 0
    total: NDArray[np.float64] | None = None

    @property
    def numbers(self) -> tuple[int, int, int, int, int, int]:
        """All but the sum, in the order of the parameters."""
        return (
            self.pixels,
            self.empty,
            self.dark,
            self.negative,
            self.saturated,
            self.strange,
        )

    @classmethod
    def of_numbers(cls, numbers: NDArray[np.integer]) -> SpectraTally:
        """The tally of such :attr:`numbers`.

        Raises
        ------
        ValueError
            If there are more or fewer than six.
        """
        pixels, empty, dark, negative, saturated, strange = (int(number) for number in numbers)
        return cls(pixels, empty, dark, negative, saturated, strange)

    def __add__(self, other: SpectraTally) -> SpectraTally:
        both = [each for each in (self.total, other.total) if each is not None]
        return SpectraTally(
            self.pixels + other.pixels,
            self.empty + other.empty,
            self.dark + other.dark,
            self.negative + other.negative,
            self.saturated + other.saturated,
            self.strange + other.strange,
            sum(both[1:], both[0]) if both else None,
        )


def counted(
    spectra: NDArray[Any],
    unexplained: NDArray[np.float32] | None = None,
    totals: NDArray[Any] | None = None,
    with_sum: bool = False,
) -> SpectraTally:
    """Look at some spectra.

    Parameters
    ----------
    spectra : ndarray of integers, shape (spectrum, channel)
        Counts.
    unexplained : ndarray, shape (spectrum,), optional
        Share of the counts that nothing accounts for.
    totals : ndarray, shape (spectrum,), optional
        Counts of each spectrum, where they are known already.
    with_sum : bool
        Whether to add the spectra up, which takes a while.
    """
    found: list[SpectraTally] = []

    def look(part: slice) -> None:
        share = None if unexplained is None else unexplained[part]
        counts = None if totals is None else totals[part]
        found.append(_counted(spectra[part], share, counts, with_sum))

    with on_threads() as spread:
        spread(look, split_blocks(len(spectra), _BLOCK, thread_count()))
    return sum(found, SpectraTally())


def _counted(
    spectra: NDArray[Any],
    unexplained: NDArray[np.float32] | None,
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
    # A negative channel may make up for another: only what is zero throughout is empty.
    dark = np.flatnonzero(np.asarray(totals) == 0)
    return SpectraTally(
        pixels=len(spectra),
        empty=int((~spectra[dark].any(axis=1)).sum()),
        dark=int((np.asarray(totals) < FEW_COUNTS).sum()),
        negative=int((lowest < 0).sum()),
        saturated=int((saturated_share(spectra) > 0).sum()),
        strange=0 if unexplained is None else int((unexplained > UNEXPLAINED_FROM).sum()),
        total=total,
    )
