"""Controls of a composite of up to four maps: colour, threshold and value of full colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QColorDialog,
    QComboBox,
    QGridLayout,
    QPushButton,
    QToolButton,
    QWidget,
)
from superqt import QRangeSlider

from ..widgets.colour_swatch import swatch
from ..widgets.restore import dicts_of, is_number, select_text

#: Initial colours of the four channels.
COLOURS = ("#ff3b30", "#34c759", "#3f7bff", "#ffd60a")
_STEPS = 1000


@dataclass(frozen=True)
class ChannelChoice:
    """The settings of one channel of a composite.

    Parameters
    ----------
    name : str
        Name of the map.
    colour : str
        ``"#rrggbb"``.
    low, high : float
        Threshold and value of full colour, as shares (0-1) of the map's range.
    """

    name: str
    colour: str
    low: float
    high: float


class CompositeBar(QWidget):
    """Select the maps, colours and thresholds of a composite."""

    changed = Signal()
    keep_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes: list[QComboBox] = []
        self.colours: list[str] = list(COLOURS)
        self.buttons: list[QToolButton] = []
        self.sliders: list[QRangeSlider] = []
        grid = QGridLayout(self)
        grid.setContentsMargins(4, 4, 4, 4)
        grid.setVerticalSpacing(3)
        for row in range(len(COLOURS)):
            self._row(grid, row)
        self.keep = QPushButton("Keep and start new")
        self.keep.setToolTip("Leave this layer as it is; the next change makes a new composite")
        grid.addWidget(self.keep, len(COLOURS), 0, 1, 3)
        grid.setColumnStretch(2, 1)
        self.keep.clicked.connect(lambda: self.keep_requested.emit())
        self.set_names(())

    def channels(self) -> tuple[ChannelChoice, ...]:
        """Return the channels that have a map."""
        channels = []
        for box, colour, slider in zip(self.boxes, self.colours, self.sliders, strict=True):
            low, high = (end / _STEPS for end in cast(tuple[int, int], slider.value()))
            if box.currentIndex() > 0:
                channels.append(
                    ChannelChoice(box.currentText(), colour, low, max(high, low + 0.001))
                )
        return tuple(channels)

    def set_names(self, names: Sequence[str]) -> None:
        """List the maps to choose from; the selection stays."""
        for box in self.boxes:
            chosen = box.currentText()
            if [box.itemText(i) for i in range(1, box.count())] == list(names) and box.count():
                continue
            box.clear()
            box.addItems(["none", *names])
            box.setCurrentIndex(names.index(chosen) + 1 if chosen in names else 0)

    def save_state(self) -> list[dict[str, Any]]:
        """Return map, colour and range of each channel."""
        rows = zip(self.boxes, self.colours, self.sliders, strict=True)
        return [
            {"map": box.currentText(), "colour": colour, "range": list(slider.value())}
            for box, colour, slider in rows
        ]

    def restore_state(self, state: object) -> None:
        """Apply the channels of :meth:`save_state` without emitting a signal."""
        self.blockSignals(True)
        for row, entry in enumerate(dicts_of(state)[: len(self.boxes)]):
            colour, ends = entry.get("colour"), entry.get("range")
            select_text(self.boxes[row], entry.get("map"))
            if isinstance(colour, str) and QColor(colour).isValid():
                self.set_colour(row, colour)
            if isinstance(ends, list) and len(ends) == 2 and all(map(is_number, ends)):
                low, high = sorted(min(max(0, int(end)), _STEPS) for end in ends)
                self.sliders[row].setValue((low, high))
        self.blockSignals(False)

    def set_colour(self, row: int, colour: str) -> None:
        """Set the colour of a channel."""
        self.colours[row] = colour
        self.buttons[row].setIcon(swatch(colour))
        self.changed.emit()

    def _row(self, grid: QGridLayout, row: int) -> None:
        button, box = QToolButton(), QComboBox()
        button.setIcon(swatch(self.colours[row]))
        button.setToolTip("Colour of this map")
        button.clicked.connect(lambda: self._choose_colour(row))
        box.setToolTip("Map shown in this colour")
        box.setMinimumContentsLength(4)
        slider = QRangeSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, _STEPS)
        slider.setValue((round(0.05 * _STEPS), _STEPS))
        slider.setMinimumWidth(60)
        slider.setToolTip(
            "Left: threshold, below which nothing is shown. Right: value of full colour."
        )
        grid.addWidget(button, row, 0)
        grid.addWidget(box, row, 1)
        grid.addWidget(slider, row, 2)
        box.activated.connect(lambda index: self.changed.emit())
        slider.valueChanged.connect(lambda value: self.changed.emit())
        self.buttons.append(button)
        self.boxes.append(box)
        self.sliders.append(slider)

    def _choose_colour(self, row: int) -> None:
        chosen = QColorDialog.getColor(QColor(self.colours[row]), self, "Colour of this map")
        if chosen.isValid():
            self.set_colour(row, chosen.name())
