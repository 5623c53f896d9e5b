"""Two maps and what to do with them."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


class CombineBar(QWidget):
    """Ratio, sum or difference of two maps.

    Parameters
    ----------
    operations : sequence of (str, str)
        Pairs of key and sign.
    """

    #: Operation, first and second map.
    requested = Signal(str, str, str)

    def __init__(
        self, operations: Sequence[tuple[str, str]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.first, self.sign, self.second = QComboBox(), QComboBox(), QComboBox()
        for key, text in operations:
            self.sign.addItem(text, key)
        self.button = QPushButton("Add this map")
        self.hint = QLabel(
            "Uncertainties are carried through. "
            "A ratio is blank where its divisor is under 3 sigma."
        )
        self.hint.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(self.first, 1)
        row.addWidget(self.sign)
        row.addWidget(self.second, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addLayout(row)
        layout.addWidget(self.button)
        layout.addWidget(self.hint)
        layout.addStretch(1)
        self.button.clicked.connect(self._ask)
        self.set_names(())

    def set_names(self, names: Sequence[str]) -> None:
        """Offer maps; the choice is kept."""
        for place, box in enumerate((self.first, self.second)):
            chosen = box.currentText()
            if [box.itemText(i) for i in range(box.count())] == list(names):
                continue
            box.clear()
            box.addItems(list(names))
            other = min(place, len(names) - 1)
            box.setCurrentIndex(names.index(chosen) if chosen in names else other)
        self.button.setEnabled(len(names) > 1)
        self.button.setToolTip("" if len(names) > 1 else "Map at least two elements first")

    def _ask(self) -> None:
        self.requested.emit(
            str(self.sign.currentData()), self.first.currentText(), self.second.currentText()
        )
