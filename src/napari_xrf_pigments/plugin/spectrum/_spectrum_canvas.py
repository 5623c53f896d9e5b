"""The drawing area of spectra: axes, zoom, clicks, and nothing of what is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QSize, Qt, Signal


class _View(pg.ViewBox):
    """The wheel zooms energies; on the axis of counts it zooms counts."""

    def wheelEvent(self, event: Any, axis: int | None = None) -> None:
        super().wheelEvent(event, axis=0 if axis is None else axis)


class SpectrumCanvas(pg.PlotWidget):
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


def colour_axes(plot: pg.PlotWidget, background: str, text: str) -> None:
    """Give a plot's background and axes the colours of the viewer's theme."""
    plot.setBackground(background)
    for side in ("bottom", "left"):
        axis = plot.getAxis(side)
        axis.setPen(text)
        axis.setTextPen(text)
