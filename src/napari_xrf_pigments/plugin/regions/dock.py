"""The Region table dock: measurements of the drawn regions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
)

from .. import dialogs
from ..docks.base import ScanDock
from ..layers.region_masks import regions_of
from ..preferences import preferences
from ..state.scan import Scan
from ..state.session import Session
from .table import Table, format_cell, region_table

if TYPE_CHECKING:
    from napari.viewer import Viewer

HINT = "Draw regions on a Shapes or Labels layer, then measure them."


class RegionTableDock(ScanDock):
    """A dock with size, counts, elements and pigments of every drawn region."""

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.table: Table | None = None
        self.measure_button = QPushButton("Measure regions")
        self.measure_button.setToolTip("Measure all regions on visible Shapes and Labels layers")
        self.copy_button = QPushButton("Copy")
        self.copy_button.setToolTip("Copy the table for a spreadsheet")
        self.save_button = QPushButton("Save as CSV...")
        self.save_button.setToolTip("Save the table, numbers with six significant digits")
        self.status = QLabel(HINT)
        self.status.setWordWrap(True)
        self.view = QTableWidget()
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setToolTip(
            "One row per region: mean counts of each element, and for each pigment the share of "
            "pixels above the threshold"
        )
        buttons = QHBoxLayout()
        buttons.addWidget(self.measure_button, 1)
        buttons.addWidget(self.copy_button)
        buttons.addWidget(self.save_button)
        self.column.addLayout(buttons)
        self.column.addWidget(self.status)
        self.add_expanding(self.view)
        self.measure_button.clicked.connect(lambda: self.measure())
        self.copy_button.clicked.connect(lambda: self.copy())
        self.save_button.clicked.connect(lambda: self.save())
        self.start()

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """Clear the table for another scan."""
        self.measure_button.setEnabled(scan is not None)
        if scan is not before:
            self._show(None)

    def measure(self) -> None:
        """Measure the drawn regions."""
        if self.scan is None:
            return
        regions = regions_of(self.viewer, self.scan)
        self._show(region_table(self.scan, regions, preferences().unit) if regions else None)

    def copy(self) -> None:
        """Copy the table to the clipboard, separated by tabs."""
        if self.table is not None:
            rows = [self.table.columns, *self.table.rows]
            lines = ["\t".join("" if c is None else str(c) for c in row) for row in rows]
            clipboard = QApplication.clipboard()
            assert clipboard is not None
            clipboard.setText("\n".join(lines))

    def save(self) -> None:
        """Save the table to a file that the user chooses."""
        if self.table is None:
            return
        path, _ = QFileDialog.getSaveFileName(self, "Save the table", "regions.csv", "CSV (*.csv)")
        if path:
            self.save_to(Path(path))

    def save_to(self, path: Path) -> None:
        """Save the table to a file; show an error if that fails."""
        target = path if path.suffix else path.with_suffix(".csv")
        if self.table is None:
            return
        try:
            self.table.save(target)
        except OSError as error:
            self.session.show_error(str(error))
        else:
            self.status.setText(f"{dialogs.saved_as(target)}.")

    def _show(self, table: Table | None) -> None:
        self.table = table
        self.view.clear()
        self.view.setRowCount(0 if table is None else len(table.rows))
        self.view.setColumnCount(0 if table is None else len(table.columns))
        for button in (self.copy_button, self.save_button):
            button.setEnabled(table is not None)
        self.status.setText(HINT if table is None else f"Regions measured: {len(table.rows)}")
        if table is None:
            return
        self.view.setHorizontalHeaderLabels(list(table.columns))
        for y, row in enumerate(table.rows):
            for x, cell in enumerate(row):
                self.view.setItem(y, x, QTableWidgetItem(format_cell(cell)))
        self.view.resizeColumnsToContents()
