"""What a clicked peak could be, the likeliest first."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from ..state.rows import PeakRow

HINT = "Click a peak in the plot: what could it be?"


class PeakList(QWidget):
    """Answers to choose from.

    Signals
    -------
    chosen : int
        Number of the answer that was clicked.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel(HINT)
        self.title.setWordWrap(True)
        self.items = QListWidget()
        self.items.setMinimumHeight(60)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.title)
        layout.addWidget(self.items, 1)
        self.items.currentRowChanged.connect(self._on_row)

    def set_rows(self, title: str, rows: Sequence[PeakRow]) -> None:
        """Show answers."""
        self.title.setText(title or HINT)
        self.items.blockSignals(True)
        self.items.clear()
        for row in rows:
            item = QListWidgetItem(f"{row.label}  ·  {row.kev:.2f} keV  ·  {_words(row.share)}")
            item.setToolTip(row.reason)
            self.items.addItem(item)
        self.items.blockSignals(False)

    def _on_row(self, row: int) -> None:
        if row >= 0:
            self.chosen.emit(row)


def _words(share: float) -> str:
    return "fits" if share > 0.6 else "possible" if share > 0.25 else "unlikely"
