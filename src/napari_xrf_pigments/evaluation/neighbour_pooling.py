"""What like neighbours add to the maps of simulated paintings, and whether they blur edges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .._typing import BoolArray
from ..cube import PigmentMaps
from ..pigments.catalogue import ambiguity_groups
from ..simulation.scan import ScanTruth
from .bootstrap import FEWEST
from .metrics import aligned

#: Counts a pixel at which a pigment must be visible to be asked for at any counts: what like
#: neighbours could show.
REFERENCE_COUNTS = 20_000.0
_SIGMA = 5.0
#: Areas that figures are given for: all pixels, those with another paint beside them, the rest.
AREAS = ("all", "at an edge", "elsewhere")


@dataclass(frozen=True)
class ContextRow:
    """Figures of the maps of one simulated scan in one of :data:`AREAS`.

    Parameters
    ----------
    counts : float
        Mean counts of a pixel.
    context : bool
        Whether like neighbours spoke for a pixel.
    area : str
        Which pixels.
    macro_f1 : float
        Over the groups that are in `FEWEST` pixels or more.
    false_positives : float
        Share of the absent groups that were called present.
    exact : float
        Share of the pixels with every group right.
    """

    counts: float
    context: bool
    area: str
    macro_f1: float
    false_positives: float
    exact: float


def at_edges(regions: NDArray[np.integer]) -> BoolArray:
    """Pixels with a pixel of another region among their eight neighbours."""
    low = ndimage.minimum_filter(regions, size=3, mode="nearest")
    high = ndimage.maximum_filter(regions, size=3, mode="nearest")
    return np.asarray(low != high)


def score_context(
    truth: ScanTruth, pigments: PigmentMaps, counts: float, *, context: bool
) -> list[ContextRow]:
    """Judge pigment maps of a simulated scan, a row for each of :data:`AREAS`.

    A group counts as present where a member stands over `_SIGMA` at
    :data:`REFERENCE_COUNTS`; where a member is there but weaker, it is left out.

    Parameters
    ----------
    truth : ScanTruth
        What is in the scan.
    pigments : PigmentMaps
        Its maps, (group, y, x).
    counts : float
        Mean counts of a pixel.
    context : bool
        How the maps were made.
    """
    groups = ambiguity_groups()
    member = {name: [truth.names.index(one) for one in ids] for name, ids in groups.items()}
    # Signal and noise both grow with the counts.
    sigma = np.maximum(truth.top_sigma, truth.below_sigma) * np.sqrt(REFERENCE_COUNTS / counts)
    there = truth.top | truth.below
    any_there = np.array([there[ids].any(0) for ids in member.values()])
    present = np.array([(there[ids] & (sigma[ids] >= _SIGMA)).any(0) for ids in member.values()])
    counted = present | ~any_there
    flat = np.asarray(pigments.group_probability).reshape(len(pigments.groups), -1)
    called = aligned(pigments.groups, tuple(groups), flat).T.reshape(present.shape) > 0.5
    edge = at_edges(truth.regions)
    areas = dict(zip(AREAS, (np.ones_like(edge), edge, ~edge), strict=True))
    return [
        ContextRow(counts, context, name, *_figures(present, called, counted & area, area))
        for name, area in areas.items()
    ]


def _figures(
    present: BoolArray, called: BoolArray, counted: BoolArray, area: BoolArray
) -> tuple[float, float, float]:
    right = (called & present & counted).sum((1, 2))
    false = called & ~present & counted
    wanted = (present & counted).sum((1, 2))
    some = wanted >= FEWEST
    f1 = 2 * right[some] / (right + false.sum((1, 2)) + wanted)[some]
    exact = ((called == present) | ~counted).all(0)[area]
    return _share(f1), _share(called[~present & counted]), _share(exact)


def _share(values: NDArray[Any]) -> float:
    return float(values.mean()) if values.size else float("nan")


def context_table(rows: Iterable[ContextRow]) -> str:
    """Means over scans, with the smallest and largest, as a markdown table."""
    cells: dict[tuple[float, str], dict[bool, list[ContextRow]]] = defaultdict(
        lambda: {False: [], True: []}
    )
    for row in rows:
        cells[row.counts, row.area][row.context].append(row)
    lines = [
        "| counts a pixel | pixels | macro-F1: alone | with like neighbours "
        "| false positives: alone | with | every group right: alone | with |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (counts, area), both in cells.items():
        texts = [
            _spread([getattr(row, key) for row in both[how]], percent)
            for key, percent in (("macro_f1", False), ("false_positives", True), ("exact", True))
            for how in (False, True)
        ]
        lines.append(f"| {counts:,.0f} | {area} | " + " | ".join(texts) + " |")
    return "\n".join(lines)


def _spread(values: Sequence[float], percent: bool) -> str:
    scale, form = (100, "{:.2f} %") if percent else (1, "{:.3f}")
    mean, low, high = (form.format(scale * f(values)) for f in (np.mean, np.min, np.max))
    return f"{mean} ({low}-{high})"
