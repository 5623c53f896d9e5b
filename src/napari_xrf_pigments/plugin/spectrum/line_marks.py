"""Element lines marked in the plot of a spectrum, or dragged, with labels that do not overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtGui import QColor

from napari_xrf_pigments.cube import EnergyAxis
from napari_xrf_pigments.physics.lines import LineFamily, line_family
from napari_xrf_pigments.pigments.display import element_colour

_GAP_PX = 4.0
#: Lines that can be dragged are drawn over everything else.
_HANDLE_Z = 20.0
#: Lines nearer to one another than this are one peak.
_ONE_PEAK_KEV = 0.1
_GREEK = {"a": "α", "b": "β", "g": "γ", "l": "ℓ", "n": "η"}


@dataclass(frozen=True)
class MarkedLine:
    """An element line, or a series of them, marked in a spectrum.

    Parameters
    ----------
    label : str
        Such as ``"Fe Kα"``.
    kev : float
        Energy, keV.
    colour : str
        ``"#rrggbb"``.
    main : bool
        Whether it is labelled.
    """

    label: str
    kev: float
    colour: str
    main: bool = True


def marked_lines(
    families: Iterable[str], axis: EnergyAxis, tube_kv: float | None = None
) -> list[MarkedLine]:
    """Return the lines of families on an energy axis, the strongest of each labelled.

    Parameters
    ----------
    families : iterable of str
        Such as ``"Pb L"``.
    axis : EnergyAxis
        Lines beyond its end are left out.
    tube_kv : float, optional
        Voltage of the tube, kV: families that it does not excite are left out.
    """
    marks = []
    for name in dict.fromkeys(families):
        try:
            family = line_family(name, tube_kv or max(40.0, float(axis.kev[-1])))
        except ValueError:  # not excited by this tube
            continue
        colour, symbol = element_colour(name), name.split()[0]
        for series, kev, strength in _series(family):
            if strength > 0.04 and 0.5 < kev < axis.kev[-1]:
                label = f"{symbol} {series[0]}{_GREEK.get(series[1], series[1])}"
                marks.append(MarkedLine(label, kev, colour, main=strength > 0.25))
    return marks


def _series(family: LineFamily) -> list[tuple[str, float, float]]:
    """Merge lines into series, such as all K-beta: (series, keV, strength).

    The energy is that of the peak: of the strongest line and those that no detector resolves
    from it.
    """
    merged: dict[str, list[tuple[float, float]]] = {}
    for line, strength in zip(family.lines, family.strength, strict=True):
        merged.setdefault(line.siegbahn[:2], []).append((line.kev, float(strength)))
    result = []
    for series, parts in merged.items():
        kevs, weights = np.array(parts).T
        peak = np.abs(kevs - kevs[weights.argmax()]) < _ONE_PEAK_KEV
        kev = np.average(kevs[peak], weights=weights[peak])
        result.append((series, float(kev), float(weights.sum())))
    return result


@dataclass(frozen=True)
class LabelPosition:
    """Position of a label in the plot.

    Parameters
    ----------
    row : int
        Row from the top.
    left : bool
        Whether it lies left of its line, where the right edge would cut it.
    """

    row: int
    left: bool


def arrange_labels(labels: Sequence[tuple[float, float]], width: float) -> list[LabelPosition]:
    """Arrange labels in rows, as high as possible, so that no two of a row touch.

    Parameters
    ----------
    labels : sequence of tuple of float
        Position of the line and width of the text of each, in pixels; lines from left to right.
    width : float
        Width of the plot in pixels.
    """
    ends: list[float] = []
    positions = []
    for x, length in labels:
        left = x + length > width and x - length >= 0
        start = x - length if left else x
        row = next((i for i, end in enumerate(ends) if start >= end + _GAP_PX), len(ends))
        if row == len(ends):
            ends.append(0.0)
        ends[row] = max(ends[row], start + length)
        positions.append(LabelPosition(row, left))
    return positions


class LineMarks(QObject):
    """The marked lines of a plot and those that can be dragged.

    Parameters
    ----------
    plot : PlotWidget
        The plot.

    Signals
    -------
    moved : str, float
        Key of a dragged line, and the energy where it was dropped, keV.
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
        """Draw marked lines instead of those drawn before.

        Parameters
        ----------
        lines : iterable of MarkedLine
            The lines; the main ones are labelled.
        text : str
            Colour of the labels.
        readable : callable
            Returns a colour as it is drawn on the background of the plot.
        """
        wanted = dict.fromkeys((line, readable(line.colour).name(), text) for line in lines)
        # Drawing a line again costs much more than keeping it.
        for key in [key for key in self._marks if key not in wanted]:
            self._plot.removeItem(self._marks.pop(key))
        for key in wanted:
            if key not in self._marks:
                self._marks[key] = self._mark(*key)
        self.arrange()

    def _mark(self, line: MarkedLine, colour: str, text: str) -> pg.InfiniteLine:
        pen = pg.mkPen(colour, width=1, style=Qt.PenStyle.DashLine)
        named = {"label": line.label, "labelOpts": self._label_options(text)} if line.main else {}
        mark = pg.InfiniteLine(line.kev, angle=90, pen=pen, **named)
        self._plot.addItem(mark, ignoreBounds=True)
        return mark

    def set_handles(self, handles: Mapping[str, tuple[str, float]], colour: str) -> None:
        """Show lines that can be dragged: key to label and energy in keV."""
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
                labelOpts=self._label_options(colour),
            )
            line.sigPositionChangeFinished.connect(
                lambda moved, key=key: self.moved.emit(key, float(moved.value()))
            )
            self._plot.addItem(line, ignoreBounds=True)
            self.handles[key] = line
        self.arrange()

    def arrange(self) -> None:
        """Arrange the visible labels so that they do not cover each other."""
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
        # Where the plot is too low for all rows, the next ones start at the top again.
        row = (1 + max((text.height() for text in texts), default=1.0)) / max(1.0, view.height())
        positions = arrange_labels(sizes, width)
        for rank, (line, position) in enumerate(zip(shown, positions, strict=True)):
            # Over the lines that its label lies across: those after it, or those before it.
            above = (rank if position.left else len(shown) - rank) / len(shown)
            line.setZValue(above + (_HANDLE_Z if line.movable else 0.0))
            line.label.anchors = [(float(position.left), 0.5)] * 2
            line.label.setPosition(1 - row * (0.5 + position.row % max(1, int(1 / row))))

    def _label_options(self, colour: str) -> dict[str, Any]:
        # Filled, so that spectra and other lines do not cross the text.
        behind = QColor(self._plot.backgroundBrush().color())
        behind.setAlpha(220)
        return {"color": colour, "movable": False, "fill": pg.mkBrush(behind)}
