"""The clicked pixel: where it is, what was predicted there, and why."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from .probability_bars import ProbabilityBars


class PixelPanel(QWidget):
    """Place, radius, bars and the evidence.

    Signals
    -------
    radius_changed : int
        Radius in pixels over which spectra are averaged.
    pin_requested
        The pixel shall stay in the plot.
    """

    radius_changed = Signal(int)
    pin_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.place = _label()
        self.radius = QSpinBox()
        self.radius.setRange(0, 50)
        self.radius.setSuffix(" px")
        self.radius.setToolTip("Average over all pixels within this radius; 0 is one pixel")
        self.radius.setKeyboardTracking(False)
        self.pin = QPushButton("Pin")
        self.pin.setToolTip("Keep this spectrum in the plot to compare it with others")
        self.pin.setEnabled(False)
        self.bars = ProbabilityBars()
        self.evidence = _label()
        self.unexplained = _label()
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(QLabel("Radius"))
        row.addWidget(self.radius)
        row.addStretch(1)
        row.addWidget(self.pin)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(6)
        column.addWidget(self.bars)
        column.addWidget(self.evidence)
        column.addWidget(self.unexplained)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 4, 2, 0)
        layout.setSpacing(4)
        layout.addWidget(self.place)
        layout.addLayout(row)
        layout.addWidget(scroll, 1)
        self.radius.valueChanged.connect(self.radius_changed.emit)
        self.pin.clicked.connect(lambda: self.pin_requested.emit())


def _label() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
