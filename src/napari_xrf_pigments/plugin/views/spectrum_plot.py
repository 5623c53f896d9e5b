"""A spectrum over energy, with marked lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from ..rows import MarkedLine


class _Plot(pg.PlotWidget):
    """A plot that does not push the viewer aside."""

    def sizeHint(self) -> QSize:
        """Enough to read; the user may make it larger."""
        return QSize(330, 220)


class SpectrumPlot(QWidget):
    """Counts over keV, on a logarithmic or linear scale."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = _Plot()
        self.plot.setLabel("bottom", "Energy (keV)")
        self.plot.setLabel("left", "Counts")
        # Else the outermost labels are cut at the edges.
        self.plot.getPlotItem().layout.setContentsMargins(0, 6, 4, 6)
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setMinimumHeight(150)
        # A drop belongs to the dock.
        self.plot.setAcceptDrops(False)
        self.plot.viewport().setAcceptDrops(False)
        self.curve = self.plot.plot([], [])
        self.log = QCheckBox("Logarithmic")
        self.log.setChecked(True)
        self.log.toggled.connect(lambda on: self._redraw())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.log, 0, Qt.AlignmentFlag.AlignRight)
        self._marks: list[pg.GraphicsObject] = []
        self._lines: tuple[MarkedLine, ...] = ()
        self._kev: NDArray[np.float64] = np.zeros(0)
        self._counts: NDArray[np.float64] = np.zeros(0)
        self._text = "#f0f1f2"
        self.set_colours("#262930", "#f0f1f2")

    @property
    def logarithmic(self) -> bool:
        """Whether counts are on a logarithmic scale."""
        return bool(self.log.isChecked())

    @property
    def lines(self) -> tuple[MarkedLine, ...]:
        """The marked lines."""
        return self._lines

    def set_colours(self, background: str, text: str) -> None:
        """Follow the theme of the viewer."""
        self._text = text
        self._dark = QColor(background).lightness() < 128
        curve = "#8ab4ff" if self._dark else "#1a4fc4"
        self.plot.setBackground(background)
        for side in ("bottom", "left"):
            axis = self.plot.getAxis(side)
            axis.setPen(text)
            axis.setTextPen(text)
        self.curve.setPen(pg.mkPen(curve, width=1.2))
        self._redraw_marks()

    def set_spectrum(self, kev: NDArray[np.float64], counts: NDArray[np.float64]) -> None:
        """Show a spectrum: channel centres in keV and counts, both (channel,)."""
        changed = kev.size != self._kev.size or not np.array_equal(kev, self._kev)
        self._kev, self._counts = kev, counts
        self._redraw()
        if changed and kev.size:
            self.plot.setXRange(
                max(0.0, float(kev[0])), _last_of_interest(kev, counts), padding=0.01
            )

    def set_lines(self, lines: Sequence[MarkedLine]) -> None:
        """Mark lines."""
        self._lines = tuple(lines)
        self._redraw_marks()

    def _redraw(self) -> None:
        # Zero counts have no place on a logarithmic scale: half a count stands for none.
        shown = np.maximum(self._counts, 0.5) if self.logarithmic else self._counts
        seen = self.plot.viewRange()[0]
        self.plot.setLogMode(x=False, y=self.logarithmic)
        # Changing the scale would show all of the axis again.
        self.plot.setXRange(*seen, padding=0)
        self.curve.setData(self._kev, shown)
        if shown.size:
            above = shown[self._kev > 0.5]  # the zero peak of some instruments dwarfs all else
            low, high = 0.0, 1.3 * float(above.max(initial=1.0))
            if self.logarithmic:
                floor = float(np.percentile(above, 2)) / 2 if above.size else 0.5
                low, high = np.log10(max(floor, 0.5)), np.log10(high) + 0.45
            self.plot.setYRange(low, high, padding=0)
        self._redraw_marks()

    def _redraw_marks(self) -> None:
        for mark in self._marks:
            self.plot.removeItem(mark)
        self._marks = []
        level = 0
        for line in sorted(self._lines, key=lambda entry: entry.kev):
            colour = self._readable(line.colour)
            pen = pg.mkPen(colour, width=1.5 if line.main else 0.7, style=Qt.PenStyle.DashLine)
            label = None
            options = None
            if line.main:
                # Neighbours would overlap at one height.
                options = {
                    "position": 0.97 - 0.09 * (level % 4),
                    "color": self._text,
                    "movable": False,
                    "anchors": [(0, 0.5), (0, 0.5)],
                }
                label, level = line.label, level + 1
            mark = pg.InfiniteLine(line.kev, angle=90, pen=pen, label=label, labelOpts=options)
            self.plot.addItem(mark, ignoreBounds=True)
            self._marks.append(mark)

    def _readable(self, hex_colour: str) -> QColor:
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
