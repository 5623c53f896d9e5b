"""Table of scores before and after fine-tuning."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QResizeEvent
from qtpy.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from ..widgets.tables import horizontal_header
from .model import ScoreRow

_WORSE = QColor("#e0483c")


class ScoreTable(QTableWidget):
    """Table of scores with one row per test."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.setHorizontalHeaderLabels(["Test", "Before", "After"])
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.setWordWrap(True)
        header = horizontal_header(self)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(110)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Adapt the row heights, because titles need more lines in a narrow table."""
        super().resizeEvent(event)
        self.resizeRowsToContents()

    def set_rows(self, rows: Sequence[ScoreRow]) -> None:
        """Show scores; those that became worse are red."""
        self.setRowCount(len(rows))
        for i, row in enumerate(rows):
            for column, text in enumerate((row.title, row.before, row.after)):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                if column:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                if row.worse:
                    item.setForeground(_WORSE)
                self.setItem(i, column, item)
        self.resizeRowsToContents()
