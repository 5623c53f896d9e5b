"""The rows as a markdown table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

#: Columns: key, title, whether a share.
COLUMNS = (
    ("macro_f1", "macro-F1, strict", False),
    ("mean_average_precision", "mean average precision", False),
    ("false_positives", "false positives", True),
    ("covered_recall", "covered recall", False),
    ("exact", "every group right", True),
    ("calibration", "calibration error", False),
    ("hands_auc", "hands: AUC of mercury and copper, the lower", False),
    ("hands_false", "hands: worst P > 0.5 under 2 sigma", True),
    ("hands_absent", "hands: largest share of one Cd, Sn, Ag, Co or As pigment over 0.5", True),
)


def design_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Means over seeds, with the smallest and largest where there are several."""
    by_name: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by_name[row["name"]].append(row)
    heads = ["", "weights", "us per spectrum", "seeds", *(title for _, title, _ in COLUMNS)]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for name, group in by_name.items():
        first = group[0]
        cells = [name, _size(first.get("millions")), _time(first.get("us")), str(len(group))]
        cells += [_cell([row[key] for row in group], share) for key, _, share in COLUMNS]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _size(millions: float | None) -> str:
    return "-" if millions is None else f"{millions:.1f} M"


def _time(us: float | None) -> str:
    return "-" if us is None else f"{us:.0f}"


def _cell(values: Sequence[float], share: bool) -> str:
    form = (lambda v: f"{100 * v:.2f} %") if share else (lambda v: f"{v:.3f}")
    known = [value for value in values if value == value]
    if not known:
        return "-"
    text = form(float(np.mean(known)))
    return text if len(known) == 1 else f"{text} ({form(min(known))}-{form(max(known))})"
