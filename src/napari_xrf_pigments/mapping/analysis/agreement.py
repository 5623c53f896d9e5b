"""Whether a pigment's map agrees with the maps of the elements that identify it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata


@dataclass(frozen=True)
class Correlation:
    """How two maps go together.

    Parameters
    ----------
    name : str
        The other map.
    pearson, spearman : float
        Linear and rank correlation, -1 to 1; NaN where one of the maps does not vary.
    pixels : int
        Pixels in which both are known.
    """

    name: str
    pearson: float
    spearman: float
    pixels: int


def correlate(first: ArrayLike, second: ArrayLike, name: str = "") -> Correlation:
    """Correlation of two maps over the pixels in which both are finite.

    Parameters
    ----------
    first, second : array_like, the same shape
        Maps; NaN = not known.
    name : str
        Name of the second map.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if a.shape != b.shape:
        raise ValueError("Only maps of the same scan can be correlated.")
    known = np.isfinite(a) & np.isfinite(b)
    a, b = a[known], b[known]
    return Correlation(name, _pearson(a, b), _pearson(rankdata(a), rankdata(b)), int(a.size))


def _pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    if a.size < 3:
        return float("nan")
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float(np.clip((a * b).sum() / norm, -1, 1)) if norm > 0 else float("nan")


class Verdict(IntEnum):
    """What a pigment's map and its elements' maps say of a pixel."""

    UNKNOWN = -1
    NEITHER = 0
    AGREE = 1
    PREDICTED_WITHOUT_ELEMENT = 2
    ELEMENT_WITHOUT_PREDICTION = 3
    ELEMENT_EXPLAINED_BY_OTHERS = 4


@dataclass(frozen=True)
class Agreement:
    """Where a pigment's map and its elements' maps agree.

    Parameters
    ----------
    verdict : ndarray of int8, shape (y, x)
        Values of :class:`Verdict`.
    """

    verdict: NDArray[np.int8]

    def share(self, verdict: Verdict) -> float:
        """Share of the pixels that have a verdict, 0-1."""
        known = int(np.count_nonzero(self.verdict != Verdict.UNKNOWN))
        return int(np.count_nonzero(self.verdict == verdict)) / max(1, known)


def agreement(
    probability: ArrayLike,
    counts: Sequence[ArrayLike],
    sigma: Sequence[ArrayLike],
    *,
    threshold: float = 0.5,
    sigmas: float = 3.0,
    others: Sequence[ArrayLike] = (),
) -> Agreement:
    """Compare where a pigment is predicted with where its elements stand out.

    Parameters
    ----------
    probability : array_like, shape (y, x)
        The pigment's map.
    counts, sigma : sequence of array_like, shape (y, x)
        Maps of its diagnostic lines, and their standard deviations.
    threshold : float
        Probability over which it counts as predicted.
    sigmas : float
        An element is there where *all* of the lines stand this many deviations over zero,
        and is missing where *any* of them does not.
    others : sequence of array_like, shape (y, x)
        Maps of other pigments that bring all of the same lines: where one of them is
        predicted, the element is no surprise.

    Returns
    -------
    Agreement

    Raises
    ------
    ValueError
        If no line is given or the shapes differ.
    """
    if not counts or len(counts) != len(sigma):
        raise ValueError("No element that identifies this pigment was mapped.")
    chance = np.asarray(probability)
    there = np.ones(chance.shape, bool)
    known = np.isfinite(chance)
    for image, deviation in zip(counts, sigma, strict=True):
        values, spread = np.asarray(image), np.asarray(deviation)
        if values.shape != chance.shape:
            raise ValueError("Only maps of the same scan can be compared.")
        known &= np.isfinite(values) & np.isfinite(spread)
        with np.errstate(invalid="ignore"):
            there &= values >= sigmas * spread
    with np.errstate(invalid="ignore"):
        predicted = chance > threshold
        explained = np.zeros(chance.shape, bool)
        for image in others:
            explained |= np.asarray(image) > threshold
    verdict = np.full(chance.shape, Verdict.NEITHER, np.int8)
    verdict[predicted & there] = Verdict.AGREE
    verdict[predicted & ~there] = Verdict.PREDICTED_WITHOUT_ELEMENT
    verdict[~predicted & there] = Verdict.ELEMENT_WITHOUT_PREDICTION
    verdict[~predicted & there & explained] = Verdict.ELEMENT_EXPLAINED_BY_OTHERS
    verdict[~known] = Verdict.UNKNOWN
    return Agreement(verdict)


def matching_line(family: str, mapped: Mapping[str, int] | Sequence[str]) -> str | None:
    """The mapped line family of the same element, the same series where there is one.

    Parameters
    ----------
    family : str
        Such as ``"Pb L"``.
    mapped : sequence of str
        Line families that were mapped.
    """
    if family in mapped:
        return family
    symbol = family.split()[0]
    return next((name for name in mapped if name.split()[0] == symbol), None)
