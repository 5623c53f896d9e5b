"""Recall by what makes a pigment hard to see, and confusions between groups."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..cube import PigmentMaps
from ._pairs import group_pairs
from .metrics import aligned
from .test_sets.truth import Truth


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
) -> NDArray[np.int64]:
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
