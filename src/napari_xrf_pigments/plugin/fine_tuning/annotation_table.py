"""Table of the labels with which regions are annotated."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from ..widgets.colour_swatch import swatch
from ..widgets.tables import cell, horizontal_header
from .model import LabelRow


class AnnotationTable(QTableWidget):
    """Table with one row per label: colour, pigment, present or absent, painted pixels."""

    label_selected = Signal(int)
    changed = Signal()

    def __init__(self, pigments: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(0, 4, parent)
        self._pigments = list(pigments)
        self.setHorizontalHeaderLabels(["Label", "Pigment", "Status", "Pixels"])
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        header = horizontal_header(self)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(110)
        self.currentCellChanged.connect(lambda row, *rest: self._on_row_selected(row))

    @property
    def rows(self) -> list[LabelRow]:
        """The annotation of each label."""
        return [
            LabelRow(
                int(cell(self, i, 0).text()),
                str(self._box(i, 1).currentData()),
                bool(self._box(i, 2).currentData()),
                int(cell(self, i, 3).text()),
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
        status = QComboBox()
        status.addItem("present", True)
        status.addItem("absent", False)
        status.setCurrentIndex(0 if present else 1)
        for column, box in ((1, names), (2, status)):
            box.setMinimumContentsLength(6)
            box.activated.connect(lambda index, row=row: self.setCurrentCell(row, 0))
            box.activated.connect(lambda index: self.changed.emit())
            self.setCellWidget(row, column, box)
        count = QTableWidgetItem("0")
        count.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setItem(row, 3, count)
        self.setCurrentCell(row, 0)

    def set_pixels(self, rows: Sequence[LabelRow]) -> None:
        """Show the number of painted pixels."""
        for i, row in enumerate(rows):
            cell(self, i, 3).setText(str(row.pixels))

    def _box(self, row: int, column: int) -> QComboBox:
        box = self.cellWidget(row, column)
        assert isinstance(box, QComboBox)
        return box

    def _on_row_selected(self, row: int) -> None:
        if 0 <= row < self.rowCount() and self.item(row, 0) is not None:
            self.label_selected.emit(int(cell(self, row, 0).text()))
