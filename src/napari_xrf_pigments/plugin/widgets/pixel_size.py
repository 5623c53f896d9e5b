"""Fields for the size of a pixel."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QWidget

UNKNOWN = "unknown"


class PixelSizeForm(QWidget):
    """Width and height of a pixel in mm; both are needed.

    Signals
    -------
    size_changed : float, float
        Height and width (dy, dx), mm.
    """

    size_changed = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.across, self.down = _box("Width of a pixel"), _box("Height of a pixel")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.across, 1)
        row.addWidget(QLabel("x"))
        row.addWidget(self.down, 1)
        self._shown = (0.0, 0.0)
        for box in (self.across, self.down):
            box.editingFinished.connect(self._edited)

    def set_size(self, pixel_mm: tuple[float, float] | None) -> None:
        """Show a size (dy, dx) in mm; None is unknown."""
        dy, dx = pixel_mm or (0.0, 0.0)
        self.across.setValue(dx)
        self.down.setValue(dy)
        self._shown = (self.down.value(), self.across.value())

    def _edited(self) -> None:
        # With one side alone, pixels are taken to be square.
        if not self.across.value() or not self.down.value():
            side = max(self.across.value(), self.down.value())
            self.across.setValue(side)
            self.down.setValue(side)
        size = (self.down.value(), self.across.value())
        if size != self._shown and all(size):
            self._shown = size
            self.size_changed.emit(*size)


def _box(tip: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(0.0, 1000.0)
    box.setDecimals(4)
    box.setSuffix(" mm")
    box.setSpecialValueText(UNKNOWN)
    box.setToolTip(f"{tip}; maps and areas are in mm where it is known")
    box.setKeyboardTracking(False)
    box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    return box
