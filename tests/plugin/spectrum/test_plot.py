"""Labels of lines in a plot: none covers another, none is cut off."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qtpy.QtCore import QPointF
from qtpy.QtWidgets import QApplication

from napari_xrf_pigments.plugin.spectrum.plot import (
    LabelPosition,
    MarkedLine,
    SpectrumPlot,
    arrange_labels,
)

from ..acting import draw_spectrum


def spans(labels, places):
    for (x, length), place in zip(labels, places, strict=True):
        start = x - length if place.left else x
        yield place.row, start, start + length


@given(
    st.lists(st.tuples(st.floats(0, 800), st.floats(1, 120)), max_size=20).map(sorted),
)
def test_labels_in_a_row_never_touch_and_none_is_cut_off(labels):
    found = sorted(spans(labels, arrange_labels(labels, 800.0)))
    assert all(start >= 0 and end <= 800.0 for _, start, end in found)
    for (row, _, end), (other, start, _) in pairwise(found):
        assert row != other or start >= end


def test_labels_that_fit_stay_in_the_first_row():
    labels = [(0.0, 50.0), (100.0, 50.0), (760.0, 50.0)]
    assert arrange_labels(labels, 800.0) == [
        LabelPosition(0, False),
        LabelPosition(0, False),
        LabelPosition(0, True),
    ]


def rectangles(plot):
    """Where the labels of a plot are on the screen."""
    marks = plot.line_marks
    lines = [*marks.marks.values(), *marks.handles.values()]
    return [line.label.mapRectToScene(line.label.boundingRect()) for line in lines]


@pytest.mark.parametrize("reach", [(0, 40), (9.5, 14)])
def test_labels_of_marked_and_dragged_lines_never_overlap(qtbot, reach):
    plot = SpectrumPlot()
    qtbot.addWidget(plot)
    plot.resize(900, 400)
    plot.show()
    draw_spectrum(plot, 0.02 * np.arange(2000), np.full(2000, 10.0))
    lines = {"Hg Lα": 9.987, "Pb Lα": 10.55, "Hg Lβ": 11.82, "Pb Lβ": 12.61}
    plot.set_lines([MarkedLine(name, kev, "#ff8000") for name, kev in lines.items()])
    plot.set_handles({name: (name, lines[name]) for name in ("Hg Lα", "Pb Lβ")})
    plot.plot.setXRange(*reach, padding=0)
    QApplication.processEvents()
    found = rectangles(plot)
    assert len(found) == 6
    for index, one in enumerate(found):
        assert not any(one.intersects(other) for other in found[index + 1 :])


@pytest.mark.parametrize("reach", [(0, 40), (9.5, 14), (9.5, 12.7)])
def test_no_line_crosses_the_label_of_another(qtbot, reach):
    plot = SpectrumPlot()
    qtbot.addWidget(plot)
    plot.resize(500, 400)
    plot.show()
    draw_spectrum(plot, 0.02 * np.arange(2000), np.full(2000, 10.0))
    energies = (8.05, 8.9, 9.99, 10.55, 12.4, 12.61)
    plot.set_lines(
        [MarkedLine(f"line at {kev}", kev, "#ff8000", main=kev != 8.9) for kev in energies]
    )
    plot.plot.setXRange(*reach, padding=0)
    QApplication.processEvents()
    view, lines = plot.plot.getPlotItem().vb, list(plot.line_marks.marks.values())
    crossed = 0
    for line in (line for line in lines if hasattr(line, "label")):
        shown = line.label.mapRectToScene(line.label.boundingRect())
        for other in lines:
            x = view.mapViewToScene(QPointF(other.value(), 0.0)).x()
            if other is not line and shown.left() < x < shown.right():
                crossed += 1
                assert other.zValue() < line.zValue()
    assert crossed


def test_unchanged_lines_are_not_drawn_again(qtbot):
    plot = SpectrumPlot()
    qtbot.addWidget(plot)
    draw_spectrum(plot, 0.02 * np.arange(2000), np.full(2000, 10.0))
    iron, lead, tin = (
        MarkedLine(name, kev, "#ff8000") for name, kev in (("Fe", 6.4), ("Pb", 10.55), ("Sn", 25.2))
    )

    def drawn():
        return {line.label: mark for (line, *_), mark in plot.line_marks.marks.items()}

    plot.set_lines([iron, lead])
    before = drawn()
    plot.set_lines([lead, tin])
    draw_spectrum(plot, 0.02 * np.arange(2000), np.full(2000, 20.0))
    after = drawn()
    assert set(after) == {"Pb", "Sn"}
    assert after["Pb"] is before["Pb"]
    in_plot = plot.plot.getPlotItem().items
    assert before["Fe"] not in in_plot
    assert all(mark in in_plot for mark in after.values())
    # Another theme has other colours.
    plot.set_colours("#ffffff", "#000000")
    assert drawn()["Pb"] is not before["Pb"]
    assert before["Pb"] not in in_plot
