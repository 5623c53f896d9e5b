"""Bars of the probabilities of pigments in one spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_xrf_pigments.pigments import display

if TYPE_CHECKING:
    from napari_xrf_pigments.cube import PigmentMaps

#: Less probable pigments are not listed.
LISTED_FROM = 0.1
MOST_BARS = 12


@dataclass(frozen=True)
class Bar:
    """The probability of a pigment or a group.

    Parameters
    ----------
    title : str
        Display name.
    colour : str
        ``"#rrggbb"``.
    value : float
        Probability in any layer, 0-1.
    top, below : float or None
        Probabilities in the top layer and below it; None for groups.
    kind, name : str
        ``"group"`` or ``"pigment"``, and the id.
    """

    title: str
    colour: str
    value: float
    top: float | None = None
    below: float | None = None
    kind: str = ""
    name: str = ""

    @property
    def depth(self) -> str:
        """The most probable layers, in words."""
        if self.top is None or self.below is None:
            return ""
        words = [word for word, p in (("top", self.top), ("below", self.below)) if p >= 0.5]
        return " + ".join(words)


def bars_of(maps: PigmentMaps) -> list[Bar]:
    """Return the bars of one spectrum, the most probable first.

    A group gets a bar of its own where it is certain but none of its members is.

    Parameters
    ----------
    maps : PigmentMaps
        The prediction, arrays (pigment, 1) and (group, 1).
    """
    here = {name: float(p) for name, p in zip(maps.names, maps.probability[:, 0], strict=True)}
    top = {name: float(p) for name, p in zip(maps.names, maps.top[:, 0], strict=True)}
    below = {name: float(p) for name, p in zip(maps.names, maps.below[:, 0], strict=True)}
    bars = []
    for group, value in zip(maps.groups, maps.group_probability[:, 0], strict=True):
        members = display.group_members(group)
        best = max((here.get(name, 0.0) for name in members), default=0.0)
        if len(members) > 1 and value >= 0.5 > best:
            title, colour = display.group_title(group), display.group_colour(group)
            bars.append(Bar(title, colour, float(value), kind="group", name=group))
    for name, value in here.items():
        if value >= LISTED_FROM:
            title, colour = display.pigment_title(name), display.pigment_colour(name)
            bars.append(Bar(title, colour, value, top[name], below[name], "pigment", name))
    return sorted(bars, key=lambda bar: -bar.value)[:MOST_BARS]


class ProbabilityBars(QWidget):
    """A column of bars with names, percentages and layers.

    Signals
    -------
    bar_pointed : int
        Number of the bar under the mouse; -1 for none.
    bar_clicked : int
        Number of a clicked bar.
    """

    ROW = 20
    bar_pointed = Signal(int)
    bar_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bars: tuple[Bar, ...] = ()
        self.empty_text = ""
        self.selected = -1
        self._pointed = -1
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def set_bars(self, bars: Sequence[Bar], empty_text: str = "") -> None:
        """Show bars, or a text where there are none."""
        self.bars = tuple(bars)
        self.selected = self._pointed = -1
        self.empty_text = empty_text
        self.setMinimumHeight(self.sizeHint().height())
        self.updateGeometry()
        self.update()

    def select(self, row: int) -> None:
        """Highlight a bar; -1 for none."""
        self.selected = row
        self.update()

    def row_at(self, position: QPointF) -> int:
        """Return the number of the bar at a position; -1 for none."""
        row = int((position.y() - 2) // self.ROW)
        return row if 0 <= row < len(self.bars) else -1

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Emit the bar under the mouse."""
        if event is not None:
            self._point(self.row_at(event.position()))

    def leaveEvent(self, event: QEvent | None) -> None:
        """Emit that no bar is under the mouse."""
        self._point(-1)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Select and emit the clicked bar."""
        if event is not None and (row := self.row_at(event.position())) >= 0:
            self.select(row)
            self.bar_clicked.emit(row)

    def _point(self, row: int) -> None:
        if row != self._pointed:
            self._pointed = row
            self.update()
            self.bar_pointed.emit(row)

    def sizeHint(self) -> QSize:
        """Return the size of all rows."""
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
        depths = metrics.horizontalAdvance("top + below") + 8
        numbers = metrics.horizontalAdvance("100 %") + 8
        y, height = row * self.ROW + 2, self.ROW - 4
        length = max(20, self.width() - names - depths - numbers)
        line = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        if row in (self.selected, self._pointed):
            shade = QColor(text)
            shade.setAlpha(50 if row == self.selected else 25)
            painter.fillRect(QRectF(0, y - 1, self.width(), height + 2), shade)
        painter.setPen(text)
        title = metrics.elidedText(bar.title, Qt.TextElideMode.ElideRight, names - 6)
        painter.drawText(QRectF(2, y, names, height), int(line), title)
        frame = QRectF(names, y + 1, length, height - 2)
        painter.setPen(QColor("#808080"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(frame)
        painter.setBrush(QColor(bar.colour))
        painter.drawRect(QRectF(names, y + 1, max(1.0, bar.value * length), height - 2))
        painter.setPen(text)
        x = names + length + 6
        painter.drawText(QRectF(x, y, numbers, height), int(line), f"{round(100 * bar.value)} %")
        painter.drawText(QRectF(x + numbers, y, depths, height), int(line), bar.depth)
