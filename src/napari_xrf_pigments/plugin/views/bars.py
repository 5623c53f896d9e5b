"""Horizontal bars of probabilities, painted."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

from ..rows import Bar


class ProbabilityBars(QWidget):
    """A column of bars with names, percentages and places."""

    ROW = 20

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bars: tuple[Bar, ...] = ()
        self.empty_text = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def set_bars(self, bars: Sequence[Bar], empty_text: str = "") -> None:
        """Show bars, or a line of text if there are none."""
        self.bars = tuple(bars)
        self.empty_text = empty_text
        self.setMinimumHeight(self.sizeHint().height())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Room for all rows."""
        return QSize(280, max(2, len(self.bars)) * self.ROW + 4)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the rows."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = self.palette().windowText().color()
        if not self.bars:
            painter.setPen(text)
            flags = Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(2, 2, -2, -2), int(flags), self.empty_text)
            return
        for row, bar in enumerate(self.bars):
            self._paint_row(painter, row, bar, text)

    def _paint_row(self, painter: QPainter, row: int, bar: Bar, text: QColor) -> None:
        metrics = painter.fontMetrics()
        names = max(metrics.horizontalAdvance(entry.title) for entry in self.bars) + 8
        names = min(names, int(0.45 * self.width()))
        places = metrics.horizontalAdvance("top + below") + 8
        numbers = metrics.horizontalAdvance("100 %") + 8
        y, height = row * self.ROW + 2, self.ROW - 4
        room = max(20, self.width() - names - places - numbers)
        line = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.setPen(text)
        title = metrics.elidedText(bar.title, Qt.TextElideMode.ElideRight, names - 6)
        painter.drawText(QRectF(2, y, names, height), int(line), title)
        frame = QRectF(names, y + 1, room, height - 2)
        painter.setPen(QColor("#808080"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(frame)
        painter.setBrush(QColor(bar.colour))
        painter.drawRect(QRectF(names, y + 1, max(1.0, bar.value * room), height - 2))
        painter.setPen(text)
        x = names + room + 6
        painter.drawText(QRectF(x, y, numbers, height), int(line), f"{round(100 * bar.value)} %")
        painter.drawText(QRectF(x + numbers, y, places, height), int(line), bar.place)
