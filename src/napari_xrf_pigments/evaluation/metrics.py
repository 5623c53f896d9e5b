"""Scores of pigment maps on spectra with known layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._typing import BoolArray, FloatArray, IntArray
from ..cube import PigmentMaps
from .bootstrap import MIN_SPECTRA, StackSums
from .independent_simulation.truth import COVERED, TOP, Truth

#: Probability above which a group is called present.
THRESHOLD = 0.5
#: Significance from which a pigment counts as detectable.
DETECTABLE_SIGMA = 5.0


@dataclass(frozen=True)
class Pairs:
    """Pairs of spectrum and group (or pigment) that count in a score, and their truth.

    Parameters
    ----------
    present, counted : ndarray of bool, shape (spectrum, class)
        Whether the class is present and detectable; whether the pair counts.
    """

    present: BoolArray
    counted: BoolArray


def group_pairs(truth: Truth, *, elements_decide: bool = False) -> Pairs:
    """Select the pairs of spectrum and ambiguity group.

    Parameters
    ----------
    truth : Truth
        Labels.
    elements_decide : bool
        Exclude groups whose diagnostic elements are all supplied by other materials too.
    """
    pigment_present = truth.present
    detectable = pigment_present & (truth.sigma >= DETECTABLE_SIGMA)
    onehot = _membership(truth)
    member_present = (pigment_present.astype(np.int32) @ onehot) > 0
    present = (detectable.astype(np.int32) @ onehot) > 0
    counted = (present | ~member_present) & ~truth.blind
    if elements_decide:
        counted &= ~truth.shared
    return Pairs(present, counted)


def pigment_pairs(truth: Truth) -> Pairs:
    """Select the pairs of spectrum and pigment, for the distinction of members of a group."""
    present = truth.present & (truth.sigma >= DETECTABLE_SIGMA)
    counted = (present | ~truth.present) & ~truth.blind[:, truth.member]
    return Pairs(present, counted)


def covered_only(truth: Truth) -> BoolArray:
    """Flag groups all of whose members are in a covered paint layer and nowhere else."""
    onehot = _membership(truth)
    outside = ((truth.present & (truth.where != COVERED)).astype(np.int32) @ onehot) > 0
    covered = ((truth.where == COVERED).astype(np.int32) @ onehot) > 0
    return np.asarray(covered & ~outside)


def _membership(truth: Truth) -> NDArray[np.int32]:
    """Compute the membership of pigments in groups, shape (pigment, group), 0 or 1."""
    member: NDArray[np.int32] = truth.member[:, None] == np.arange(len(truth.groups))[None, :]
    return member.astype(np.int32)


def auc(positive: ArrayLike, negative: ArrayLike) -> float:
    """Compute the area under the ROC curve, ties counting half; NaN without either class.

    Parameters
    ----------
    positive, negative : array_like, shape (n,) and (m,)
        Scores of the positives and of the negatives.
    """
    up, down = np.ravel(np.asarray(positive, float)), np.ravel(np.asarray(negative, float))
    if not up.size or not down.size:
        return float("nan")
    ordered = np.sort(down)
    below = np.searchsorted(ordered, up, "left")
    ties = np.searchsorted(ordered, up, "right") - below
    return float((below + 0.5 * ties).sum() / (up.size * down.size))


def average_precision(truth: ArrayLike, score: ArrayLike) -> float:
    """Compute the mean precision over the positives, in falling order of the score.

    Equal scores form one step, so that their order does not matter; NaN without positives.
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
    """Compute a reliability diagram in bins of equal width between 0 and 1.

    Returns
    -------
    mean, share, number : ndarray, shape (bin,)
        Mean probability, share of positives and number of pairs; NaN in empty bins.
    """
    labels = np.ravel(np.asarray(truth, float))
    predicted = np.ravel(np.asarray(probability, float))
    index = np.clip((predicted * bins).astype(int), 0, bins - 1)
    number = np.bincount(index, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(index, predicted, bins) / number
        share = np.bincount(index, labels, bins) / number
    return mean, share, number


def calibration_error(truth: ArrayLike, probability: ArrayLike, bins: int = 15) -> float:
    """Compute the expected calibration error, the mean of |share - probability| over all pairs."""
    mean, share, number = reliability(truth, probability, bins)
    full = number > 0
    if not full.any():
        return float("nan")
    return float(np.sum(np.abs(share - mean)[full] * number[full]) / number.sum())


@dataclass(frozen=True)
class ClassScores:
    """Scores of one group or pigment at the threshold; NaN where undefined."""

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
    """Scores over a set of spectra.

    Parameters
    ----------
    spectra : int
        Number of spectra.
    macro_f1, mean_average_precision : float
        Means over the groups that are detectable in `MIN_SPECTRA` spectra or more.
    false_positives : float
        Share of the absent groups that are called present.
    covered_recall : float
        Recall of groups in a covered paint layer only.
    calibration : float
        Expected calibration error over all pairs.
    exact : float
        Share of the spectra with every counted group right.
    below_auc : float
        AUC of P(below) / (P(below) + P(top)) between pigments below only and on top only.
    groups, pigments : tuple of ClassScores
        Scores of each group and pigment.
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
    groups: tuple[ClassScores, ...]
    pigments: tuple[ClassScores, ...]
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)


def align_classes(names: tuple[str, ...], wanted: tuple[str, ...], maps: object) -> FloatArray:
    """Reorder maps (class, spectrum) of a prediction to (spectrum, class) of wanted names.

    Raises
    ------
    ValueError
        If the prediction lacks a name.
    """
    missing = sorted(set(wanted) - set(names))
    if missing:
        raise ValueError(f"The prediction has no values for {', '.join(missing)}.")
    order = [names.index(name) for name in wanted]
    return np.asarray(maps, dtype=np.float64)[order].T


def score(
    truth: Truth,
    prediction: PigmentMaps,
    *,
    elements_decide: bool = False,
    rows: BoolArray | None = None,
    bootstrap: int = 0,
) -> Scores:
    """Score a prediction on labelled spectra.

    Parameters
    ----------
    truth : Truth
        Labels of the spectra.
    prediction : PigmentMaps
        Arrays (pigment, spectrum) and (group, spectrum) for the same spectra.
    elements_decide : bool
        As in `group_pairs`.
    rows : ndarray of bool, shape (spectrum,), or None
        The spectra to score.
    bootstrap : int
        Resamplings of the stacks for the intervals; 0 for none.

    Raises
    ------
    ValueError
        If the prediction lacks a pigment or a group, or has another number of spectra.
    """
    groups = align_classes(prediction.groups, truth.groups, prediction.group_probability)
    parts = (prediction.probability, prediction.top, prediction.below)
    pigments, top, below = (align_classes(prediction.names, truth.names, part) for part in parts)
    if len(groups) != len(truth.counts):
        raise ValueError(f"{len(groups)} predictions do not fit {len(truth.counts)} spectra.")
    if rows is not None:
        truth, groups, pigments = truth.select(rows), groups[rows], pigments[rows]
        top, below = top[rows], below[rows]
    pairs = group_pairs(truth, elements_decide=elements_decide)
    single = pigment_pairs(truth)
    group_rows = _rows(truth.groups, pairs, groups)
    used = [row for row in group_rows if row.present >= MIN_SPECTRA]
    sums = StackSums.from_calls(
        truth.stack, groups > THRESHOLD, pairs.present, pairs.counted, covered_only(truth)
    )
    overall = sums.scores(np.ones((1, sums.stacks)))
    intervals = sums.intervals(bootstrap) if bootstrap else {}
    return Scores(
        spectra=len(groups),
        macro_f1=float(overall["macro_f1"][0]),
        mean_average_precision=_mean([row.average_precision for row in used]),
        false_positives=float(overall["false_positives"][0]),
        covered_recall=float(overall["covered_recall"][0]),
        calibration=calibration_error(pairs.present[pairs.counted], groups[pairs.counted]),
        exact=float(overall["exact"][0]),
        below_auc=_below_auc(truth, top, below),
        groups=group_rows,
        pigments=_rows(truth.names, single, pigments),
        intervals=intervals,
    )


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _rows(names: tuple[str, ...], pairs: Pairs, probability: FloatArray) -> tuple[ClassScores, ...]:
    out = []
    for k, name in enumerate(names):
        counted = pairs.counted[:, k]
        true, predicted = pairs.present[counted, k], probability[counted, k]
        called = predicted > THRESHOLD
        tp, fp = int((called & true).sum()), int((called & ~true).sum())
        n, m = int(true.sum()), int((~true).sum())
        out.append(
            ClassScores(
                name, n, m,
                precision=tp / (tp + fp) if tp + fp else float("nan"),
                recall=tp / n if n else float("nan"),
                f1=2 * tp / (tp + fp + n) if n else float("nan"),
                average_precision=average_precision(true, predicted),
                false_positives=fp / m if m else float("nan"),
            )
        )  # fmt: skip
    return tuple(out)


def _below_auc(truth: Truth, top: FloatArray, below: FloatArray) -> float:
    """Compute the AUC between pigments below only and on top only, alone in their group."""
    same = (truth.member[:, None] == truth.member[None, :]).astype(np.int32)
    alone = (truth.present.astype(np.int32) @ same) == 1
    fair = truth.present & alone & (truth.sigma >= DETECTABLE_SIGMA) & ~truth.blind[:, truth.member]
    ratio = below / np.maximum(below + top, 1e-9)
    on_top = truth.where == TOP
    under = (truth.where & TOP) == 0
    return auc(ratio[fair & under], ratio[fair & on_top])


@dataclass(frozen=True)
class RecallSlice:
    """Recall of the groups of detectable pigments in one range of a property."""

    label: str
    pigments: int
    recall: float


#: Edges of the ranges: covering layer in um, weight fraction, significance in sigma.
COVER_UM = (0.0, 1e-6, 20.0, 50.0, 100.0, np.inf)
WEIGHT = (0.0, 0.05, 0.15, 0.4, 1.01)
SIGMA = (2.0, 5.0, 10.0, 30.0, np.inf)


def recall_by(truth: Truth, prediction: PigmentMaps, by: str) -> tuple[RecallSlice, ...]:
    """Compute the recall of the groups of present pigments in ranges of a property.

    Parameters
    ----------
    truth, prediction
        As in `score`.
    by : {"cover_um", "weight", "sigma"}
        Property; "sigma" includes pigments below the limit of detectability.
    """
    edges = {"cover_um": COVER_UM, "weight": WEIGHT, "sigma": SIGMA}[by]
    groups = align_classes(prediction.groups, truth.groups, prediction.group_probability)
    found = (groups > THRESHOLD)[:, truth.member]
    fair = truth.present & ~truth.blind[:, truth.member]
    if by != "sigma":
        fair &= truth.sigma >= DETECTABLE_SIGMA
    values = getattr(truth, by)
    slices = []
    for low, high in pairwise(edges):
        rows = fair & (values >= low) & (values < high)
        n = int(rows.sum())
        recall = float(found[rows].mean()) if n else float("nan")
        slices.append(RecallSlice(f"{low:g}-{high:g}", n, recall))
    return tuple(slices)


def confusion_table(truth: Truth, prediction: PigmentMaps) -> IntArray:
    """Count the spectra in which one group is missed and another is wrongly called.

    Returns
    -------
    ndarray, shape (group, group)
        Number of spectra in which the group of the row is present and missed, and that of the
        column absent and called.
    """
    groups = align_classes(prediction.groups, truth.groups, prediction.group_probability)
    pairs = group_pairs(truth)
    called = groups > THRESHOLD
    missed = (pairs.present & pairs.counted & ~called).astype(np.int64)
    wrong = (~pairs.present & pairs.counted & called).astype(np.int64)
    return np.asarray(missed.T @ wrong)
