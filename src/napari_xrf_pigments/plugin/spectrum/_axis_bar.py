"""Which energy axis is in use, and a button for the other one."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget


class AxisBar(QWidget):
    """A sentence and a switch between the given and the estimated axis."""

    estimate_requested = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.button = QPushButton()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.sentence, 1)
        layout.addWidget(self.button)
        self._estimated = False
        self.button.clicked.connect(lambda: self.estimate_requested.emit(not self._estimated))
        self.set_axis("", estimated=False, can_switch=False)

    def set_axis(
        self, sentence: str, *, estimated: bool, can_switch: bool, details: str = ""
    ) -> None:
        """Show a sentence; offer the other axis where there is one."""
        self._estimated = estimated
        self.sentence.setText(sentence)
        self.sentence.setToolTip(details)
        self.button.setText("Use the given axis" if estimated else "Use the estimated axis")
        self.button.setVisible(can_switch)
