"""Controls of the Compare dock."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QToolButton,
    QWidget,
)

MODES = (("Side by side", "side"), ("Swipe", "swipe"), ("Lens", "lens"))
_HINTS = {
    "side": "Both maps move and zoom together; the cross marks the same position in both.",
    "swipe": "Drag the line; the first map is left of it, the second right of it.",
    "lens": "The second map is shown in a circle under the mouse.",
}


class CompareBar(QWidget):
    """Select two maps and the mode of comparison."""

    maps_changed = Signal()
    mode_changed = Signal(str)
    radius_changed = Signal(int)
    fit_requested = Signal()
    link_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes = (QComboBox(), QComboBox())
        for box in self.boxes:
            box.setMinimumContentsLength(10)
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.swap_button = _button("⇄", "Swap the maps")
        self.mode_box = QComboBox()
        for title, key in MODES:
            self.mode_box.addItem(title, key)
        self.radius = QSlider(Qt.Orientation.Horizontal)
        self.radius.setRange(30, 250)
        self.radius.setValue(90)
        self.radius.setToolTip("Size of the lens")
        self.fit_button = _button("Fit", "Zoom to fit both maps")
        # napari's theme shows the pressed state of these buttons only.
        self.link_button = QPushButton("Link")
        self.link_button.setToolTip("Move and zoom together with the viewer")
        self.link_button.setCheckable(True)
        self.link_button.setChecked(True)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.boxes[0], 0, 0)
        layout.addWidget(self.swap_button, 0, 1)
        layout.addWidget(self.boxes[1], 0, 2)
        layout.addWidget(self.mode_box, 1, 0)
        layout.addWidget(self.fit_button, 1, 1)
        row = QHBoxLayout()
        row.addWidget(self.link_button)
        row.addWidget(self.radius, 1)
        row.addStretch(0)
        layout.addLayout(row, 1, 2)
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        layout.addWidget(self.hint, 2, 0, 1, 3)
        layout.setColumnStretch(0, 1)
        layout.setColumnStretch(2, 1)
        for box in self.boxes:
            box.currentIndexChanged.connect(lambda index: self.maps_changed.emit())
        self.swap_button.clicked.connect(lambda: self.swap())
        self.fit_button.clicked.connect(lambda: self.fit_requested.emit())
        self.link_button.toggled.connect(self.link_changed.emit)
        self.mode_box.currentIndexChanged.connect(lambda index: self._show_mode())
        self.radius.valueChanged.connect(self.radius_changed.emit)
        self._show_mode()

    @property
    def mode(self) -> str:
        """Key of the mode of comparison."""
        return str(self.mode_box.currentData())

    @property
    def keys(self) -> tuple[object, object]:
        """The keys of the two selected maps, as in :meth:`set_maps`; None if none is selected."""
        return self.boxes[0].currentData(), self.boxes[1].currentData()

    def set_maps(self, maps: Sequence[tuple[str, object]], first: object, second: object) -> None:
        """List maps, pairs of name and key, and select two of them."""
        for box, key in zip(self.boxes, (first, second), strict=True):
            box.blockSignals(True)
            box.clear()
            for title, map_key in maps:
                box.addItem(title, map_key)
            keys = [map_key for _, map_key in maps]
            box.setCurrentIndex(keys.index(key) if key in keys else -1)
            box.setEnabled(bool(maps))
            box.blockSignals(False)

    def swap(self) -> None:
        """Swap the two maps."""
        first, second = (box.currentIndex() for box in self.boxes)
        self.boxes[0].blockSignals(True)
        self.boxes[0].setCurrentIndex(second)
        self.boxes[0].blockSignals(False)
        self.boxes[1].blockSignals(True)
        self.boxes[1].setCurrentIndex(first)
        self.boxes[1].blockSignals(False)
        self.maps_changed.emit()

    def _show_mode(self) -> None:
        self.radius.setVisible(self.mode == "lens")
        self.hint.setText(_HINTS[self.mode])
        self.mode_changed.emit(self.mode)


def _button(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    return button
