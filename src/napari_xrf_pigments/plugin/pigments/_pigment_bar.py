"""What can be set for the chosen pigment: its own threshold, hidden, or always shown."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from .settings import threshold_slider


class PigmentBar(QWidget):
    """Threshold and place in the palette of one pigment."""

    #: The threshold, or None for that of all.
    threshold_changed = Signal(object)
    exclude_changed = Signal(bool)
    add_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel()
        self.own = QCheckBox("Own threshold")
        self.own.setToolTip("A threshold for this pigment alone")
        self.slider = threshold_slider()
        self.exclude = QPushButton("Exclude")
        self.exclude.setCheckable(True)
        self.exclude.setToolTip("Hide this pigment; the dock goes on saying so")
        self.add = QPushButton("Always show")
        self.add.setCheckable(True)
        self.add.setToolTip("Show this pigment whatever the period, and however little there is")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.title, 1)
        first.addWidget(self.exclude)
        first.addWidget(self.add)
        second.addWidget(self.own)
        second.addWidget(self.slider, 1)
        layout.addLayout(first)
        layout.addLayout(second)
        self.own.toggled.connect(self._own_toggled)
        self.slider.valueChanged.connect(lambda value: self.threshold_changed.emit(float(value)))
        self.exclude.clicked.connect(self.exclude_changed.emit)
        self.add.clicked.connect(self.add_changed.emit)
        self.set_pigment("")

    def set_pigment(
        self,
        title: str,
        threshold: float = 0.5,
        own: bool = False,
        excluded: bool = False,
        added: bool = False,
    ) -> None:
        """Show a pigment's settings, without saying that they changed; no title: none."""
        self.setVisible(bool(title))
        self.title.setText(title)
        for widget in (self.own, self.slider):
            widget.blockSignals(True)
        self.own.setChecked(own)
        self.slider.setValue(threshold)
        self.slider.setEnabled(own)
        for widget in (self.own, self.slider):
            widget.blockSignals(False)
        self.exclude.setChecked(excluded)
        self.add.setChecked(added)

    def _own_toggled(self, own: bool) -> None:
        self.slider.setEnabled(own)
        self.threshold_changed.emit(float(self.slider.value()) if own else None)
