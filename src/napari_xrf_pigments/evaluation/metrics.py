"""Figures of merit of pigment maps on spectra whose layers are known.

Which pairs of spectra and groups count is decided in `pairs`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .._typing import BoolArray, FloatArray, IntArray
from ..cube import PigmentMaps
from .bootstrap import FEWEST, Hits
from .pairs import Pairs, group_pairs, pigment_pairs
from .test_sets.truth import TOP, Truth


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
) -> tuple[FloatArray, FloatArray, IntArray]:
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


@dataclass(frozen=True)
class Row:
    """Figures of one group or pigment at the threshold; NaN where undefined."""

    name: str
    present: int
    absent: int
    precision: float
    recall: float
    f1: float
    average_precision: float
    false_positives: float


@dataclass(frozen=True)
class Scores:
    """Figures over a set of spectra.

    Parameters
    ----------
    spectra : int
        Number of spectra.
    macro_f1, mean_average_precision : float
        Means over the groups that are detectable in `FEWEST` spectra or more.
    false_positives : float
        Share of the absent groups that were called present.
    covered_recall : float
        Recall of groups that are in a covered paint layer only.
    calibration : float
        Expected calibration error over all pairs.
    exact : float
        Share of the spectra with every counted group right.
    below_auc : float
        AUC of P(below) / (P(below) + P(top)) between pigments that are in one of the two.
    groups, pigments : tuple of Row
        The figures one by one.
    intervals : dict of str to (float, float)
        95 % bootstrap intervals over stacks.
    """

    spectra: int
    macro_f1: float
    mean_average_precision: float
    false_positives: float
    covered_recall: float
    calibration: float
    exact: float
    below_auc: float
    groups: tuple[Row, ...]
    pigments: tuple[Row, ...]
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)


def aligned(names: tuple[str, ...], wanted: tuple[str, ...], maps: object) -> FloatArray:
    """Maps (class, spectrum) of a prediction as (spectrum, class) in another order.

    Raises
    ------
    ValueError
        If the prediction lacks a name.
    """
    missing = sorted(set(wanted) - set(names))
    if missing:
        raise ValueError(f"The prediction says nothing about {', '.join(missing)}.")
    order = [names.index(name) for name in wanted]
    return np.asarray(maps, dtype=np.float64)[order].T


def score(
    truth: Truth,
    prediction: PigmentMaps,
    *,
    threshold: float = 0.5,
    sigma: float = 5.0,
    elements_decide: bool = False,
    detectability: Literal["layer", "own"] = "layer",
    rows: BoolArray | None = None,
    bootstrap: int = 0,
    seed: int = 0,
) -> Scores:
    """Judge a prediction.

    Parameters
    ----------
    truth : Truth
        Labels of the spectra.
    prediction : PigmentMaps
        Arrays (pigment, spectrum) and (group, spectrum) for the same spectra.
    threshold : float
        Probability above which a group is called present.
    sigma, elements_decide, detectability
        As in `group_pairs`.
    rows : ndarray of bool, shape (spectrum,), or None
        The spectra to use.
    bootstrap : int
        Resamplings of the stacks for the intervals; 0 = none.
    seed : int
        Seed of the resampling.

    Raises
    ------
    ValueError
        If the prediction lacks a pigment or a group, or has another number of spectra.
    """
    groups = aligned(prediction.groups, truth.groups, prediction.group_probability)
    parts = (prediction.probability, prediction.top, prediction.below)
    pigments, top, below = (aligned(prediction.names, truth.names, part) for part in parts)
    if len(groups) != len(truth.counts):
        raise ValueError(f"{len(groups)} predictions do not fit {len(truth.counts)} spectra.")
    if rows is not None:
        truth, groups, pigments = truth.take(rows), groups[rows], pigments[rows]
        top, below = top[rows], below[rows]
    pairs = group_pairs(
        truth, sigma=sigma, elements_decide=elements_decide, detectability=detectability
    )
    single = pigment_pairs(truth, sigma=sigma)
    group_rows = _rows(truth.groups, pairs, groups, threshold)
    used = [row for row in group_rows if row.present >= FEWEST]
    hits = Hits.of(truth, pairs, groups > threshold)
    figures = hits.figures(np.ones((1, hits.stacks)))
    intervals = hits.intervals(bootstrap, seed) if bootstrap else {}
    return Scores(
        spectra=len(groups),
        macro_f1=float(figures["macro_f1"][0]),
        mean_average_precision=_mean([row.average_precision for row in used]),
        false_positives=float(figures["false_positives"][0]),
        covered_recall=float(figures["covered_recall"][0]),
        calibration=calibration_error(pairs.present[pairs.counted], groups[pairs.counted]),
        exact=float(figures["exact"][0]),
        below_auc=_below_auc(truth, top, below, sigma),
        groups=group_rows,
        pigments=_rows(truth.names, single, pigments, threshold),
        intervals=intervals,
    )


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _rows(
    names: tuple[str, ...], pairs: Pairs, probability: FloatArray, threshold: float
) -> tuple[Row, ...]:
    out = []
    for k, name in enumerate(names):
        counted = pairs.counted[:, k]
        true, chance = pairs.present[counted, k], probability[counted, k]
        called = chance > threshold
        tp, fp = int((called & true).sum()), int((called & ~true).sum())
        n, m = int(true.sum()), int((~true).sum())
        out.append(
            Row(
                name, n, m,
                precision=tp / (tp + fp) if tp + fp else float("nan"),
                recall=tp / n if n else float("nan"),
                f1=2 * tp / (tp + fp + n) if n else float("nan"),
                average_precision=average_precision(true, chance),
                false_positives=fp / m if m else float("nan"),
            )
        )  # fmt: skip
    return tuple(out)


def _below_auc(truth: Truth, top: FloatArray, below: FloatArray, sigma: float) -> float:
    """Pigments in the top paint only against those below only, alone in their group."""
    same = (truth.member[:, None] == truth.member[None, :]).astype(np.int32)
    alone = (truth.present.astype(np.int32) @ same) == 1
    fair = truth.present & alone & (truth.sigma >= sigma) & ~truth.blind[:, truth.member]
    ratio = below / np.maximum(below + top, 1e-9)
    on_top = truth.where == TOP
    under = (truth.where & TOP) == 0
    return auc(ratio[fair & under], ratio[fair & on_top])


@dataclass(frozen=True)
class Slice:
    """Recall of the detectable pigments of one class (their groups at the threshold)."""

    label: str
    pigments: int
    recall: float


#: Borders: covering layer in um, weight fraction, detectability in sigma.
COVER_UM = (0.0, 1e-6, 20.0, 50.0, 100.0, np.inf)
WEIGHT = (0.0, 0.05, 0.15, 0.4, 1.01)
SIGMA = (2.0, 5.0, 10.0, 30.0, np.inf)


def recall_by(
    truth: Truth, prediction: PigmentMaps, what: str, *, threshold: float = 0.5, sigma: float = 5.0
) -> tuple[Slice, ...]:
    """Recall of the groups of present pigments, by cover, weight or detectability.

    Parameters
    ----------
    truth, prediction
        As in `score`.
    what : {"cover_um", "weight", "sigma"}
        What to bin by; by "sigma" the weak ones are shown as well.
    """
    borders = {"cover_um": COVER_UM, "weight": WEIGHT, "sigma": SIGMA}[what]
    groups = aligned(prediction.groups, truth.groups, prediction.group_probability)
    found = (groups > threshold)[:, truth.member]
    fair = truth.present & ~truth.blind[:, truth.member]
    if what != "sigma":
        fair &= truth.sigma >= sigma
    values = getattr(truth, what)
    slices = []
    for low, high in pairwise(borders):
        rows = fair & (values >= low) & (values < high)
        n = int(rows.sum())
        recall = float(found[rows].mean()) if n else float("nan")
        slices.append(Slice(f"{low:g}-{high:g}", n, recall))
    return tuple(slices)


def confusions(
    truth: Truth, prediction: PigmentMaps, *, threshold: float = 0.5, sigma: float = 5.0
) -> IntArray:
    """Which groups were missed where another was wrongly called.

    Returns
    -------
    ndarray, shape (group, group)
        Spectra in which the group of the row was present and missed, and that of the
        column absent and called.
    """
    groups = aligned(prediction.groups, truth.groups, prediction.group_probability)
    pairs = group_pairs(truth, sigma=sigma)
    called = groups > threshold
    missed = (pairs.present & pairs.counted & ~called).astype(np.int64)
    wrong = (~pairs.present & pairs.counted & called).astype(np.int64)
    return np.asarray(missed.T @ wrong)
