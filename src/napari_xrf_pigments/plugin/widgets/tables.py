"""Headers and cells of tables, whose getters may return None by their types."""

from __future__ import annotations

from qtpy.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem


def horizontal_header(table: QTableWidget) -> QHeaderView:
    """Return the horizontal header of a table, and hide the vertical one."""
    horizontal, vertical = table.horizontalHeader(), table.verticalHeader()
    assert horizontal is not None and vertical is not None
    vertical.setVisible(False)
    return horizontal


def cell(table: QTableWidget, row: int, column: int) -> QTableWidgetItem:
    """Return the item of a cell that was filled before."""
    item = table.item(row, column)
    assert item is not None
    return item


def set_header_tip(table: QTableWidget, column: int, tip: str) -> None:
    """Set the tooltip of a column."""
    item = table.horizontalHeaderItem(column)
    assert item is not None
    item.setToolTip(tip)
