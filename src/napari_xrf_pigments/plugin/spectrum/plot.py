"""Spectra over energy, with marked lines, bands of evidence, a fit, and lines to be dragged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_xrf_pigments.cube.energy import last_counted_kev

from .canvas import FitCurves, FitDrawing, SpectrumCanvas

#: Counts drawn where a spectrum has none, on a logarithmic scale.
_ZERO_COUNTS = 0.5
#: Largest share of the plot that a legend may hide.
_LEGEND_SHARE = 0.12
#: Gap between two labels, pixels.
_GAP_PX = 4.0
#: Lines that can be dragged are drawn over everything else.
_HANDLE_Z = 20.0


@dataclass(frozen=True)
class DrawnCurve:
    """A spectrum as it is drawn.

    Parameters
    ----------
    key, name : str
        Identifier, and display name.
    colour : str
        ``"#rrggbb"``; empty for the colour of the plot itself.
    kev, counts : ndarray, shape (channel,)
        Channel centres in keV, and counts.
    dashed : bool
        Whether its line is dashed.
    """

    key: str
    name: str
    colour: str
    kev: NDArray[np.float64]
    counts: NDArray[np.float64]
    dashed: bool = False


@dataclass(frozen=True)
class Band:
    """An interval of the energy axis to be highlighted.

    Parameters
    ----------
    low, high : float
        Its limits, keV.
    colour : str
        ``"#rrggbb"``.
    """

    low: float
    high: float
    colour: str


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
        #: The drawn lines, by line, colour and colour of the label.
        self.marks: dict[tuple[MarkedLine, str, str], pg.InfiniteLine] = {}
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
        for key in [key for key in self.marks if key not in wanted]:
            self._plot.removeItem(self.marks.pop(key))
        for key in wanted:
            if key not in self.marks:
                self.marks[key] = self._mark(*key)
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
            for line in (*self.marks.values(), *self.handles.values())
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


class SpectrumPlot(QWidget):
    """Counts over keV, on a logarithmic or linear scale.

    Signals
    -------
    peak_clicked : float
        Energy of a click, keV.
    handle_moved : str, float
        Key of a dragged line, and the energy where it was dropped, keV.
    fit_toggled : bool
        Whether the fit is to be shown.
    """

    peak_clicked = Signal(float)
    handle_moved = Signal(str, float)
    fit_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = SpectrumCanvas()
        self.log = QCheckBox("Logarithmic")
        self.log.setChecked(True)
        self.log.setToolTip("Counts on a logarithmic scale")
        self.log.toggled.connect(lambda on: self._redraw())
        self.fit_box = QCheckBox("Fit")
        self.fit_box.setToolTip("Show the sum of all known lines, and the residual")
        self.fit_box.toggled.connect(self._on_fit)
        self.readout = QLabel("")
        self.readout.setMinimumWidth(10)
        below = QHBoxLayout()
        below.setSpacing(10)
        below.addWidget(self.readout, 1)
        below.addWidget(self.fit_box)
        below.addWidget(self.log)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.plot, 1)
        layout.addLayout(below)
        self.legend = self.plot.addLegend(offset=(-6, 4), labelTextSize="9pt", verSpacing=-4)
        self._items: dict[str, pg.PlotDataItem] = {}
        self._curves: tuple[DrawnCurve, ...] = ()
        #: The fit that is shown while its box is ticked.
        self.fit: FitCurves | None = None
        self._drawn_fit = FitDrawing(self.plot, lambda widget: layout.insertWidget(1, widget))
        self._bands: tuple[Band, ...] = ()
        self._band_items: list[pg.GraphicsObject] = []
        self.line_marks = LineMarks(self.plot)
        self.line_marks.moved.connect(self.handle_moved.emit)
        self._lines: tuple[MarkedLine, ...] = ()
        self._background, self._text, self._dark = "#262930", "#f0f1f2", True
        self._kev_in_view: NDArray[np.float64] = np.zeros(0)
        self.plot.getPlotItem().vb.sigResized.connect(lambda *_: self._place_legend())
        self.plot.clicked.connect(self.peak_clicked.emit)
        self.plot.pointed.connect(self._point)
        self.plot.all_requested.connect(self.show_all)
        self.set_colours(self._background, self._text)

    @property
    def residual(self) -> SpectrumCanvas:
        """The plot of the residual, in standard deviations, below the spectrum."""
        return self._drawn_fit.residual

    @property
    def logarithmic(self) -> bool:
        """Whether counts are on a logarithmic scale."""
        return bool(self.log.isChecked())

    @property
    def lines(self) -> tuple[MarkedLine, ...]:
        """The marked lines."""
        return self._lines

    @property
    def bands(self) -> tuple[Band, ...]:
        """The highlighted intervals."""
        return self._bands

    @property
    def curves(self) -> tuple[DrawnCurve, ...]:
        """The drawn curves, the main one first."""
        return self._curves

    @property
    def handles(self) -> dict[str, pg.InfiniteLine]:
        """The lines that can be dragged."""
        return self.line_marks.handles

    @property
    def own_colour(self) -> str:
        """Colour of curves without a colour of their own."""
        return "#8ab4ff" if self._dark else "#1a4fc4"

    def item(self, key: str) -> pg.PlotDataItem:
        """Return the graphics of a curve."""
        return self._items[key]

    def set_colours(self, background: str, text: str) -> None:
        """Use the colours of a theme."""
        self._background, self._text = background, text
        self._dark = QColor(background).lightness() < 128
        self.plot.set_colours(background, text)
        self._drawn_fit.set_colours(background, text)
        self.legend.setLabelTextColor(text)
        # Painting a half-transparent box costs as much as all curves together.
        self.legend.setBrush(pg.mkBrush(QColor(background)))
        self._redraw()
        self._redraw_bands()
        self._redraw_marks()

    def set_curves(self, curves: Sequence[DrawnCurve]) -> None:
        """Show spectra instead of all others; the first is the main one."""
        self._curves = tuple(curves)
        main = self._curves[0] if self._curves else None
        self._redraw()
        if main is not None and main.kev.size and not np.array_equal(main.kev, self._kev_in_view):
            self._kev_in_view = main.kev
            self.show_all()

    def show_all(self) -> None:
        """Show the whole main spectrum except its empty end."""
        if self._curves and self._curves[0].kev.size:
            main = self._curves[0]
            last = min(float(main.kev[-1]), 1.1 * last_counted_kev(main.kev, main.counts))
            self.plot.setXRange(max(0.0, float(main.kev[0])), last, padding=0.01)
            self._show_heights()

    def show_near(self, low: float, high: float) -> None:
        """Bring an interval of energies into view."""
        left, right = self.plot.viewRange()[0]
        if low < left or high > right:
            self.plot.setXRange(min(low - 0.5, left), max(high + 0.5, right), padding=0.01)

    def set_lines(self, lines: Sequence[MarkedLine]) -> None:
        """Mark lines."""
        if tuple(lines) != self._lines:
            self._lines = tuple(lines)
            self._redraw_marks()

    def set_bands(self, bands: Sequence[Band]) -> None:
        """Highlight intervals of the energy axis."""
        if tuple(bands) != self._bands:
            self._bands = tuple(bands)
            self._redraw_bands()

    def set_fit(self, fit: FitCurves | None) -> None:
        """Show a fit over the main spectrum and its residual below, or none."""
        self.fit = fit
        self._redraw_fit()

    def set_handles(self, handles: Mapping[str, tuple[str, float]]) -> None:
        """Show lines that can be dragged: key to label and energy in keV."""
        self.line_marks.set_handles(handles, "#ffd24a" if self._dark else "#a15c00")

    def _redraw(self) -> None:
        in_view = self.plot.viewRange()[0]
        self.plot.setLogMode(x=False, y=self.logarithmic)
        # Changing the scale would show all of the axis again.
        self.plot.setXRange(*in_view, padding=0)
        drawn = {curve.key for curve in self._curves}
        for key in [key for key in self._items if key not in drawn]:
            self.plot.removeItem(self._items.pop(key))
        self.legend.clear()
        for curve in self._curves:
            item = self._items.get(curve.key)
            if item is None:
                item = pg.PlotDataItem(autoDownsampleFactor=1.0)
                item.setLogMode(False, self.logarithmic)
                self.plot.addItem(item)
                self._items[curve.key] = item
            colour = curve.colour or self.own_colour
            style = Qt.PenStyle.DashLine if curve.dashed else Qt.PenStyle.SolidLine
            # Lines wider than a pixel take ten times as long to draw.
            item.setPen(pg.mkPen(self.readable(colour), width=1, style=style))
            item.setData(curve.kev, self._height(curve.counts))
            if len(self._curves) > 1:
                self.legend.addItem(item, curve.name)
        self._place_legend()
        self._show_heights()
        self._redraw_fit()

    def _place_legend(self) -> None:
        """Show the legend where it hides little; the list of curves shows the colours, too."""
        view, size = self.plot.getPlotItem().vb.rect(), self.legend.boundingRect()
        area = max(1.0, view.width() * view.height())
        small = size.width() * size.height() < _LEGEND_SHARE * area
        self.legend.setVisible(len(self._curves) > 1 and small)

    def _show_heights(self) -> None:
        # The zero peak of some instruments dwarfs all else.
        above = [curve.counts[curve.kev > 0.5] for curve in self._curves]
        above = [counts for counts in above if counts.size]
        if not above:
            return
        low, high = 0.0, 1.3 * max(float(counts.max(initial=1e-3)) for counts in above)
        if self.logarithmic:
            floor = min(float(np.percentile(counts, 2)) for counts in above) / 2
            low, high = np.log10(max(floor, _ZERO_COUNTS)), np.log10(max(high, 1.0)) + 0.45
        self.plot.setYRange(low, high, padding=0)

    def _on_fit(self, checked: bool) -> None:
        self._redraw_fit()
        self.fit_toggled.emit(checked)

    def _redraw_fit(self) -> None:
        fit = self.fit if self.fit_box.isChecked() else None
        if fit is None and not self._drawn_fit.items:
            return
        self._drawn_fit.draw(fit, self._height, self.logarithmic, self.readable)

    def _height(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum(counts, _ZERO_COUNTS) if self.logarithmic else counts

    def _redraw_bands(self) -> None:
        for item in self._band_items:
            self.plot.removeItem(item)
        self._band_items = []
        for band in self._bands:
            colour = self.readable(band.colour)
            colour.setAlpha(70)
            item = pg.LinearRegionItem(
                (band.low, band.high), movable=False, brush=colour, pen=pg.mkPen(None)
            )
            item.setZValue(-10)
            self.plot.addItem(item, ignoreBounds=True)
            self._band_items.append(item)

    def _redraw_marks(self) -> None:
        self.line_marks.set_lines(self._lines, self._text, self.readable)

    def _point(self, kev: float, counts: float) -> None:
        text = f"{kev:.2f} keV"
        if self._curves and self._curves[0].kev.size > 1:
            main = self._curves[0]
            gain = float(main.kev[1] - main.kev[0])
            channel = round((kev - float(main.kev[0])) / gain)
            if 0 <= channel < main.counts.size:
                text += f"  ·  channel {channel}  ·  {main.counts[channel]:,.6g} counts"
        self.readout.setText(text)

    def readable(self, hex_colour: str) -> QColor:
        """Return a colour, adjusted so that it shows on the background."""
        hue, saturation, lightness, _ = QColor(hex_colour).getHslF()
        limited = max(lightness, 0.45) if self._dark else min(lightness, 0.42)
        return QColor.fromHslF(max(hue, 0.0), saturation, limited)
