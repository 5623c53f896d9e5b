"""Painted labels and what they say: the lesson of the Teach dock (no Qt)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..layers import colours
from ..layers.adding import add_layer, placement
from ..layers.metadata import LayerInfo, map_layers

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.viewer import Viewer

    from ..state.scan import Scan

_KEY = ("lesson", "teach")


@dataclass(frozen=True)
class LabelRow:
    """A label and what it says.

    Parameters
    ----------
    value : int
        The label.
    pigment : str
        Pigment id.
    present : bool
        Whether the pigment is there or absent where the label is painted.
    pixels : int
        Pixels painted so far.
    """

    value: int
    pigment: str
    present: bool
    pixels: int = 0


@dataclass(frozen=True)
class FigureRow:
    """Before and after, for one pigment and one test.

    Parameters
    ----------
    title : str
        What was tested.
    before, after : str
        Figures in words.
    worse : bool
        Whether it got worse.
    """

    title: str
    before: str
    after: str
    worse: bool = False


def lesson_layer(viewer: Viewer, scan: Scan, add: bool = True) -> Labels | None:
    """The layer that a user paints on for a scan; added where it is missing."""
    layer: Any = map_layers(viewer, scan, {_KEY[0]}).get(_KEY)
    if layer is not None or not add:
        return layer
    layer = add_layer(
        viewer,
        "labels",
        np.zeros(scan.cube.shape[:2], np.uint8),
        LayerInfo(*_KEY, scan=scan),
        name=f"Known pigments of {scan.name}",
        opacity=0.6,
        **placement(scan.cube.pixel_mm),
    )
    layer.brush_size = max(2, min(scan.cube.shape[:2]) // 20)
    return layer


def painted(layer: Labels | None, rows: Sequence[LabelRow]) -> list[LabelRow]:
    """The rows with the pixels that are painted now."""
    counts = np.bincount(np.asarray(layer.data).ravel(), minlength=256) if layer else np.zeros(256)
    return [LabelRow(r.value, r.pigment, r.present, int(counts[r.value])) for r in rows]


def statements_of(rows: Sequence[LabelRow]) -> dict[int, Any]:
    """What each label says."""
    from napari_xrf_pigments.training.fine_tuning.annotations import Annotation

    return {row.value: Annotation(row.pigment, row.present) for row in rows}


def pigment_choices() -> list[tuple[str, str]]:
    """Pairs of id and name of all pigments, by name."""
    from napari_xrf_pigments.pigments.catalogue import pigment_catalogue

    return sorted(((p.id, p.name) for p in pigment_catalogue()), key=lambda one: one[1].lower())


def figure_rows(taught: Any) -> list[FigureRow]:
    """What the teaching changed, as rows."""
    rows = []
    for score in taught.held_out:
        name = colours.pigment_title(score.pigment)
        if score.found_before is not None:
            rows.append(
                FigureRow(
                    f"{name}: found where painted present",
                    f"{score.found_before:.0%}",
                    f"{score.found_after:.0%}",
                    score.found_after < score.found_before,
                )
            )
        if score.false_before is not None:
            rows.append(
                FigureRow(
                    f"{name}: found where painted absent",
                    f"{score.false_before:.0%}",
                    f"{score.false_after:.0%}",
                    score.false_after > score.false_before,
                )
            )
    for figures in taught.simulated:
        name = colours.pigment_title(figures.pigment)
        rows.append(
            FigureRow(
                f"{name}: F1 on other paintings (simulated)",
                f"{figures.f1_before:.2f}",
                f"{figures.f1_after:.2f}",
                figures.worse,
            )
        )
    return rows
