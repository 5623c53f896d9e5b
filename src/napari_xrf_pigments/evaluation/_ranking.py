"""Figures of one ranking: area under the curve, average precision, calibration error."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def auc(positive: ArrayLike, negative: ArrayLike) -> float:
    """Chance that a positive scores higher than a negative, ties counting half; NaN if none.

    Parameters
    ----------
    positive, negative : array_like, shape (n,) and (m,)
        Scores.
    """
    up, down = np.ravel(np.asarray(positive, float)), np.ravel(np.asarray(negative, float))
    if not up.size or not down.size:
        return float("nan")
    ordered = np.sort(down)
    below = np.searchsorted(ordered, up, "left")
    ties = np.searchsorted(ordered, up, "right") - below
    return float((below + 0.5 * ties).sum() / (up.size * down.size))


def average_precision(truth: ArrayLike, score: ArrayLike) -> float:
    """Mean precision over the positives, in falling order of the score; NaN if there are none.

    Equal scores are taken together, so their order does not matter.
    """
    labels = np.ravel(np.asarray(truth, bool))
    scores = np.ravel(np.asarray(score, float))
    if not labels.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    labels, scores = labels[order], scores[order]
    last = np.flatnonzero(np.append(np.diff(scores) != 0, True))
    hits = np.cumsum(labels)[last]
    precision = hits / (last + 1.0)
    return float(np.sum(np.diff(np.concatenate([[0], hits])) * precision) / labels.sum())


def reliability(
    truth: ArrayLike, probability: ArrayLike, bins: int = 15
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Reliability diagram: mean probability, share of positives and number, by bin.

    Bins are equally wide between 0 and 1; empty bins hold NaN.
    """
    labels = np.ravel(np.asarray(truth, float))
    chance = np.ravel(np.asarray(probability, float))
    index = np.clip((chance * bins).astype(int), 0, bins - 1)
    number = np.bincount(index, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(index, chance, bins) / number
        share = np.bincount(index, labels, bins) / number
    return mean, share, number


def calibration_error(truth: ArrayLike, probability: ArrayLike, bins: int = 15) -> float:
    """Expected calibration error: mean of |share - probability| over the bins, by number."""
    mean, share, number = reliability(truth, probability, bins)
    full = number > 0
    if not full.any():
        return float("nan")
    return float(np.sum(np.abs(share - mean)[full] * number[full]) / number.sum())
