"""Comparison of a pigment with its elements: correlations and map of agreement (no Qt)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.pigments import display

if TYPE_CHECKING:
    from napari_xrf_pigments.mapping.analysis.agreement import Agreement

    from ..state.scan import Scan

#: Titles and colours of the verdicts, in the order of ``Verdict`` from AGREE on.
VERDICTS = (
    ("predicted, and its elements are present", "#35c46a"),
    ("predicted, but an element is missing", "#ff5a4d"),
    ("elements present, but not predicted", "#4da3ff"),
    ("elements present, but explained by another pigment", "#8a8a8a"),
)


@dataclass(frozen=True)
class ElementRow:
    """Correlation of a pigment with one of its diagnostic lines.

    Parameters
    ----------
    family : str
        Line family, such as ``"Pb L"``.
    mapped : str or None
        Name of the map of this line; None if it was not mapped.
    pearson, spearman : float
        Correlations of that map with the map of the pigment.
    """

    family: str
    mapped: str | None
    pearson: float = float("nan")
    spearman: float = float("nan")


@dataclass(frozen=True)
class PigmentComparison:
    """Comparison of a pigment with its elements.

    Parameters
    ----------
    pigment : str
        Pigment id.
    rows : tuple of ElementRow
        Correlations with its diagnostic lines.
    agreement : Agreement or None
        Map of agreement; None if none of the lines was mapped.
    """

    pigment: str
    rows: tuple[ElementRow, ...]
    agreement: Agreement | None

    def sentence(self) -> str:
        """Describe the shares of agreement and disagreement, and the lines that are missing."""
        from napari_xrf_pigments.mapping.analysis.agreement import Verdict

        title = display.pigment_title(self.pigment)
        missing = [row.family for row in self.rows if row.mapped is None]
        sentences = []
        if self.agreement is not None:
            shares = [_share(self.agreement.share(Verdict(k))) for k in range(1, 5)]
            sentences.append(
                f"{title}: agreement in {shares[0]} of the painting. In {shares[1]} it is "
                f"predicted but an element is missing; in {shares[2]} the elements are present but "
                f"it is not predicted; in {shares[3]} another pigment explains them."
            )
        if missing:
            sentences.append(
                f"Not mapped: {', '.join(missing)}. Map these lines for the comparison."
            )
        return " ".join(sentences)

    def labels(self) -> NDArray[np.uint8]:
        """Return labels (y, x): 0 for neither, then the verdicts of :data:`VERDICTS` from 1."""
        assert self.agreement is not None
        return np.clip(self.agreement.verdict, 0, None).astype(np.uint8)


def compare_with_elements(
    scan: Scan, pigment: str, threshold: float, sigmas: float
) -> PigmentComparison:
    """Compare the map of a pigment with the maps of its diagnostic lines.

    Parameters
    ----------
    scan : Scan
        A scan with elemental and pigment maps.
    pigment : str
        Pigment id.
    threshold : float
        Probability above which it counts as predicted.
    sigmas : float
        Net counts, in standard deviations, from which a line counts as detected.

    Raises
    ------
    ValueError
        If the maps are missing.
    """
    from napari_xrf_pigments.mapping.analysis.agreement import agreement, correlate, matching_line
    from napari_xrf_pigments.pigments.catalogue import pigment as entry_of

    if scan.pigments is None or pigment not in scan.pigments.names:
        raise ValueError("Map the pigments first.")
    if scan.elements is None:
        raise ValueError("Map the elements first.")
    names, elements = scan.elements.names, scan.elements
    image = scan.pigments.probability[scan.pigments.names.index(pigment)]
    rows, counts, sigma = [], [], []
    for family in entry_of(pigment).diagnostic:
        mapped = matching_line(family, names)
        if mapped is None:
            rows.append(ElementRow(family, None))
            continue
        index = names.index(mapped)
        counts.append(elements.counts[index])
        sigma.append(elements.sigma[index])
        correlation = correlate(image, elements.counts[index], mapped)
        rows.append(ElementRow(family, mapped, correlation.pearson, correlation.spearman))
    others = [scan.pigments.probability[i] for i in _pigments_with_same_lines(scan, pigment)]
    comparison = None
    if counts:
        comparison = agreement(
            image, counts, sigma, threshold=threshold, sigmas=sigmas, others=others
        )
    return PigmentComparison(pigment, tuple(rows), comparison)


def pigments_by_share(scan: Scan, threshold: float) -> list[tuple[str, str]]:
    """Return pairs of id and title of the pigments of a scan, by decreasing area."""
    results: Any = scan.pigments
    if results is None:
        return []
    shares = results.shares(threshold, "probability")
    names: Sequence[str] = sorted(results.names, key=lambda name: -shares[name])
    return [(name, f"{display.pigment_title(name)} ({_share(shares[name])})") for name in names]


def _share(share: float) -> str:
    return f"{100 * share:.1f} %"


def _pigments_with_same_lines(scan: Scan, pigment: str) -> list[int]:
    """Return the indices of the other pigments that have all diagnostic lines of a pigment."""
    from napari_xrf_pigments.pigments.catalogue import pigment_catalogue

    lines_of = {entry.id: set(entry.diagnostic) for entry in pigment_catalogue()}
    lines = lines_of[pigment]
    names = scan.pigments.names if scan.pigments is not None else ()
    return [
        i for i, name in enumerate(names) if name != pigment and lines <= lines_of.get(name, set())
    ]
