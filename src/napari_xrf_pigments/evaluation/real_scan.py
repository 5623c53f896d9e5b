"""A real scan without labels: its pigment maps against its elemental maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._typing import FloatArray
from ..cube import ElementMaps, PigmentMaps
from ..pigments.catalogue import pigment_catalogue
from .metrics import auc


@dataclass(frozen=True)
class ScanRow:
    """A pigment in a scan against its weakest diagnostic element.

    Parameters
    ----------
    name : str
        Pigment id or group.
    elements : tuple of str
        Its diagnostic line families that the scan was fitted for.
    over_half : float
        Share of all pixels with P over 0.5.
    false_share : float
        Share of all pixels with P over 0.5 where the element stands under 2 sigma.
    false_rate : float
        Share of the pixels whose element stands under 2 sigma that have P over 0.5.
    strong, weak : int
        Pixels whose element stands over 5 and under 1 sigma.
    auc : float
        AUC of P between those two; NaN where one of them is empty.
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
    """Net counts over sigma of the weakest of some families, flattened; None if one is unfitted."""
    if not all(family in elements.names for family in diagnostic):
        return None
    stands = []
    for family in diagnostic:
        row = elements.names.index(family)
        counts = np.asarray(elements.counts[row], dtype=np.float64).ravel()
        sigma = np.asarray(elements.sigma[row], dtype=np.float64).ravel()
        stands.append(counts / np.maximum(sigma, 1e-9))
    return np.asarray(np.min(stands, axis=0))


def score_scan(elements: ElementMaps, pigments: PigmentMaps) -> tuple[ScanRow, ...]:
    """Judge the pigment maps of a scan by its elemental maps.

    A family that the elemental maps lack was not found in the scan: then the pigment
    should be nowhere, and every pixel counts as under 2 sigma.

    Parameters
    ----------
    elements : ElementMaps
        Fitted counts and sigma, (line, y, x) or (line, spectrum).
    pigments : PigmentMaps
        Probabilities of the same pixels.

    Returns
    -------
    tuple of ScanRow
        The pigments in the order of the table.
    """
    rows = []
    for entry in pigment_catalogue():
        if entry.id not in pigments.names:
            continue
        chance = np.asarray(pigments.probability[pigments.names.index(entry.id)]).ravel()
        valid = np.isfinite(chance)
        stands = weakest_sigma(elements, entry.diagnostic)
        known = tuple(family for family in entry.diagnostic if family in elements.names)
        if stands is None:
            stands = np.full(chance.shape, -np.inf)
        chance, stands = chance[valid], stands[valid]
        high, low = chance > 0.5, stands < 2.0
        rows.append(
            ScanRow(
                entry.id,
                known,
                over_half=float(high.mean()),
                false_share=float((high & low).mean()),
                false_rate=float(high[low].mean()) if low.any() else float("nan"),
                strong=int((stands > 5.0).sum()),
                weak=int((stands < 1.0).sum()),
                auc=auc(chance[stands > 5.0], chance[stands < 1.0]),
            )
        )
    return tuple(rows)


def scan_table(rows: tuple[ScanRow, ...]) -> str:
    """The rows as a markdown table."""
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
