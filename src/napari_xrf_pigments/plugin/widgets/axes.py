"""Axes of plots in the colours of the theme of the viewer."""

from __future__ import annotations

import pyqtgraph as pg


def colour_axes(plot: pg.PlotWidget, background: str, text: str) -> None:
    """Set the colours of a plot's background and axes."""
    plot.setBackground(background)
    for side in ("bottom", "left"):
        axis = plot.getAxis(side)
        axis.setPen(text)
        axis.setTextPen(text)
