"""Scores on a real scan without labels: its pigment maps against its elemental maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._typing import FloatArray
from ..cube import ElementMaps, PigmentMaps
from ..pigments.catalogue import pigment_catalogue
from .metrics import auc


@dataclass(frozen=True)
class ScanScore:
    """Scores of one pigment in a scan against its weakest diagnostic element.

    Parameters
    ----------
    name : str
        Pigment id or group.
    elements : tuple of str
        Its diagnostic line families among the elemental maps.
    over_half : float
        Share of all pixels with P over 0.5.
    false_share : float
        Share of all pixels with P over 0.5 and the element under 2 sigma.
    false_rate : float
        Share of the pixels with the element under 2 sigma that have P over 0.5.
    strong, weak : int
        Pixels with the element over 5 and under 1 sigma.
    auc : float
        AUC of P between those two; NaN where either is empty.
    """

    name: str
    elements: tuple[str, ...]
    over_half: float
    false_share: float
    false_rate: float
    strong: int
    weak: int
    auc: float


def weakest_sigma(elements: ElementMaps, diagnostic: tuple[str, ...]) -> FloatArray | None:
    """Compute the significance of the weakest of some line families in each pixel.

    Returns
    -------
    ndarray, shape (pixel,), or None
        Net counts over sigma; None if the maps lack a family.
    """
    if not all(family in elements.names for family in diagnostic):
        return None
    significance = []
    for family in diagnostic:
        row = elements.names.index(family)
        counts = np.asarray(elements.counts[row], dtype=np.float64).ravel()
        sigma = np.asarray(elements.sigma[row], dtype=np.float64).ravel()
        significance.append(counts / np.maximum(sigma, 1e-9))
    return np.asarray(np.min(significance, axis=0))


def score_scan(elements: ElementMaps, pigments: PigmentMaps) -> tuple[ScanScore, ...]:
    """Score the pigment maps of a scan by its elemental maps.

    A family that the elemental maps lack was not found in the scan: the pigment is then absent,
    and every pixel counts as under 2 sigma.

    Parameters
    ----------
    elements : ElementMaps
        Fitted counts and sigma, (line, y, x) or (line, spectrum).
    pigments : PigmentMaps
        Probabilities of the same pixels.

    Returns
    -------
    tuple of ScanScore
        One per pigment, in the order of the catalogue.
    """
    rows = []
    for entry in pigment_catalogue():
        if entry.id not in pigments.names:
            continue
        probability = np.asarray(pigments.probability[pigments.names.index(entry.id)]).ravel()
        valid = np.isfinite(probability)
        sigma = weakest_sigma(elements, entry.diagnostic)
        known = tuple(family for family in entry.diagnostic if family in elements.names)
        if sigma is None:
            sigma = np.full(probability.shape, -np.inf)
        probability, sigma = probability[valid], sigma[valid]
        high, low = probability > 0.5, sigma < 2.0
        rows.append(
            ScanScore(
                entry.id,
                known,
                over_half=float(high.mean()),
                false_share=float((high & low).mean()),
                false_rate=float(high[low].mean()) if low.any() else float("nan"),
                strong=int((sigma > 5.0).sum()),
                weak=int((sigma < 1.0).sum()),
                auc=auc(probability[sigma > 5.0], probability[sigma < 1.0]),
            )
        )
    return tuple(rows)


def scan_table(rows: tuple[ScanScore, ...]) -> str:
    """Format the scores as a markdown table."""
    lines = [
        "| pigment | elements | P > 0.5 | P > 0.5 and element < 2 sigma | of the pixels < 2 sigma"
        " | > 5 sigma | < 1 sigma | AUC |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        area = f"{row.auc:.3f}" if row.auc == row.auc else "-"
        lines.append(
            f"| {row.name} | {', '.join(row.elements) or '-'} | {row.over_half:.2%} "
            f"| {row.false_share:.2%} | {row.false_rate:.2%} | {row.strong} | {row.weak} | {area} |"
        )
    return "\n".join(lines)
