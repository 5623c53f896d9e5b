"""What an analyst does: elements over a threshold, a table from elements to pigments."""

from __future__ import annotations

import numpy as np

from ...cube import ElementMaps, PigmentMaps
from ...simulation.catalogue import ambiguity_groups, pigment_catalogue
from .scan_score import weakest_sigma


def rule_table(elements: ElementMaps, *, threshold: float = 5.0) -> PigmentMaps:
    """Pigments whose diagnostic elements all stand over a threshold.

    The probability is a logistic curve of the weakest element, 0.5 at the threshold. The
    rules know no layers: top and below are both half of it.

    Parameters
    ----------
    elements : ElementMaps
        Fitted counts and sigma, shape (line, spectrum).
    threshold : float
        In sigma.
    """
    n = int(np.asarray(elements.counts).shape[1])
    names, chances = [], []
    for entry in pigment_catalogue():
        stands = weakest_sigma(elements, entry.diagnostic)
        names.append(entry.id)
        if stands is None:
            chances.append(np.zeros(n))
        else:
            x = np.clip(stands - threshold, -30.0, 30.0)
            chances.append(1.0 / (1.0 + np.exp(-x)))
    probability = np.array(chances, dtype=np.float32)
    groups = ambiguity_groups()
    members = [[names.index(name) for name in ids] for ids in groups.values()]
    return PigmentMaps(
        names=tuple(names),
        probability=probability,
        top=probability / 2,
        below=probability / 2,
        groups=tuple(groups),
        group_probability=np.array([probability[ids].max(axis=0) for ids in members]),
        unexplained=np.zeros(n, dtype=np.float32),
    )
