"""Widgets of the Spectrum dock without a viewer: what they show and emit."""

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_xrf_pigments.plugin.spectrum.acquisition_form import AcquisitionForm
from napari_xrf_pigments.plugin.spectrum.calibration_panel import CalibrationPanel
from napari_xrf_pigments.plugin.spectrum.canvas import FitCurves
from napari_xrf_pigments.plugin.spectrum.curves_tab import CurveList, CurveRow
from napari_xrf_pigments.plugin.spectrum.lines_tab import PeakList, PeakRow, PeriodicTable
from napari_xrf_pigments.plugin.spectrum.manual_calibration import PlacedLine
from napari_xrf_pigments.plugin.spectrum.plot import Band, DrawnCurve, MarkedLine, SpectrumPlot

from ..acting import draw_spectrum


@pytest.fixture
def show(qtbot):
    # PigmentComparison until they are hidden: a plot that is half collected must not be painted.
    shown = []

    def _show(widget):
        shown.append(widget)
        qtbot.addWidget(widget)
        widget.show()
        return widget

    yield _show
    for widget in shown:
        widget.hide()


KEV = 0.01 * np.arange(2000)


def test_counts_are_drawn_on_logarithmic_and_linear_scales(show):
    plot = show(SpectrumPlot())
    draw_spectrum(plot, KEV, np.full(2000, 100.0))
    assert plot.logarithmic
    (_, shown) = plot.item("").getData()
    assert shown == pytest.approx(np.full(shown.size, 2.0))
    plot.log.setChecked(False)
    shown = plot.item("").getData()[1]
    assert shown == pytest.approx(np.full(shown.size, 100.0))
    assert plot.plot.viewRange()[0] == pytest.approx([0, 20], abs=0.5)


def test_the_empty_end_of_the_axis_is_not_shown(show):
    plot = show(SpectrumPlot())
    kev = 0.01 * np.arange(4000)
    draw_spectrum(plot, kev, np.where(kev < 20, 100.0, 0.0))
    assert plot.plot.viewRange()[0][1] == pytest.approx(22, abs=0.5)


def test_zero_counts_are_drawn_on_a_logarithmic_scale(show):
    plot = show(SpectrumPlot())
    draw_spectrum(plot, KEV[:100], np.zeros(100))
    assert np.isfinite(plot.item("").getData()[1]).all()


def test_another_spectrum_keeps_the_zoom(show):
    plot = show(SpectrumPlot())
    draw_spectrum(plot, KEV, np.full(2000, 10.0))
    plot.plot.setXRange(5, 7, padding=0)
    draw_spectrum(plot, KEV, np.full(2000, 900.0))
    assert plot.plot.viewRange()[0] == pytest.approx([5, 7])
    plot.show_all()
    assert plot.plot.viewRange()[0] == pytest.approx([0, 20], abs=0.5)


def test_a_legend_names_several_curves_in_their_colours(show):
    plot = show(SpectrumPlot())
    first = DrawnCurve("a", "Pixel", "", KEV, np.full(2000, 5.0))
    second = DrawnCurve("b", "Region", "#ff0000", KEV, np.full(2000, 9.0), dashed=True)
    plot.set_curves([first])
    assert not plot.legend.isVisible()
    plot.set_curves([first, second])
    assert plot.legend.isVisible()
    assert [label.text for _, label in plot.legend.items] == ["Pixel", "Region"]
    pen = plot.item("b").opts["pen"]
    assert pen.color().hslHue() == 0
    assert pen.style() == Qt.PenStyle.DashLine
    plot.set_curves([second])
    assert [curve.key for curve in plot.curves] == ["b"]


def test_a_legend_that_would_hide_the_spectra_is_not_shown(show):
    plot = show(SpectrumPlot())
    names = [f"Pinned x {number}, y 200, mean of radius 2" for number in range(8)]
    curves = [DrawnCurve(name, name, "", KEV, np.full(2000, 5.0)) for name in names]
    plot.resize(380, 260)
    plot.set_curves(curves)
    QApplication.processEvents()
    assert not plot.legend.isVisible()
    plot.resize(1600, 700)
    QApplication.processEvents()
    assert plot.legend.isVisible()


