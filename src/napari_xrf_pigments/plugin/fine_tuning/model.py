"""Annotations of the Teach dock: painted labels and their pigments (no Qt)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_xrf_pigments.pigments import display

from ..layers.adding import add_layer, placement
from ..layers.metadata import LayerInfo, map_layers

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.viewer import Viewer

    from ..state.scan import Scan

#: Kind and name of the layer of annotations.
_KEY = ("annotations", "labels")


@dataclass(frozen=True)
class LabelRow:
    """A label and its annotation.

    Parameters
    ----------
    value : int
        The label.
    pigment : str
        Pigment id.
    present : bool
        Whether the pigment is present or absent where the label is painted.
    pixels : int
        Pixels painted so far.
    """

    value: int
    pigment: str
    present: bool
    pixels: int = 0


@dataclass(frozen=True)
class ScoreRow:
    """Score of one pigment in one test, before and after fine-tuning.

    Parameters
    ----------
    title : str
        Title of the test.
    before, after : str
        Formatted scores.
    worse : bool
        Whether the score became worse.
    """

    title: str
    before: str
    after: str
    worse: bool = False


def find_annotation_layer(viewer: Viewer, scan: Scan) -> Labels | None:
    """Return the annotation layer of a scan, or None."""
    layer: Any = map_layers(viewer, scan, {_KEY[0]}).get(_KEY)
    return layer


def annotation_layer(viewer: Viewer, scan: Scan) -> Labels:
    """Return the annotation layer of a scan; add it if it does not exist."""
    layer = find_annotation_layer(viewer, scan)
    if layer is not None:
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


def with_pixel_counts(layer: Labels | None, rows: Sequence[LabelRow]) -> list[LabelRow]:
    """Return the rows with the present numbers of painted pixels."""
    counts = np.bincount(np.asarray(layer.data).ravel(), minlength=256) if layer else np.zeros(256)
    return [LabelRow(r.value, r.pigment, r.present, int(counts[r.value])) for r in rows]


def annotations_of(rows: Sequence[LabelRow]) -> dict[int, Any]:
    """Return the annotation of each label."""
    from napari_xrf_pigments.training.fine_tuning.annotations import Annotation

    return {row.value: Annotation(row.pigment, row.present) for row in rows}


def pigment_choices() -> list[tuple[str, str]]:
    """Return pairs of id and name of all pigments, by name."""
    from napari_xrf_pigments.pigments.catalogue import pigment_catalogue

    return sorted(((p.id, p.name) for p in pigment_catalogue()), key=lambda one: one[1].lower())


def score_rows(fine_tuned: Any) -> list[ScoreRow]:
    """Return the scores of a fine-tuned network as rows."""
    rows = []
    for score in fine_tuned.held_out:
        name = display.pigment_title(score.pigment)
        if score.found_before is not None:
            rows.append(
                ScoreRow(
                    f"{name}: found where painted present",
                    f"{score.found_before:.0%}",
                    f"{score.found_after:.0%}",
                    score.found_after < score.found_before,
                )
            )
        if score.false_before is not None:
            rows.append(
                ScoreRow(
                    f"{name}: found where painted absent",
                    f"{score.false_before:.0%}",
                    f"{score.false_after:.0%}",
                    score.false_after > score.false_before,
                )
            )
    for scores in fine_tuned.simulated:
        name = display.pigment_title(scores.pigment)
        rows.append(
            ScoreRow(
                f"{name}: F1 on other paintings (simulated)",
                f"{scores.f1_before:.2f}",
                f"{scores.f1_after:.2f}",
                scores.worse,
            )
        )
    return rows


def assessment_text(rows: Sequence[ScoreRow], warnings: Sequence[str]) -> str:
    """Return the notes on a fine-tuned network: its warnings, and the scores that became worse."""
    notes = [f"Note: {text}" for text in warnings]
    notes += [
        f"Note: worse than before: {row.title}, from {row.before} to {row.after}."
        for row in rows
        if row.worse
    ]
    return "\n".join(notes) or "No warnings, and no score became worse."
