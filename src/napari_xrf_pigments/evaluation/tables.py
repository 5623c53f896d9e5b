"""The figures of a set as markdown tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .metrics import Scores, Slice

_HEAD = (
    "| | spectra | macro-F1 | mAP | false positives | recall when covered | calibration error "
    "| all groups right | AUC below/top |"
)
_RULE = "|---|---|---|---|---|---|---|---|---|"
_ROW_HEAD = "| | present | absent | precision | recall | F1 | average precision | false positives |"


@dataclass(frozen=True)
class SetReport:
    """Figures of one test set.

    Parameters
    ----------
    name : str
        The set.
    scores : dict of str to Scores
        "all counts", the ranges of `BINS`, and "elements decide, ..." of the first.
    slices : dict of str to tuple of Slice
        Recall by covering layer, weight fraction and detectability.
    confused : tuple of (str, str, int)
        Commonest pairs (missed, called instead) with their number.
    """

    name: str
    scores: dict[str, Scores]
    slices: dict[str, tuple[Slice, ...]]
    confused: tuple[tuple[str, str, int], ...]


def set_text(part: SetReport) -> str:
    """Markdown of one set."""
    lines = [f"## Set {part.name}", "", _HEAD, _RULE]
    for label, s in part.scores.items():
        cells = (
            label, str(s.spectra), _with(s, "macro_f1"), _number(s.mean_average_precision),
            _with(s, "false_positives", True), _with(s, "covered_recall"),
            f"{s.calibration:.4f}", _with(s, "exact", True), _number(s.below_auc),
        )  # fmt: skip
        lines.append(_cells(cells))
    whole = part.scores["all counts"]
    for title, rows in (("Groups", whole.groups), ("Pigments", whole.pigments)):
        lines += [
            "",
            f"### {title}, all counts",
            "",
            _ROW_HEAD,
            "|---|---|---|---|---|---|---|---|",
        ]
        for r in rows:
            figures = (r.precision, r.recall, r.f1, r.average_precision)
            row = (r.name, str(r.present), str(r.absent), *map(_number, figures))
            lines.append(_cells((*row, _number(r.false_positives, True))))
    for what, slices in part.slices.items():
        told = ", ".join(f"{s.label}: {_number(s.recall)} ({s.pigments})" for s in slices)
        lines += ["", f"Recall by {what}: {told}"]
    if part.confused:
        told = ", ".join(f"{a} -> {b} ({n})" for a, b, n in part.confused)
        lines += ["", f"Missed and called instead: {told}"]
    return "\n".join(lines)


def _cells(texts: Sequence[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _number(value: float, percent: bool = False) -> str:
    if value != value:
        return "-"
    return f"{value:.2%}" if percent else f"{value:.3f}"


def _with(scores: Scores, key: str, percent: bool = False) -> str:
    text = _number(getattr(scores, key), percent)
    if key in scores.intervals:
        low, high = (_number(value, percent) for value in scores.intervals[key])
        text += f" ({low}-{high})"
    return text
