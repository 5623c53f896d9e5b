"""Which pigments are hidden, in one line, and a button that shows them."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget


class HiddenBar(QWidget):
    """Says what is hidden; one click shows it."""

    reveal_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.button = QPushButton("Show")
        self.button.setCheckable(True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.sentence, 1)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)
        self.button.toggled.connect(self._toggled)
        self.set_sentence("")

    @property
    def reveal(self) -> bool:
        """Whether what is hidden is to be shown."""
        return bool(self.button.isChecked())

    def set_sentence(self, sentence: str) -> None:
        """Say what is hidden; nothing where nothing is."""
        self.sentence.setText(sentence)
        self.setVisible(bool(sentence))

    def _toggled(self, on: bool) -> None:
        self.button.setText("Hide" if on else "Show")
        self.reveal_changed.emit(on)
