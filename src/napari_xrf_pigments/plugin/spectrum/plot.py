"""Spectra over energy, with marked lines, bands of evidence, a fit, and lines to be dragged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ..widgets.axes import colour_axes
from .line_marks import LineMarks, MarkedLine


@dataclass(frozen=True)
class DrawnCurve:
    """A spectrum as it is drawn.

    Parameters
    ----------
    key, name : str
        What it is called by the program, and by people.
    colour : str
        ``"#rrggbb"``; empty for the plot's own.
    kev, counts : ndarray, shape (channel,)
        Channel centres in keV, and counts.
    dashed : bool
        Whether its line is broken.
    """

    key: str
    name: str
    colour: str
    kev: NDArray[np.float64]
    counts: NDArray[np.float64]
    dashed: bool = False


@dataclass(frozen=True)
class FitCurves:
    """A fit as it is drawn; all arrays (channel,).

    Parameters
    ----------
    kev : ndarray
        Energies, keV.
    model, continuum : ndarray
        Fitted counts, and those of the continuum alone.
    residual : ndarray
        Counts minus model, in standard deviations.
    """

    kev: NDArray[np.float64]
    model: NDArray[np.float64]
    continuum: NDArray[np.float64]
    residual: NDArray[np.float64]


@dataclass(frozen=True)
class Band:
    """A stretch of the energy axis to be highlighted.

    Parameters
    ----------
    low, high : float
        Its ends, keV.
    colour : str
        ``"#rrggbb"``.
    """

    low: float
    high: float
    colour: str


class FitDrawing:
    """The graphics of a fit.

    Parameters
    ----------
    plot : SpectrumCanvas
        The spectrum's plot.
    put_below : callable
        Puts the plot of what is left below it.
    """

    def __init__(self, plot: SpectrumCanvas, put_below: Callable[[QWidget], None]) -> None:
        self._plot, self._put_below = plot, put_below
        self._residual: SpectrumCanvas | None = None
        self._colours = "#262930", "#f0f1f2"
        #: Model and continuum, where a fit is drawn.
        self.items: list[pg.PlotDataItem] = []

    @property
    def residual(self) -> SpectrumCanvas:
        """What a fit leaves; the plot is made when it is first needed."""
        if self._residual is None:
            self._residual = SpectrumCanvas(90, "Rest (σ)")
            self._residual.setMaximumHeight(110)
            self._residual.setMinimumHeight(80)
            self._residual.setLabel("bottom", "")
            self._residual.setXLink(self._plot)
            self._residual.set_colours(*self._colours)
            self._residual.setVisible(False)
            self._put_below(self._residual)
        return self._residual

    def set_colours(self, background: str, text: str) -> None:
        """Follow the theme of the viewer."""
        self._colours = background, text
        if self._residual is not None:
            self._residual.set_colours(background, text)

    def draw(
        self,
        fit: FitCurves | None,
        height: Callable[[np.ndarray], np.ndarray],
        logarithmic: bool,
        readable: Callable[[str], QColor],
    ) -> None:
        """Draw a fit in the place of the last one, or none.

        Parameters
        ----------
        fit : FitCurves or None
            The fit.
        height : callable
            Gives what counts are drawn as.
        logarithmic : bool
            Whether the plot's scale of counts is logarithmic.
        readable : callable
            Gives what a colour becomes on the plot's background.
        """
        for item in self.items:
            self._plot.removeItem(item)
        self.items = []
        if self._residual is not None:
            self._residual.clear()
            self._residual.setVisible(fit is not None)
        if fit is None:
            return
        for values, colour in ((fit.model, "#ff7a59"), (fit.continuum, "#9aa0a6")):
            pen = pg.mkPen(readable(colour), width=1)
            item = pg.PlotDataItem(fit.kev, height(values), pen=pen)
            item.setLogMode(False, logarithmic)
            self._plot.addItem(item)
            self.items.append(item)
        self.residual.setVisible(True)
        self.residual.plot(fit.kev, fit.residual, pen=pg.mkPen(readable("#ff7a59"), width=1))
        self.residual.addItem(pg.InfiniteLine(0, angle=0, pen=pg.mkPen("#808080")))
        reach = max(5.0, float(np.percentile(np.abs(fit.residual), 99)))
        self.residual.setYRange(-reach, reach, padding=0.05)


class _View(pg.ViewBox):  # type: ignore[misc]
    """The wheel zooms energies; on the axis of counts it zooms counts."""

    def wheelEvent(self, event: Any, axis: int | None = None) -> None:
        super().wheelEvent(event, axis=0 if axis is None else axis)


class SpectrumCanvas(pg.PlotWidget):  # type: ignore[misc]
    """Counts over keV.

    Signals
    -------
    clicked : float
        Energy of a click in keV.
    pointed : float, float
        Energy in keV and counts under the mouse.
    all_requested
        A double click: show all of the spectrum.
    """

    clicked = Signal(float)
    pointed = Signal(float, float)
    all_requested = Signal()

    def __init__(self, height: int = 220, left: str = "Counts") -> None:
        super().__init__(viewBox=_View(enableMenu=False))
        self._height = height
        self.setLabel("bottom", "Energy (keV)")
        self.setLabel("left", left)
        # Else the outermost labels are cut at the edges.
        self.getPlotItem().layout.setContentsMargins(0, 6, 4, 6)
        self.setMenuEnabled(False)
        self.hideButtons()
        # Never more points than pixels, and no peak lost: zooming stays fluent.
        self.setDownsampling(auto=True, mode="peak")
        self.setClipToView(True)
        # Numbers that no zoom makes sense beyond, and that pyqtgraph cannot draw.
        self.getPlotItem().vb.setLimits(
            xMin=-20.0, xMax=500.0, minXRange=0.05, yMin=-1e12, yMax=1e12, minYRange=1e-6
        )
        self.setMinimumHeight(min(height, 150))
        # A drop belongs to the dock.
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self.getAxis("left").setWidth(52)
        self.scene().sigMouseClicked.connect(self._on_click)
        self._moves = pg.SignalProxy(
            self.scene().sigMouseMoved, rateLimit=20, slot=lambda args: self._on_move(args[0])
        )

    def sizeHint(self) -> QSize:
        """Enough to read; the user may make it larger."""
        return QSize(330, self._height)

    def set_colours(self, background: str, text: str) -> None:
        """Follow the theme of the viewer."""
        colour_axes(self, background, text)

    def _on_click(self, event: Any) -> None:
        if event.button() != Qt.MouseButton.LeftButton or event.isAccepted():
            return
        if event.double():
            self.all_requested.emit()
            return
        view = self.getPlotItem().vb
        if view.sceneBoundingRect().contains(event.scenePos()):
            self.clicked.emit(float(view.mapSceneToView(event.scenePos()).x()))

    def _on_move(self, place: Any) -> None:
        view = self.getPlotItem().vb
        if view.sceneBoundingRect().contains(place):
            point = view.mapSceneToView(place)
            logarithmic = self.getPlotItem().ctrl.logYCheck.isChecked()
            counts = float(np.power(10.0, min(point.y(), 30.0))) if logarithmic else point.y()
            self.pointed.emit(float(point.x()), float(counts))


#: Zero counts have no place on a logarithmic scale: half a count stands for none.
_NONE = 0.5
#: Most of the plot that a legend may hide.
_LEGEND_SHARE = 0.12


class SpectrumPlot(QWidget):
    """Counts over keV, on a logarithmic or linear scale.

    Signals
    -------
    peak_clicked : float
        Energy of a click, keV.
    handle_moved : str, float
        Key of a dragged line, and the energy where it was let go, keV.
    fit_wanted : bool
        Whether the fit shall be shown.
    """

    peak_clicked = Signal(float)
    handle_moved = Signal(str, float)
    fit_wanted = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = SpectrumCanvas()
        self.log = QCheckBox("Logarithmic")
        self.log.setChecked(True)
        self.log.setToolTip("Counts on a logarithmic scale")
        self.log.toggled.connect(lambda on: self._redraw())
        self.fit_box = QCheckBox("Fit")
        self.fit_box.setToolTip("Show what the known lines add up to, and what is left")
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
        self._fit: FitCurves | None = None
        self._drawn_fit = FitDrawing(self.plot, lambda widget: layout.insertWidget(1, widget))
        self._bands: tuple[Band, ...] = ()
        self._band_items: list[pg.GraphicsObject] = []
        self._line_marks = LineMarks(self.plot)
        self._line_marks.moved.connect(self.handle_moved.emit)
        self._lines: tuple[MarkedLine, ...] = ()
        self._background, self._text, self._dark = "#262930", "#f0f1f2", True
        self._seen: NDArray[np.float64] = np.zeros(0)
        self.plot.getPlotItem().vb.sigResized.connect(lambda *_: self._place_legend())
        self.plot.clicked.connect(self.peak_clicked.emit)
        self.plot.pointed.connect(self._point)
        self.plot.all_requested.connect(self.show_all)
        self.set_colours(self._background, self._text)

    @property
    def residual(self) -> SpectrumCanvas:
        """What a fit leaves, in sigma, below the spectrum."""
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
        """The highlighted stretches."""
        return self._bands

    @property
    def curves(self) -> tuple[DrawnCurve, ...]:
        """What is drawn, the main curve first."""
        return self._curves

    @property
    def handles(self) -> dict[str, pg.InfiniteLine]:
        """The lines that can be dragged."""
        return self._line_marks.handles

    @property
    def own_colour(self) -> str:
        """Colour of curves that have none of their own."""
        return "#8ab4ff" if self._dark else "#1a4fc4"

    def item(self, key: str) -> pg.PlotDataItem:
        """Create the graphics of a curve."""
        return self._items[key]

    def set_colours(self, background: str, text: str) -> None:
        """Follow the theme of the viewer."""
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

    def set_spectrum(self, kev: NDArray[np.float64], counts: NDArray[np.float64]) -> None:
        """Show one spectrum: channel centres in keV and counts, both (channel,)."""
        self.set_curves([DrawnCurve("", "", "", kev, counts)])

    def set_curves(self, curves: Sequence[DrawnCurve]) -> None:
        """Show spectra in the place of all others; the first is the main one."""
        self._curves = tuple(curves)
        main = self._curves[0] if self._curves else None
        self._redraw()
        if main is not None and main.kev.size and not np.array_equal(main.kev, self._seen):
            self._seen = main.kev
            self.show_all()

    def show_all(self) -> None:
        """Show all of the main spectrum but its empty end."""
        if self._curves and self._curves[0].kev.size:
            main = self._curves[0]
            last = _last_of_interest(main.kev, main.counts)
            self.plot.setXRange(max(0.0, float(main.kev[0])), last, padding=0.01)
            self._show_heights()

    def show_near(self, low: float, high: float) -> None:
        """Bring a stretch of energies into view, where it is not."""
        left, right = self.plot.viewRange()[0]
        if low < left or high > right:
            self.plot.setXRange(min(low - 0.5, left), max(high + 0.5, right), padding=0.01)

    def set_lines(self, lines: Sequence[MarkedLine]) -> None:
        """Mark lines."""
        if tuple(lines) != self._lines:
            self._lines = tuple(lines)
            self._redraw_marks()

    def set_bands(self, bands: Sequence[Band]) -> None:
        """Highlight stretches of the axis."""
        if tuple(bands) != self._bands:
            self._bands = tuple(bands)
            self._redraw_bands()

    def set_fit(self, fit: FitCurves | None) -> None:
        """Show a fit over the main spectrum and its residual below, or none."""
        self._fit = fit
        self._redraw_fit()

    def set_handles(self, handles: Mapping[str, tuple[str, float]]) -> None:
        """Show lines to be dragged: key to label and energy in keV."""
        self._line_marks.set_handles(handles, "#ffd24a" if self._dark else "#a15c00")

    def _redraw(self) -> None:
        seen = self.plot.viewRange()[0]
        self.plot.setLogMode(x=False, y=self.logarithmic)
        # Changing the scale would show all of the axis again.
        self.plot.setXRange(*seen, padding=0)
        wanted = {curve.key for curve in self._curves}
        for key in [key for key in self._items if key not in wanted]:
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
        """Show the legend where it hides little; the list of curves has the colours, too."""
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
            low, high = np.log10(max(floor, _NONE)), np.log10(max(high, 1.0)) + 0.45
        self.plot.setYRange(low, high, padding=0)

    def _on_fit(self, wanted: bool) -> None:
        self._redraw_fit()
        self.fit_wanted.emit(wanted)

    def _redraw_fit(self) -> None:
        fit = self._fit if self.fit_box.isChecked() else None
        self._drawn_fit.draw(fit, self._height, self.logarithmic, self.readable)

    def _height(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum(counts, _NONE) if self.logarithmic else counts

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
        self._line_marks.set_lines(self._lines, self._text, self.readable)

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
        """Pale lines would vanish on a light background, dark ones on a dark one."""
        hue, saturation, lightness, _ = QColor(hex_colour).getHslF()
        limited = max(lightness, 0.45) if self._dark else min(lightness, 0.42)
        return QColor.fromHslF(max(hue, 0.0), saturation, limited)


def _last_of_interest(kev: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
    """Energy above which next to nothing was counted, keV: the empty rest is not shown."""
    total = np.cumsum(counts[::-1])[::-1]
    if total[0] <= 0:
        return float(kev[-1])
    last = int(np.searchsorted(-total, -0.002 * total[0]))
    return float(min(kev[-1], kev[min(last, kev.size - 1)] * 1.1))
