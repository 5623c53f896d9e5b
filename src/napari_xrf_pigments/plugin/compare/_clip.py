"""A frame that shows only part of what lies in it."""

from __future__ import annotations

import pyqtgraph as pg
from qtpy.QtCore import QRectF
from qtpy.QtGui import QPainter, QPainterPath
from qtpy.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget


class Clip(pg.GraphicsObject):
    """Shows its children inside a path, in the coordinates of the view."""

    def __init__(self) -> None:
        super().__init__()
        self._path = QPainterPath()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemClipsChildrenToShape)

    def set_path(self, path: QPainterPath) -> None:
        """Show another part."""
        self.prepareGeometryChange()
        self._path = path
        self.update()

    def shape(self) -> QPainterPath:
        """The path."""
        return self._path

    def boundingRect(self) -> QRectF:
        """The path's."""
        return self._path.boundingRect()

    def paint(
        self,
        painter: QPainter | None,
        option: QStyleOptionGraphicsItem | None,
        widget: QWidget | None = None,
    ) -> None:
        """Nothing of its own."""
