"""The histogram of a map on a logarithmic scale, with contrast limits that can be dragged."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import QSize, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from ..widgets.axes import colour_axes

#: Edges (bin + 1,) in units of the map, and number of pixels (bin,).
Histogram = tuple[NDArray[np.float64], NDArray[np.int64]]
_BINS = 200
_SAMPLE = 500_000


class _Plot(pg.PlotWidget):  # type: ignore[misc]
    """The plot of the histogram, with the range of the contrast limits shaded."""

    def __init__(self) -> None:
        # Creating the menus, which stay hidden, would take half of the time.
        super().__init__(viewBox=pg.ViewBox(enableMenu=False))
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.setMinimumHeight(90)
        self.setLogMode(x=False, y=True)
        self.setLabel("left", "Pixels")
        # The dock handles dropped files.
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        # Without margins the outermost labels are cut off.
        self.getPlotItem().layout.setContentsMargins(0, 8, 8, 0)
        self.curve = self.plot([0, 1], [1], stepMode="center", fillLevel=0)
        self.region = pg.LinearRegionItem(
            (0, 1), swapMode="sort", brush=(128, 128, 128, 50), hoverBrush=(128, 128, 128, 80)
        )
        self.region.hide()
        self.addItem(self.region)

    def sizeHint(self) -> QSize:
        """Return a small size, because the plot is shown below a list."""
        return QSize(240, 130)

    def set_colours(self, background: str, text: str) -> None:
        """Set the colours of background and text, as in the theme of the viewer."""
        colour_axes(self, background, text)
        self.curve.setPen(pg.mkPen(text, width=1))
        for line in self.region.lines:
            line.setPen(pg.mkPen(text, width=2))


class HistogramView(QWidget):
    """Histogram of a map, with the range of the contrast limits shaded.

    The plot is created when it is first shown or filled, so that the dock opens sooner.
    """

    limits_changed = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel("Select a map in the layer list.")
        self.title.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.title)
        self._plot: _Plot | None = None
        self._colours = "#262930", "#f0f1f2"
        self._updating = self._filled = False

    @property
    def plot(self) -> _Plot:
        """The plot."""
        if self._plot is None:
            self._plot = _Plot()
            self._plot.set_colours(*self._colours)
            self._plot.region.sigRegionChanged.connect(self._dragged)
            layout = self.layout()
            assert isinstance(layout, QVBoxLayout)
            layout.addWidget(self._plot, 1)
        return self._plot

    @property
    def curve(self) -> pg.PlotDataItem:
        """The outline of the histogram."""
        return self.plot.curve

    @property
    def region(self) -> pg.LinearRegionItem:
        """The shaded range."""
        return self.plot.region

    def showEvent(self, event: QShowEvent | None) -> None:
        """Create the plot before it is shown."""
        self.plot.setVisible(self._filled)
        super().showEvent(event)

    def clear(self) -> None:
        """Show no map."""
        self.title.setText("Select a map in the layer list.")
        self._filled = False
        if self._plot is not None:
            self._plot.hide()

    def set_colours(self, background: str, text: str) -> None:
        """Set the colours of background and text, as in the theme of the viewer."""
        self._colours = background, text
        if self._plot is not None:
            self._plot.set_colours(background, text)

    def set_histogram(
        self,
        title: str,
        edges: NDArray[np.float64],
        counts: NDArray[np.int64],
        limits: tuple[float, float],
    ) -> None:
        """Show a histogram, edges (bin + 1,) and pixels (bin,), with the contrast limits."""
        self.title.setText(title)
        # A logarithmic scale has no zero: empty bins are drawn at half a pixel.
        self.curve.setData(edges, np.maximum(counts, 0.5))
        self.plot.setYRange(np.log10(0.5), np.log10(max(2.0, float(counts.max(initial=1)))) + 0.1)
        self.plot.setXRange(float(edges[0]), float(edges[-1]), padding=0.03)
        self.region.show()
        self._filled = True
        self.plot.show()
        self.set_limits(limits)

    def set_limits(self, limits: tuple[float, float]) -> None:
        """Move the shaded range without emitting a signal."""
        if self._plot is not None and tuple(self.region.getRegion()) != tuple(limits):
            self._updating = True
            self.region.setRegion(limits)
            self._updating = False

    def _dragged(self) -> None:
        low, high = self.region.getRegion()
        if not self._updating and high > low:
            self.limits_changed.emit(float(low), float(high))


def histogram_of(
    image: NDArray[np.floating],
) -> Histogram | None:
    """Return edges (bin + 1,) and pixels (bin,) of a map, or None if it has no values.

    Maps of more than half a million pixels are sampled. The lowest and highest 0.01 % are left
    out, since a single hot pixel would squeeze all others into one bin.
    """
    step = max(1, int(np.sqrt(image.size / _SAMPLE)))
    values = np.asarray(image[::step, ::step], dtype=np.float64)
    values = values[np.isfinite(values)]
    if not values.size:
        return None
    low, high = np.percentile(values, (0.01, 99.99))
    high = high if high > low else low + 1.0
    counts, edges = np.histogram(values, bins=_BINS, range=(low, high))
    return edges, counts
