"""The spectra that are compared, with their colours and ticks."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..widgets.colour_swatch import swatch
from .rows import CurveRow

STATISTICS = (("Mean", "mean"), ("Sum", "sum"), ("Maximum", "max"))


class CurveList(QWidget):
    """A list of curves, what is taken of a region, and saving.

    Signals
    -------
    shown_changed : str, bool
        A curve was ticked on or off.
    remove_requested : str
        A curve shall go.
    statistic_changed : str
        "mean", "sum" or "max" of regions.
    export_requested : str
        "csv" or "msa".
    """

    shown_changed = Signal(str, bool)
    remove_requested = Signal(str)
    statistic_changed = Signal(str)
    export_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.items = QListWidget()
        # In a flat dock the list gives way, not what stands under it.
        self.items.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.items.setMinimumHeight(56)
        self.items.setToolTip("Ticked spectra are in the plot, and are what is saved")
        self.statistic = QComboBox()
        for title, value in STATISTICS:
            self.statistic.addItem(title, value)
        self.statistic.setToolTip("What is shown of the pixels of a region")
        self.remove = QPushButton("Remove")
        self.remove.setToolTip("Take the chosen pinned point off the list")
        self.export = QToolButton()
        self.export.setText("Save ...")
        self.export.setToolTip("Save the ticked spectra")
        self.export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.export.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        menu = QMenu(self.export)
        self.save_csv = menu.addAction("Table (CSV) ...")
        self.save_msa = menu.addAction("Spectra (MSA) ...")
        self.export.setMenu(menu)
        row = QHBoxLayout()
        row.addWidget(QLabel("Regions:"))
        row.addWidget(self.statistic, 1)
        row.addWidget(self.remove)
        row.addWidget(self.export)
        self.hint = QLabel(
            "Draw regions on a Shapes or Labels layer: their spectra appear here by themselves."
        )
        self.hint.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 4, 2, 0)
        layout.addWidget(self.items, 1)
        layout.addLayout(row)
        layout.addWidget(self.hint)
        self.items.itemChanged.connect(self._on_changed)
        self.items.currentRowChanged.connect(lambda row: self._update())
        self.remove.clicked.connect(self._on_remove)
        self.statistic.currentIndexChanged.connect(
            lambda index: self.statistic_changed.emit(self.statistic.currentData())
        )
        self.save_csv.triggered.connect(lambda: self.export_requested.emit("csv"))
        self.save_msa.triggered.connect(lambda: self.export_requested.emit("msa"))
        self._rows: tuple[CurveRow, ...] = ()
        self._update()

    def set_rows(self, rows: Sequence[CurveRow]) -> None:
        """Show curves."""
        chosen = self._chosen()
        self._rows = tuple(rows)
        self.items.blockSignals(True)
        self.items.clear()
        for row in self._rows:
            item = QListWidgetItem(swatch(row.colour), row.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if row.shown else Qt.CheckState.Unchecked)
            item.setData(Qt.ItemDataRole.UserRole, row.key)
            item.setToolTip(row.name)
            self.items.addItem(item)
            if row.key == chosen:
                self.items.setCurrentItem(item)
        self.items.blockSignals(False)
        self._update()

    def _chosen(self) -> str | None:
        item = self.items.currentItem()
        return None if item is None else item.data(Qt.ItemDataRole.UserRole)

    def _on_changed(self, item: QListWidgetItem) -> None:
        shown = item.checkState() == Qt.CheckState.Checked
        self.shown_changed.emit(item.data(Qt.ItemDataRole.UserRole), shown)

    def _on_remove(self) -> None:
        key = self._chosen()
        if key is not None:
            self.remove_requested.emit(key)

    def _update(self) -> None:
        chosen = self._chosen()
        removable = any(row.key == chosen and row.removable for row in self._rows)
        self.remove.setEnabled(removable)
        self.export.setEnabled(any(row.shown for row in self._rows))
