"""Small squares of colour for lists."""

from __future__ import annotations

from qtpy.QtCore import QSize
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap

SIZE = 14


def swatch(hex_colour: str) -> QIcon:
    """Return a square of a colour; its grey border sets off black and white on any theme."""
    pixmap = QPixmap(QSize(SIZE, SIZE))
    pixmap.fill(QColor(hex_colour))
    painter = QPainter(pixmap)
    painter.setPen(QColor("#808080"))
    painter.drawRect(0, 0, SIZE - 1, SIZE - 1)
    painter.end()
    return QIcon(pixmap)
