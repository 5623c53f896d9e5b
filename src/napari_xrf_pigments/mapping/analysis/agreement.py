"""Agreement of the map of a pigment with the maps of the elements that identify it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata


@dataclass(frozen=True)
class Correlation:
    """The correlation of two maps.

    Parameters
    ----------
    name : str
        The other map.
    pearson, spearman : float
        Linear and rank correlation, -1 to 1; NaN where one of the maps does not vary.
    pixels : int
        Number of pixels in which both are known.
    """

    name: str
    pearson: float
    spearman: float
    pixels: int


def correlate(first: ArrayLike, second: ArrayLike, name: str = "") -> Correlation:
    """Correlate two maps over the pixels in which both are finite.

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
    """Comparison of a pigment and its elements in one pixel."""

    UNKNOWN = -1
    NEITHER = 0
    AGREE = 1
    PREDICTED_WITHOUT_ELEMENT = 2
    ELEMENT_WITHOUT_PREDICTION = 3
    ELEMENT_EXPLAINED_BY_OTHERS = 4


@dataclass(frozen=True)
class Agreement:
    """Comparison of the map of a pigment with those of its elements.

    Parameters
    ----------
    verdict : ndarray of int8, shape (y, x)
        Values of :class:`Verdict`.
    """

    verdict: NDArray[np.int8]

    def share(self, verdict: Verdict) -> float:
        """Return the share of the known pixels that have a verdict, 0-1."""
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
    """Compare the prediction of a pigment with the significance of its elements.

    Parameters
    ----------
    probability : array_like, shape (y, x)
        The pigment's map.
    counts, sigma : sequence of array_like, shape (y, x)
        Maps of its diagnostic lines, and their standard deviations.
    threshold : float
        Probability above which the pigment is predicted.
    sigmas : float
        The elements are present where *all* of the lines exceed zero by this many standard
        deviations.
    others : sequence of array_like, shape (y, x)
        Maps of other pigments with all of the same lines: where one of them is predicted, it
        explains the elements.

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
    p_pigment = np.asarray(probability)
    present = np.ones(p_pigment.shape, bool)
    known = np.isfinite(p_pigment)
    for image, deviation in zip(counts, sigma, strict=True):
        values, spread = np.asarray(image), np.asarray(deviation)
        if values.shape != p_pigment.shape:
            raise ValueError("Only maps of the same scan can be compared.")
        known &= np.isfinite(values) & np.isfinite(spread)
        with np.errstate(invalid="ignore"):
            present &= values >= sigmas * spread
    with np.errstate(invalid="ignore"):
        predicted = p_pigment > threshold
        explained = np.zeros(p_pigment.shape, bool)
        for image in others:
            explained |= np.asarray(image) > threshold
    verdict = np.full(p_pigment.shape, Verdict.NEITHER, np.int8)
    verdict[predicted & present] = Verdict.AGREE
    verdict[predicted & ~present] = Verdict.PREDICTED_WITHOUT_ELEMENT
    verdict[~predicted & present] = Verdict.ELEMENT_WITHOUT_PREDICTION
    verdict[~predicted & present & explained] = Verdict.ELEMENT_EXPLAINED_BY_OTHERS
    verdict[~known] = Verdict.UNKNOWN
    return Agreement(verdict)


def matching_line(family: str, mapped: Mapping[str, int] | Sequence[str]) -> str | None:
    """Return the mapped line family of the same element, if possible of the same series.

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
