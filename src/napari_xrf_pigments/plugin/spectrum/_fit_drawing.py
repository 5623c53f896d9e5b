"""A fit over a spectrum, and what it leaves, in sigma, in a plot below."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QWidget

from ..state.rows import FitCurves
from ._spectrum_canvas import SpectrumCanvas


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
