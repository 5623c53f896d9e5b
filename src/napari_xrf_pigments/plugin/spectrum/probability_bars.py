"""Horizontal bars of probabilities, painted."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

from .rows import Bar


class ProbabilityBars(QWidget):
    """A column of bars with names, percentages and places.

    Signals
    -------
    bar_pointed : int
        Number of the bar under the mouse; -1 for none.
    bar_clicked : int
        Number of the bar that was clicked.
    """

    ROW = 20
    bar_pointed = Signal(int)
    bar_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bars: tuple[Bar, ...] = ()
        self.empty_text = ""
        self.chosen = -1
        self._pointed = -1
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def set_bars(self, bars: Sequence[Bar], empty_text: str = "") -> None:
        """Show bars, or a line of text if there are none."""
        self.bars = tuple(bars)
        self.chosen = self._pointed = -1
        self.empty_text = empty_text
        self.setMinimumHeight(self.sizeHint().height())
        self.updateGeometry()
        self.update()

    def choose(self, row: int) -> None:
        """Frame a bar; -1 for none."""
        self.chosen = row
        self.update()

    def row_at(self, place: QPointF) -> int:
        """Number of the bar at a place; -1 for none."""
        row = int((place.y() - 2) // self.ROW)
        return row if 0 <= row < len(self.bars) else -1

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Tell which bar is pointed at."""
        if event is not None:
            self._point(self.row_at(event.position()))

    def leaveEvent(self, event: QEvent | None) -> None:
        """No bar is pointed at any more."""
        self._point(-1)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Tell which bar is clicked."""
        if event is not None and (row := self.row_at(event.position())) >= 0:
            self.choose(row)
            self.bar_clicked.emit(row)

    def _point(self, row: int) -> None:
        if row != self._pointed:
            self._pointed = row
            self.update()
            self.bar_pointed.emit(row)

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
        if row in (self.chosen, self._pointed):
            shade = QColor(text)
            shade.setAlpha(50 if row == self.chosen else 25)
            painter.fillRect(QRectF(0, y - 1, self.width(), height + 2), shade)
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
