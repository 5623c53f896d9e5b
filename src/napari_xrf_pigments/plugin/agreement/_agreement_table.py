"""The lines of a pigment and how their maps go with its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from .model import ElementRow


class AgreementTable(QTableWidget):
    """A row for each line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.setHorizontalHeaderLabels(["Line", "Correlation", "Of ranks"])
        self.horizontalHeaderItem(1).setToolTip("Pearson's correlation of the two maps, -1 to 1")
        self.horizontalHeaderItem(2).setToolTip(
            "Spearman's: whether one is high where the other is, whatever the scale"
        )
        self.verticalHeader().setVisible(False)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(110)

    def set_rows(self, rows: Sequence[ElementRow]) -> None:
        """Show lines."""
        self.setRowCount(len(rows))
        for i, row in enumerate(rows):
            missing = row.mapped is None
            title = row.family if row.mapped in (None, row.family) else f"{row.mapped}"
            texts = [title] + ["not mapped" if missing else _number(value)
                               for value in (row.pearson, row.spearman)]  # fmt: skip
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                self.setItem(i, column, item)


def _number(value: float) -> str:
    return "does not vary" if np.isnan(value) else f"{value:+.2f}"
