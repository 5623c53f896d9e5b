"""Effect of pooling similar neighbours on maps of simulated paintings, at edges and elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .._typing import BoolArray
from ..cube import PigmentMaps
from ..mapping import map_pigments
from ..network import Predictor
from ..pigments.catalogue import ambiguity_groups
from ..simulation.paintings import mosaic_painting
from ..simulation.scan import ScanTruth, simulate_scan
from .bootstrap import MIN_SPECTRA
from .metrics import align_classes

#: Counts per pixel at which a pigment must be detectable to be scored at any counts: about the
#: sum over similar neighbours.
REFERENCE_COUNTS = 20_000.0
_SIGMA = 5.0
# Simulated scans that measure the effect: counts per pixel, paintings, their size in pixels.
_COUNTS = (300.0, 1_000.0, 3_000.0, 10_000.0)
_PAINTINGS = 3
_SHAPE = (48, 64)
#: Areas that are scored: all pixels, those beside another paint, and the others.
AREAS = ("all", "at an edge", "elsewhere")


@dataclass(frozen=True)
class ContextScore:
    """Scores of the maps of one simulated scan in one of :data:`AREAS`.

    Parameters
    ----------
    counts : float
        Mean counts of a pixel.
    context : bool
        Whether similar neighbours were pooled.
    area : str
        The scored pixels.
    macro_f1 : float
        Mean over the groups that are in `MIN_SPECTRA` pixels or more.
    false_positives : float
        Share of the absent groups that are called present.
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
    """Flag pixels with a pixel of another region among their eight neighbours."""
    low = ndimage.minimum_filter(regions, size=3, mode="nearest")
    high = ndimage.maximum_filter(regions, size=3, mode="nearest")
    return np.asarray(low != high)


def measure_context(
    predictor: Predictor, *, progress: Callable[[int, int], None] | None = None
) -> list[ContextScore]:
    """Map simulated paintings with and without pooling of similar neighbours, and score the maps.

    Parameters
    ----------
    predictor : Predictor
        The network.
    progress : callable, optional
        Called with the scans done and the scans in all.
    """
    rows: list[ContextScore] = []
    scans = list(product(_COUNTS, range(_PAINTINGS)))
    for done, (counts, seed) in enumerate(scans, start=1):
        painting = mosaic_painting(np.random.default_rng(seed), _SHAPE)
        cube, truth = simulate_scan(seed, _SHAPE, counts=counts, painting=painting)
        for context in (False, True):
            maps = map_pigments(cube, predictor=predictor, context=context)
            rows += score_context(truth, maps, counts, context=context)
        if progress is not None:
            progress(done, len(scans))
    return rows


def score_context(
    truth: ScanTruth, pigments: PigmentMaps, counts: float, *, context: bool
) -> list[ContextScore]:
    """Score pigment maps of a simulated scan in each of :data:`AREAS`.

    A group counts as present where a member exceeds `_SIGMA` at :data:`REFERENCE_COUNTS`; where a
    member is present but weaker, the pair is left out.

    Parameters
    ----------
    truth : ScanTruth
        Layers of the scan.
    pigments : PigmentMaps
        Its maps, group probabilities of shape (group, y, x).
    counts : float
        Mean counts of a pixel.
    context : bool
        Whether similar neighbours were pooled.
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
    called = align_classes(pigments.groups, tuple(groups), flat).T.reshape(present.shape) > 0.5
    edge = at_edges(truth.regions)
    areas = dict(zip(AREAS, (np.ones_like(edge), edge, ~edge), strict=True))
    return [
        ContextScore(counts, context, name, *_figures(present, called, counted & area, area))
        for name, area in areas.items()
    ]


def _figures(
    present: BoolArray, called: BoolArray, counted: BoolArray, area: BoolArray
) -> tuple[float, float, float]:
    right = (called & present & counted).sum((1, 2))
    false = called & ~present & counted
    wanted = (present & counted).sum((1, 2))
    some = wanted >= MIN_SPECTRA
    f1 = 2 * right[some] / (right + false.sum((1, 2)) + wanted)[some]
    exact = ((called == present) | ~counted).all(0)[area]
    return _share(f1), _share(called[~present & counted]), _share(exact)


def _share(values: NDArray[Any]) -> float:
    return float(values.mean()) if values.size else float("nan")


def context_table(rows: Iterable[ContextScore]) -> str:
    """Format means over scans, with the smallest and the largest, as a markdown table."""
    cells: dict[tuple[float, str], dict[bool, list[ContextScore]]] = defaultdict(
        lambda: {False: [], True: []}
    )
    for row in rows:
        cells[row.counts, row.area][row.context].append(row)
    lines = [
        "| counts per pixel | pixels | macro-F1: alone | with similar neighbours "
        "| false positives: alone | with | every group right: alone | with |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (counts, area), both in cells.items():
        texts = [
            _spread([getattr(row, key) for row in both[context]], percent)
            for key, percent in (("macro_f1", False), ("false_positives", True), ("exact", True))
            for context in (False, True)
        ]
        lines.append(f"| {counts:,.0f} | {area} | " + " | ".join(texts) + " |")
    return "\n".join(lines)


def _spread(values: Sequence[float], percent: bool) -> str:
    scale, form = (100, "{:.2f} %") if percent else (1, "{:.3f}")
    mean, low, high = (form.format(scale * f(values)) for f in (np.mean, np.min, np.max))
    return f"{mean} ({low}-{high})"
