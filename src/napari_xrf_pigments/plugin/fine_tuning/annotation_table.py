"""Labels to be painted, and what each says."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from ..widgets.colour_swatch import swatch
from .model import LabelRow


class LessonTable(QTableWidget):
    """A row for each label: its colour, a pigment, present or absent, pixels painted."""

    label_chosen = Signal(int)
    changed = Signal()

    def __init__(self, pigments: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(0, 4, parent)
        self._pigments = list(pigments)
        self.setHorizontalHeaderLabels(["Label", "Pigment", "Status", "Pixels"])
        self.verticalHeader().setVisible(False)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(110)
        self.currentCellChanged.connect(lambda row, *rest: self._choose(row))

    @property
    def rows(self) -> list[LabelRow]:
        """What the labels say."""
        return [
            LabelRow(
                int(self.item(i, 0).text()),
                str(self.cellWidget(i, 1).currentData()),
                bool(self.cellWidget(i, 2).currentData()),
                int(self.item(i, 3).text()),
            )
            for i in range(self.rowCount())
        ]

    def add_row(self, value: int, colour: str, pigment: str, present: bool) -> None:
        """Add a label."""
        row = self.rowCount()
        self.insertRow(row)
        item = QTableWidgetItem(swatch(colour), str(value))
        self.setItem(row, 0, item)
        names = QComboBox()
        for key, title in self._pigments:
            names.addItem(title, key)
        names.setCurrentIndex(max(0, names.findData(pigment)))
        kinds = QComboBox()
        kinds.addItem("present", True)
        kinds.addItem("absent", False)
        kinds.setCurrentIndex(0 if present else 1)
        for column, box in ((1, names), (2, kinds)):
            box.setMinimumContentsLength(6)
            box.activated.connect(lambda index, row=row: self.setCurrentCell(row, 0))
            box.activated.connect(lambda index: self.changed.emit())
            self.setCellWidget(row, column, box)
        count = QTableWidgetItem("0")
        count.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setItem(row, 3, count)
        self.setCurrentCell(row, 0)

    def set_pixels(self, rows: Sequence[LabelRow]) -> None:
        """Show how much is painted."""
        for i, row in enumerate(rows):
            self.item(i, 3).setText(str(row.pixels))

    def _choose(self, row: int) -> None:
        if 0 <= row < self.rowCount() and self.item(row, 0) is not None:
            self.label_chosen.emit(int(self.item(row, 0).text()))
