"""Sections of a painting with their places."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHeaderView, QSpinBox, QTableWidget, QTableWidgetItem, QWidget


class SectionTable(QTableWidget):
    """A row for each scan: use it or not, and the row and column of its first pixel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 4, parent)
        self.setHorizontalHeaderLabels(["Section", "Row", "Column", "Found by"])
        self.horizontalHeaderItem(1).setToolTip("Of its first pixel, against the first section")
        self.verticalHeader().setVisible(False)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(60)
        self.setMinimumHeight(120)

    def set_sections(self, names: Sequence[str]) -> None:
        """Show scans; those that stay keep their place."""
        before = {self.item(i, 0).text(): self.offset(i) for i in range(self.rowCount())}
        ticked = {self.item(i, 0).text(): self.used(i) for i in range(self.rowCount())}
        self.setRowCount(len(names))
        for i, name in enumerate(names):
            item = QTableWidgetItem(name)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            on = ticked.get(name, True)
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            self.setItem(i, 0, item)
            for column in (1, 2):
                spin = QSpinBox()
                spin.setRange(-100_000, 100_000)
                spin.setValue(before.get(name, (0, 0))[column - 1])
                self.setCellWidget(i, column, spin)
            said = QTableWidgetItem("given")
            said.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.setItem(i, 3, said)

    def used(self, row: int) -> bool:
        """Whether a section is to be joined."""
        return bool(self.item(row, 0).checkState() == Qt.CheckState.Checked)

    def offset(self, row: int) -> tuple[int, int]:
        """Row and column of a section's first pixel."""
        return self.cellWidget(row, 1).value(), self.cellWidget(row, 2).value()

    def set_place(self, row: int, offset: tuple[int, int], said: str) -> None:
        """Show where a section was found."""
        for column in (1, 2):
            self.cellWidget(row, column).setValue(offset[column - 1])
        self.item(row, 3).setText(said)
        self.item(row, 3).setToolTip(said)
