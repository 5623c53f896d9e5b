"""The axes of a spectrum, and a fit with its residual drawn in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QWidget

from ..widgets.axes import colour_axes


class _View(pg.ViewBox):  # type: ignore[misc]
    """A view in which the wheel zooms energies, and counts over the axis of counts."""

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
        Emitted by a double click, to show the whole spectrum.
    """

    clicked = Signal(float)
    pointed = Signal(float, float)
    all_requested = Signal()

    def __init__(self, height: int = 220, left: str = "Counts") -> None:
        super().__init__(viewBox=_View(enableMenu=False))
        self._height = height
        self.setLabel("bottom", "Energy (keV)")
        self.setLabel("left", left)
        # Otherwise the outermost labels are cut off at the edges.
        self.getPlotItem().layout.setContentsMargins(0, 6, 4, 6)
        self.setMenuEnabled(False)
        self.hideButtons()
        # At most one point per pixel without losing a peak: zooming stays smooth.
        self.setDownsampling(auto=True, mode="peak")
        self.setClipToView(True)
        # Beyond these limits no zoom makes sense, and pyqtgraph cannot draw.
        self.getPlotItem().vb.setLimits(
            xMin=-20.0, xMax=500.0, minXRange=0.05, yMin=-1e12, yMax=1e12, minYRange=1e-6
        )
        self.setMinimumHeight(min(height, 90))
        # The dock handles drops.
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self.getAxis("left").setWidth(52)
        self.scene().sigMouseClicked.connect(self._on_click)
        self._moves = pg.SignalProxy(
            self.scene().sigMouseMoved, rateLimit=20, slot=lambda args: self._on_move(args[0])
        )

    def sizeHint(self) -> QSize:
        """Return a readable size; the user may enlarge it."""
        return QSize(330, self._height)

    def set_colours(self, background: str, text: str) -> None:
        """Use the colours of a theme."""
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

    def _on_move(self, position: Any) -> None:
        view = self.getPlotItem().vb
        if view.sceneBoundingRect().contains(position):
            point = view.mapSceneToView(position)
            logarithmic = self.getPlotItem().ctrl.logYCheck.isChecked()
            counts = float(np.power(10.0, min(point.y(), 30.0))) if logarithmic else point.y()
            self.pointed.emit(float(point.x()), float(counts))


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


class FitDrawing:
    """The graphics of a fit and its residual.

    Parameters
    ----------
    plot : SpectrumCanvas
        The plot of the spectrum.
    insert_below : callable
        Inserts the plot of the residual below it.
    """

    def __init__(self, plot: SpectrumCanvas, insert_below: Callable[[QWidget], None]) -> None:
        self._plot, self._insert_below = plot, insert_below
        self._residual: SpectrumCanvas | None = None
        self._colours = "#262930", "#f0f1f2"
        #: Model and continuum, where a fit is drawn.
        self.items: list[pg.PlotDataItem] = []

    @property
    def residual(self) -> SpectrumCanvas:
        """The plot of the residual, made when it is first needed."""
        if self._residual is None:
            self._residual = SpectrumCanvas(90, "Residual (σ)")
            self._residual.setMaximumHeight(110)
            self._residual.setMinimumHeight(80)
            self._residual.setLabel("bottom", "")
            self._residual.setXLink(self._plot)
            self._residual.set_colours(*self._colours)
            self._residual.setVisible(False)
            self._insert_below(self._residual)
        return self._residual

    def set_colours(self, background: str, text: str) -> None:
        """Use the colours of a theme."""
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
        """Draw a fit instead of the previous one, or none.

        Parameters
        ----------
        fit : FitCurves or None
            The fit.
        height : callable
            Returns the heights at which counts are drawn.
        logarithmic : bool
            Whether counts are on a logarithmic scale.
        readable : callable
            Returns a colour as it is drawn on the background of the plot.
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
