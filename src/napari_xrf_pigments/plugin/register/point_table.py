"""Table of control points with their residuals."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent
from qtpy.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from ..widgets.tables import horizontal_header, set_header_tip
from .control_points import PointRow

_OUTLIER = QColor("#e0483c")


class PointTable(QTableWidget):
    """Table with one row per pair of points; the delete key removes the selected pair."""

    delete_requested = Signal(int)
    show_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 4, parent)
        self.setHorizontalHeaderLabels(
            ["Point", "Residual\n(px)", "Residual\n(mm)", "Leave-one-out\nresidual (px)"]
        )
        tips = (
            "Number, as shown in the viewer",
            "Distance between the point and its fitted position, in pixels of the scan",
            "The same in mm",
            "Distance from the position predicted by all other points; large for a wrong point",
        )
        for column, tip in enumerate(tips):
            set_header_tip(self, column, tip)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        header = horizontal_header(self)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for column in (0, 3):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.setMinimumHeight(120)
        self.cellClicked.connect(lambda row, column: self.show_requested.emit(row))

    def set_rows(self, rows: Sequence[PointRow]) -> None:
        """Show pairs; the selection stays."""
        selected = self.currentRow()
        self.setRowCount(len(rows))
        self.setColumnHidden(2, all(row.residual_mm is None for row in rows))
        for i, row in enumerate(rows):
            if row.missing_on:
                texts = [str(row.number), f"click it on the {row.missing_on}", "", ""]
            else:
                values = (row.residual_px, row.residual_mm, row.left_out_px)
                texts = [str(row.number), *("" if v is None else f"{v:.2f}" for v in values)]
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                if row.outlier:
                    item.setForeground(_OUTLIER)
                    item.setToolTip("Inconsistent with the other points; check its position")
                self.setItem(i, column, item)
        if 0 <= selected < len(rows):
            self.setCurrentCell(selected, 0)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Emit :attr:`delete_requested` on the delete key."""
        keys = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
        if event is not None and event.key() in keys and self.currentRow() >= 0:
            self.delete_requested.emit(self.currentRow())
        else:
            super().keyPressEvent(event)