@pytest.mark.parametrize("turn", [120, -120])
def test_zooming_stops_at_energies_that_can_be_drawn(show, turn):
    plot = show(SpectrumPlot())
    draw_spectrum(plot, KEV, np.full(2000, 10.0))
    for _ in range(400):
        plot.plot.getPlotItem().vb.scaleBy(x=0.8 if turn > 0 else 1.25)
    low, high = plot.plot.viewRange()[0]
    assert 0.04 < high - low < 600
    assert -30 < low < high < 600


def test_at_most_one_point_per_pixel_is_drawn(show):
    plot = show(SpectrumPlot())
    counts = np.full(65_536, 10.0)
    counts[30_000] = 9000.0
    draw_spectrum(plot, 0.0005 * np.arange(65_536), counts)
    plot.resize(500, 300)
    QApplication.processEvents()
    plot.plot.setXRange(0, 32, padding=0)
    x, y = plot.item("").getData()
    assert x.size < 8000
    assert y.max() == pytest.approx(np.log10(9000.0))  # no peak is lost


def test_marked_lines_replace_earlier_ones(show):
    plot = show(SpectrumPlot())
    draw_spectrum(plot, KEV, np.full(2000, 10.0))
    before = len(plot.plot.items())
    plot.set_lines([MarkedLine("Fe Ka", 6.4, "#ff8000"), MarkedLine("Fe Kb", 7.06, "#ff8000")])
    assert len(plot.plot.items()) > before
    plot.set_lines(())
    assert len(plot.plot.items()) == before


def test_bands_are_drawn_at_their_energies_and_removed(show):
    plot = show(SpectrumPlot())
    plot.set_bands([Band(9.9, 10.1, "#ff0000")])
    (item,) = plot._band_items
    assert item.getRegion() == pytest.approx((9.9, 10.1))
    plot.set_bands(())
    assert plot._band_items == []


def test_the_fit_is_shown_while_its_box_is_ticked(show, qtbot):
    plot = show(SpectrumPlot())
    draw_spectrum(plot, KEV, np.full(2000, 10.0))
    plot.set_fit(FitCurves(KEV, np.full(2000, 9.0), np.full(2000, 3.0), np.ones(2000)))
    assert not plot.residual.isVisible()
    with qtbot.waitSignal(plot.fit_toggled) as toggled:
        plot.fit_box.click()
    assert toggled.args == [True]
    assert plot.residual.isVisible()
    assert len(plot._drawn_fit.items) == 2


def test_a_dragged_line_emits_the_energy_where_it_was_dropped(show, qtbot):
    plot = show(SpectrumPlot())
    draw_spectrum(plot, KEV, np.full(2000, 10.0))
    plot.set_handles({"Fe": ("Fe Kα", 6.4)})
    line = plot.handles["Fe"]
    line.setValue(6.7)
    with qtbot.waitSignal(plot.handle_moved) as moved:
        line.sigPositionChangeFinished.emit(line)
    assert moved.args == ["Fe", pytest.approx(6.7)]
    plot.set_handles({})
    assert plot.handles == {}


def test_the_periodic_table_has_every_element_once(show, qtbot):
    table = show(PeriodicTable())
    from napari_xrf_pigments.physics.lines import element_symbol

    known = {element_symbol(z) for z in range(11, 93)} - {"Fr", "Ra", "Ac"}
    assert known <= set(table.cells)
    assert not table.cells["C"].isEnabled()
    with qtbot.waitSignal(table.ticked_changed) as ticked:
        table.cells["Hg"].click()
    assert ticked.args == [("Hg",)]
    table.set_ticked(["Pb", "Fe"])
    assert table.ticked() == ("Fe", "Pb")


def test_the_periodic_table_shows_elements_set_before_it_was_visible(show, qtbot):
    table = PeriodicTable()
    table.set_ticked(["Hg", "Fe", "Xx"])
    table.set_present(["Pb"])
    assert table.ticked() == ("Fe", "Hg")
    told = []
    table.ticked_changed.connect(told.append)
    show(table)
    assert [s for s, cell in table.cells.items() if cell.isChecked()] == ["Fe", "Hg"]
    assert [s for s, cell in table.cells.items() if cell.font().bold()] == ["Pb"]
    table.set_present(["Hg", "Fe"])
    assert [s for s, cell in table.cells.items() if cell.font().bold()] == ["Fe", "Hg"]
    assert not told
    table.cells["Fe"].click()
    assert told == [("Hg",)]
    assert table.ticked() == ("Hg",)


