"""Sections of a painting with their places."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHeaderView, QSpinBox, QTableWidget, QTableWidgetItem, QWidget


class SectionTable(QTableWidget):
    """A row for each scan: use it or not, and the row and column of its first pixel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.setHorizontalHeaderLabels(["Section", "Row", "Column"])
        for column in (1, 2):
            self.horizontalHeaderItem(column).setToolTip(
                "Of its first pixel, against the first section"
            )
        self.verticalHeader().setVisible(False)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            self.setColumnWidth(column, 92)
        self.setMinimumHeight(120)

    def set_sections(self, names: Sequence[str], new_ticked: bool = True) -> None:
        """Show scans in their order; the first ones that stay keep their place.

        Parameters
        ----------
        names : sequence of str
            All scans.
        new_ticked : bool
            Whether a scan that was not there is to be joined.
        """
        before = [
            (self.item(i, 0).text(), self.used(i), self.offset(i)) for i in range(self.rowCount())
        ]
        self.setRowCount(len(names))
        for i, name in enumerate(names):
            known = next((one for one in before if one[0] == name), None)
            if known is not None:
                before.remove(known)
            _, ticked, offset = known or (name, new_ticked, (0, 0))
            item = QTableWidgetItem(name)
            item.setToolTip(name)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
            self.setItem(i, 0, item)
            for column in (1, 2):
                spin = QSpinBox()
                spin.setRange(-100_000, 100_000)
                spin.setValue(offset[column - 1])
                self.setCellWidget(i, column, spin)

    def used(self, row: int) -> bool:
        """Whether a section is to be joined."""
        return bool(self.item(row, 0).checkState() == Qt.CheckState.Checked)

    def offset(self, row: int) -> tuple[int, int]:
        """Row and column of a section's first pixel."""
        return self.cellWidget(row, 1).value(), self.cellWidget(row, 2).value()

    def set_place(self, row: int, offset: tuple[int, int]) -> None:
        """Show where a section was found."""
        for column in (1, 2):
            self.cellWidget(row, column).setValue(offset[column - 1])
