"""Mixtures with the same elements as one pigment, which XRF cannot tell from it."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

from .catalogue import Pigment, pigment, pigment_catalogue


@lru_cache
def equivalent_mixtures(pigment_id: str) -> tuple[tuple[str, str], ...]:
    """Return pairs of groups that together show the diagnostic elements of one pigment.

    Parameters
    ----------
    pigment_id : str
        Id of a pigment.

    Returns
    -------
    tuple of (str, str)
        Ambiguity groups, such as ``("lead", "chromium")`` for chrome yellow; empty where
        the pigment has one diagnostic element alone.

    Raises
    ------
    ValueError
        If the table has no such id.
    """
    meant = pigment(pigment_id)
    wanted = _elements(meant)
    # A part is neither in the same group, nor does it show an element that the pigment lacks.
    parts = [
        entry
        for entry in pigment_catalogue()
        if entry.group != meant.group and _elements(entry) < wanted
    ]
    pairs = [
        (first.group, second.group)
        for first, second in combinations(parts, 2)
        if first.group != second.group and _elements(first) | _elements(second) == wanted
    ]
    return tuple(dict.fromkeys(pairs))


def _elements(entry: Pigment) -> frozenset[str]:
    return frozenset(family.split()[0] for family in entry.diagnostic)
