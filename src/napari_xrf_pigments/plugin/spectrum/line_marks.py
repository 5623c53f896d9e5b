"""Lines over a spectrum, marked or to be dragged, with labels that do not cover each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyqtgraph as pg
from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtGui import QColor

from .rows import MarkedLine

_GAP_PX = 4.0
#: Lines to be dragged lie over all else.
_HANDLE_Z = 20.0


@dataclass(frozen=True)
class Place:
    """Where a label goes.

    Parameters
    ----------
    row : int
        Row from the top.
    left : bool
        Whether it lies left of its line, where the right edge would cut it.
    """

    row: int
    left: bool


def placed(labels: Sequence[tuple[float, float]], width: float) -> list[Place]:
    """Put labels into rows so that no two of a row touch, as high as there is room.

    Parameters
    ----------
    labels : sequence of tuple of float
        Place of each one's line and width of its text, in pixels; lines from left to right.
    width : float
        Width of the plot in pixels.
    """
    ends: list[float] = []
    places = []
    for x, length in labels:
        left = x + length > width and x - length >= 0
        start = x - length if left else x
        row = next((i for i, end in enumerate(ends) if start >= end + _GAP_PX), len(ends))
        if row == len(ends):
            ends.append(0.0)
        ends[row] = max(ends[row], start + length)
        places.append(Place(row, left))
    return places


class LineMarks(QObject):
    """The marked lines of a plot and those that can be dragged.

    Parameters
    ----------
    plot : PlotWidget
        Where they are drawn.

    Signals
    -------
    moved : str, float
        Key of a dragged line, and the energy where it was let go, keV.
    """

    moved = Signal(str, float)

    def __init__(self, plot: pg.PlotWidget) -> None:
        super().__init__(plot)
        self._plot = plot
        self._marks: dict[tuple[MarkedLine, str, str], pg.InfiniteLine] = {}
        #: The lines that can be dragged, by key.
        self.handles: dict[str, pg.InfiniteLine] = {}
        view = plot.getPlotItem().vb
        view.sigXRangeChanged.connect(lambda *_: self.arrange())
        view.sigResized.connect(lambda *_: self.arrange())

    def set_lines(
        self, lines: Iterable[MarkedLine], text: str, readable: Callable[[str], QColor]
    ) -> None:
        """Draw marked lines in the place of others.

        Parameters
        ----------
        lines : iterable of MarkedLine
            The lines; the main ones are labelled.
        text : str
            Colour of the labels.
        readable : callable
            Gives what a colour becomes on the plot's background.
        """
        wanted = dict.fromkeys((line, readable(line.colour).name(), text) for line in lines)
        # To draw a line anew costs much more than to let it stand.
        for key in [key for key in self._marks if key not in wanted]:
            self._plot.removeItem(self._marks.pop(key))
        for key in wanted:
            if key not in self._marks:
                self._marks[key] = self._mark(*key)
        self.arrange()

    def _mark(self, line: MarkedLine, colour: str, text: str) -> pg.InfiniteLine:
        pen = pg.mkPen(colour, width=1, style=Qt.PenStyle.DashLine)
        named = {"label": line.label, "labelOpts": self._look(text)} if line.main else {}
        mark = pg.InfiniteLine(line.kev, angle=90, pen=pen, **named)
        self._plot.addItem(mark, ignoreBounds=True)
        return mark

    def set_handles(self, handles: Mapping[str, tuple[str, float]], colour: str) -> None:
        """Show lines to be dragged: key to label and energy in keV."""
        for handle in self.handles.values():
            self._plot.removeItem(handle)
        self.handles = {}
        for key, (label, kev) in handles.items():
            line = pg.InfiniteLine(
                kev,
                angle=90,
                movable=True,
                pen=pg.mkPen(colour, width=2),
                hoverPen=pg.mkPen("#ff5a36", width=3),
                label=f"{label} ↔",
                labelOpts=self._look(colour),
            )
            line.sigPositionChangeFinished.connect(
                lambda moved, key=key: self.moved.emit(key, float(moved.value()))
            )
            self._plot.addItem(line, ignoreBounds=True)
            self.handles[key] = line
        self.arrange()

    def arrange(self) -> None:
        """Put the labels in view where they do not cover each other."""
        view = self._plot.getPlotItem().vb
        (low, high), width = view.viewRange()[0], float(view.width())
        named = [
            line
            for line in (*self._marks.values(), *self.handles.values())
            if hasattr(line, "label")
        ]
        shown = sorted(
            (line for line in named if low <= line.value() <= high), key=lambda line: line.value()
        )
        texts = [line.label.textItem.boundingRect() for line in shown]
        scale = width / (high - low)
        sizes = [
            ((line.value() - low) * scale, text.width())
            for line, text in zip(shown, texts, strict=True)
        ]
        # Where the plot is too low for all rows, they begin again at the top.
        row = (1 + max((text.height() for text in texts), default=1.0)) / max(1.0, view.height())
        places = placed(sizes, width)
        for rank, (line, place) in enumerate(zip(shown, places, strict=True)):
            # Over the lines that its label lies across: those after it, or those before it.
            above = (rank if place.left else len(shown) - rank) / len(shown)
            line.setZValue(above + (_HANDLE_Z if line.movable else 0.0))
            line.label.anchors = [(float(place.left), 0.5)] * 2
            line.label.setPosition(1 - row * (0.5 + place.row % max(1, int(1 / row))))

    def _look(self, colour: str) -> dict[str, Any]:
        # On the background's own colour, so that spectra and other lines do not run through it.
        behind = QColor(self._plot.backgroundBrush().color())
        behind.setAlpha(220)
        return {"color": colour, "movable": False, "fill": pg.mkBrush(behind)}