def test_the_table_fits_into_a_narrow_dock(show, qtbot):
    table = show(PeriodicTable())
    qtbot.waitUntil(table.cells["U"].isVisible, timeout=10_000)
    table.resize(330, 200)
    right = max(cell.geometry().right() for cell in table.cells.values())
    assert right <= 331
    for symbol in ("Mn", "Hg", "W"):
        cell = table.cells[symbol]
        assert cell.fontMetrics().horizontalAdvance(symbol) <= cell.width()


ROWS = [
    CurveRow("a", "Pixel", "#8ab4ff", True, False),
    CurveRow("b", "Pinned", "#ff0000", False, True),
]


def test_the_list_of_curves_emits_ticks_removals_and_exports(show, qtbot):
    view = show(CurveList())
    assert not view.export.isEnabled()
    view.set_rows(ROWS)
    assert view.export.isEnabled()
    assert not view.remove.isEnabled()
    with qtbot.waitSignal(view.shown_changed) as shown:
        view.items.item(1).setCheckState(Qt.CheckState.Checked)
    assert shown.args == ["b", True]
    view.items.setCurrentRow(1)
    with qtbot.waitSignal(view.remove_requested) as removed:
        view.remove.click()
    assert removed.args == ["b"]
    with qtbot.waitSignal(view.export_requested) as requested:
        view.save_msa.trigger()
    assert requested.args == ["msa"]
    with qtbot.waitSignal(view.statistic_changed) as statistic:
        view.statistic.setCurrentIndex(2)
    assert statistic.args == ["max"]


def test_the_list_of_peaks_emits_the_selected_row(show, qtbot):
    view = show(PeakList())
    view.set_rows("The peak could be:", [PeakRow("Fe Kα", 6.4, "Fits.", 1.0)])
    place = view.items.visualItemRect(view.items.item(0)).center() + QPoint(1, 0)
    with qtbot.waitSignal(view.selected) as selected:
        QTest.mouseClick(view.items.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert selected.args == [0]
    assert view.items.item(0).toolTip() == "Fits."


def test_the_acquisition_form_emits_changes_only(show, qtbot):
    view = show(AcquisitionForm())
    view.set_settings(None, None, 0.0291875, -0.956)
    assert (view.anode.currentText(), view.voltage.text()) == ("unknown", "unknown")
    heard = []
    view.axis_changed.connect(lambda *values: heard.append(values))
    view.tube_changed.connect(lambda *values: heard.append(values))
    view.gain.editingFinished.emit()
    view.voltage.editingFinished.emit()
    assert heard == []
    view.anode.setCurrentIndex(view.anode.findText("Rh"))
    view.anode.activated.emit(view.anode.currentIndex())
    assert heard == [("Rh", None)]
    view.offset.setValue(-900.0)
    view.offset.editingFinished.emit()
    assert heard[-1] == (pytest.approx(0.0291875, rel=1e-5), pytest.approx(-0.9))


def test_an_unusual_anode_is_shown(show):
    view = show(AcquisitionForm())
    view.set_settings("Pd", 50.0, 0.01, 0.0)
    assert view.anode.currentText() == "Pd"


def test_the_calibration_panel_offers_lists_and_removes_lines(show, qtbot):
    view = show(CalibrationPanel())
    assert not view.add.isEnabled()
    view.set_choices([("Ca Kα", 3.69), ("Fe Kα", 6.4)])
    rows = [PlacedLine("Fe Kα", "Fe Kα", 6.4, 320.5, -3.2), PlacedLine("Ca Kα", "Ca Kα", 3.69)]
    view.set_state(rows, "", can_apply=True, can_undo=False, has_scan=True)
    with qtbot.waitSignal(view.line_added) as added:
        view.add.click()
    assert added.args == ["Fe Kα", 6.4]
    item = view.table.topLevelItem(0)
    assert [item.text(i) for i in range(4)] == ["Fe Kα", "6.400", "320.50", "-3.2 eV"]
    assert view.table.topLevelItem(1).text(2) == "drag it"
    assert not view.buttons["undo"].isEnabled()
    with qtbot.waitSignal(view.apply_requested):
        view.buttons["apply"].click()
    view.table.setCurrentItem(item)
    with qtbot.waitSignal(view.line_removed) as removed:
        QTest.keyClick(view, Qt.Key.Key_Delete)
    assert removed.args == ["Fe Kα"]
