"""A contact sheet: small pictures of all maps of a scan, to choose one by a click."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

#: Longest side of a small picture, pixels.
SIDE = 104


class ContactSheet(QWidget):
    """Small pictures of maps with their names; a click requests to show the map alone."""

    show_requested = Signal(str, str)
    _KEY = Qt.ItemDataRole.UserRole

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = QListWidget()
        self.view.setViewMode(QListWidget.ViewMode.IconMode)
        self.view.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.view.setMovement(QListWidget.Movement.Static)
        self.view.setIconSize(QSize(SIDE, SIDE))
        self.view.setWordWrap(True)
        self.view.setSpacing(4)
        self.view.setToolTip("Click a map to show it alone")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self.view.itemClicked.connect(self._clicked)

    @property
    def keys(self) -> list[tuple[str, str]]:
        """Kind and name of each map."""
        return [tuple(item.data(self._KEY)) for item in self._items()]

    def set_map(self, key: tuple[str, str], title: str, pixels: NDArray[np.uint8]) -> None:
        """Show the picture of a map, a new one at the end.

        Parameters
        ----------
        key : (str, str)
            Kind and name.
        title : str
            Name for people.
        pixels : ndarray, shape (y, x, 4), uint8
            Red, green, blue, alpha.
        """
        item = next((item for item in self._items() if tuple(item.data(self._KEY)) == key), None)
        if item is None:
            item = QListWidgetItem()
            item.setData(self._KEY, key)
            self.view.addItem(item)
        item.setText(title)
        item.setToolTip(title)
        item.setIcon(_icon(pixels))

    def retain(self, keys: set[tuple[str, str]]) -> None:
        """Remove the maps that are not among these."""
        for item in list(self._items()):
            if tuple(item.data(self._KEY)) not in keys:
                self.view.takeItem(self.view.row(item))

    def _items(self) -> Iterator[QListWidgetItem]:
        for row in range(self.view.count()):
            item = self.view.item(row)
            if item is not None:
                yield item

    def _clicked(self, item: QListWidgetItem) -> None:
        self.show_requested.emit(*item.data(self._KEY))


def _icon(pixels: NDArray[np.uint8]) -> QIcon:
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    image = QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
    # Without smoothing, so that the pixels of small scans stay sharp.
    scaled = QPixmap.fromImage(image).scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio)
    return QIcon(scaled)
