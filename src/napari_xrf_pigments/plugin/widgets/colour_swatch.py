"""Small squares of colour for lists."""

from __future__ import annotations

from qtpy.QtCore import QSize
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap

SIZE = 14


def swatch(hex_colour: str) -> QIcon:
    """A square of a colour with a grey border, so that black and white show on any theme."""
    pixmap = QPixmap(QSize(SIZE, SIZE))
    pixmap.fill(QColor(hex_colour))
    painter = QPainter(pixmap)
    painter.setPen(QColor("#808080"))
    painter.drawRect(0, 0, SIZE - 1, SIZE - 1)
    painter.end()
    return QIcon(pixmap)
