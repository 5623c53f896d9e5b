"""Scores of a test set as markdown tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .metrics import RecallSlice, Scores

_HEAD = (
    "| | spectra | macro-F1 | mAP | false positives | recall when covered | calibration error "
    "| all groups right | AUC below/top |"
)
_RULE = "|---|---|---|---|---|---|---|---|---|"
_ROW_HEAD = "| | present | absent | precision | recall | F1 | average precision | false positives |"


@dataclass(frozen=True)
class SetReport:
    """Scores of one test set.

    Parameters
    ----------
    name : str
        Name of the set.
    scores : dict of str to Scores
        By name: "all counts", each of `COUNT_RANGES`, and "elements decide, ..." of the first.
    slices : dict of str to tuple of RecallSlice
        Recall by covering layer, weight fraction and significance.
    confused : tuple of (str, str, int)
        Most frequent pairs (missed, called instead) with their number.
    """

    name: str
    scores: dict[str, Scores]
    slices: dict[str, tuple[RecallSlice, ...]]
    confused: tuple[tuple[str, str, int], ...]


def format_set(part: SetReport) -> str:
    """Format the scores of one set as markdown."""
    lines = [f"## Set {part.name}", "", _HEAD, _RULE]
    for label, s in part.scores.items():
        cells = (
            label, str(s.spectra), _with_interval(s, "macro_f1"), _number(s.mean_average_precision),
            _with_interval(s, "false_positives", True), _with_interval(s, "covered_recall"),
            f"{s.calibration:.4f}", _with_interval(s, "exact", True), _number(s.below_auc),
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
            values = (r.precision, r.recall, r.f1, r.average_precision)
            row = (r.name, str(r.present), str(r.absent), *map(_number, values))
            lines.append(_cells((*row, _number(r.false_positives, True))))
    for name, slices in part.slices.items():
        text = ", ".join(f"{s.label}: {_number(s.recall)} ({s.pigments})" for s in slices)
        lines += ["", f"Recall by {name}: {text}"]
    if part.confused:
        text = ", ".join(f"{a} -> {b} ({n})" for a, b, n in part.confused)
        lines += ["", f"Missed and called instead: {text}"]
    return "\n".join(lines)


def _cells(texts: Sequence[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _number(value: float, percent: bool = False) -> str:
    if value != value:
        return "-"
    return f"{value:.2%}" if percent else f"{value:.3f}"


def _with_interval(scores: Scores, key: str, percent: bool = False) -> str:
    text = _number(getattr(scores, key), percent)
    if key in scores.intervals:
        low, high = (_number(value, percent) for value in scores.intervals[key])
        text += f" ({low}-{high})"
    return text
