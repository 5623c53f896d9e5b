"""Widgets without a viewer: they show what is set and emit what the user requests."""

from dataclasses import replace

import pytest
from qtpy.QtCore import QMimeData, Qt, QUrl
from qtpy.QtTest import QTest

from napari_xrf_pigments.plugin.elements.element_list import ElementList
from napari_xrf_pigments.plugin.pigments.pigment_rows import PigmentRow, percent
from napari_xrf_pigments.plugin.pigments.settings import PigmentSettings
from napari_xrf_pigments.plugin.pigments.tree import PigmentTree
from napari_xrf_pigments.plugin.spectrum.energy_tab import AxisBar
from napari_xrf_pigments.plugin.spectrum.pixel_tab import Bar, ProbabilityBars
from napari_xrf_pigments.plugin.state.rows import ElementRow
from napari_xrf_pigments.plugin.widgets.drop_target import local_paths
from napari_xrf_pigments.plugin.widgets.run_bar import RunBar
from napari_xrf_pigments.plugin.widgets.scan_bar import ScanBar


@pytest.fixture
def show(qtbot):
    # Referenced until they are hidden: a plot that is partly deleted must not be painted.
    shown = []

    def _show(widget):
        shown.append(widget)
        qtbot.addWidget(widget)
        widget.show()
        return widget

    yield _show
    for widget in shown:
        widget.hide()


def test_either_run_or_cancel_is_enabled(show, qtbot):
    bar = show(RunBar("Map"))
    with qtbot.waitSignal(bar.run_requested):
        bar.run_button.click()
    bar.set_running(True)
    assert not bar.run_button.isEnabled()
    with qtbot.waitSignal(bar.cancel_requested):
        bar.cancel_button.click()
    bar.set_running(False)
    assert bar.run_button.isEnabled()
    assert not bar.cancel_button.isEnabled()


def test_a_disabled_run_button_has_the_reason_as_tooltip(show):
    bar = show(RunBar("Map"))
    bar.set_ready(False, "Open a scan first")
    assert not bar.run_button.isEnabled()
    assert bar.run_button.toolTip() == "Open a scan first"


def test_progress_is_shown_while_running_only(show):
    bar = show(RunBar("Map"))
    assert not bar.bar.isVisible()
    bar.set_running(True)
    bar.set_progress(30, 120)
    assert bar.bar.isVisible()
    assert bar.bar.value() == 250


def test_scans_are_listed_and_can_be_selected(show, qtbot):
    bar = show(ScanBar())
    assert bar.combo.currentText() == "Drop a scan here"
    bar.set_scans(["a", "b"], 1)
    assert bar.combo.currentText() == "b"
    with qtbot.waitSignal(bar.scan_chosen) as chosen:
        bar.combo.activated.emit(0)
    assert chosen.args == [0]
    with qtbot.waitSignal(bar.open_folder_requested):
        bar.open_folder.trigger()


def test_elements_can_be_unticked(show, qtbot):
    view = show(ElementList(lambda name: "#ff0000"))
    view.set_rows([ElementRow("Fe K"), ElementRow("Pb L")])
    assert view.ticked() == ("Fe K", "Pb L")
    with qtbot.waitSignal(view.ticks_changed):
        view.set_ticked("Fe K", False)
    assert view.ticked() == ("Pb L",)
    assert view.names() == ("Fe K", "Pb L")


def test_a_click_on_an_element_requests_its_map(show, qtbot):
    view = show(ElementList(lambda name: "#ff0000"))
    view.set_rows([ElementRow("Fe K"), ElementRow("Pb L")])
    centre = view.tree.visualItemRect(view.tree.topLevelItem(1)).center()
    with qtbot.waitSignal(view.show_requested) as requested:
        QTest.mouseClick(view.tree.viewport(), Qt.MouseButton.LeftButton, pos=centre)
    assert requested.args == ["Pb L"]


def test_pigment_settings_emit_their_changes(show, qtbot):
    view = show(PigmentSettings((("probability", "Anywhere"), ("below", "Below"))))
    assert (view.device, view.threshold, view.depth_key) == ("auto", 0.5, "probability")
    with qtbot.waitSignal(view.threshold_changed) as changed:
        view.slider.setValue(0.8)
    assert changed.args == [pytest.approx(0.8)]
    with qtbot.waitSignal(view.depth_changed) as changed:
        view.depth_box.setCurrentIndex(1)
    assert changed.args == ["below"]


def test_the_selected_device_stays_when_devices_are_listed(show):
    view = show(PigmentSettings((("probability", "Anywhere"),)))
    view.device_box.setCurrentIndex(1)
    view.set_devices((("Automatic", "auto"), ("CPU", "cpu"), ("GPU", "cuda:0")))
    assert view.device == "cpu"
    assert view.device_box.count() == 3


ROWS = [
    PigmentRow("pigment", "vermilion", "Vermilion", "#c8321f", 0.25, True),
    PigmentRow(
        "group",
        "copper",
        "Copper pigments",
        "#2f6aa3",
        0.1,
        True,
        (PigmentRow("pigment", "azurite", "Azurite", "#2f6aa3", 0.0, False),),
    ),
    PigmentRow("pigment", "smalt", "Smalt", "#3c4f8a", 0.0, False),
]


def test_pigments_not_found_are_collapsed_below_the_others(show):
    view = show(PigmentTree())
    view.set_rows(ROWS)
    titles = [view.tree.topLevelItem(i).text(0) for i in range(view.tree.topLevelItemCount())]
    assert titles == ["Vermilion", "Copper pigments", "Not found (1)"]
    assert view.tree.topLevelItem(1).isExpanded()
    assert not view.tree.topLevelItem(2).isExpanded()
    assert view.tree.topLevelItem(0).text(1) == "25.0 %"


def test_collapsed_rows_stay_collapsed_when_rows_are_set(show):
    view = show(PigmentTree())
    view.set_rows(ROWS)
    view.tree.topLevelItem(1).setExpanded(False)
    view.tree.topLevelItem(2).setExpanded(True)
    view.set_rows(ROWS)
    assert not view.tree.topLevelItem(1).isExpanded()
    assert view.tree.topLevelItem(2).isExpanded()


def test_rows_without_figures_take_the_full_width(show):
    members = "azurite or malachite"
    group = replace(ROWS[1], note="Cannot be told apart: Azurite", alternatives=members)
    view = show(PigmentTree())
    view.set_rows([ROWS[0], group, ROWS[2]])
    copper, not_found = view.tree.topLevelItem(1), view.tree.topLevelItem(2)
    assert copper.child(0).text(0) == f"cannot be told apart: {members}"
    assert copper.child(0).isFirstColumnSpanned() and not_found.isFirstColumnSpanned()
    assert not copper.isFirstColumnSpanned() and not copper.child(1).isFirstColumnSpanned()


def test_a_click_on_a_pigment_requests_its_map(show, qtbot):
    view = show(PigmentTree())
    view.set_rows(ROWS)
    centre = view.tree.visualItemRect(view.tree.topLevelItem(0)).center()
    with qtbot.waitSignal(view.show_requested) as requested:
        QTest.mouseClick(view.tree.viewport(), Qt.MouseButton.LeftButton, pos=centre)
    assert requested.args == ["pigment", "vermilion"]


@pytest.mark.parametrize(("share", "text"), [(0, "-"), (0.0004, "< 0.1 %"), (0.5, "50.0 %")])
def test_shares_are_formatted(share, text):
    assert percent(share) == text


def test_bars_lengthen_with_the_probability(show):
    view = show(ProbabilityBars())
    view.resize(400, 100)

    def red(value):
        view.set_bars([Bar("Vermilion", "#ff0000", value, 0.1, 0.9)])
        image = view.grab().toImage()
        pixels = (image.pixelColor(x, 10) for x in range(image.width()))
        return sum(c.red() > 200 and c.green() < 60 for c in pixels)

    assert red(0.9) > 2 * red(0.3) > 0


def test_bars_state_the_depth(show):
    assert Bar("a", "#000000", 0.9, 0.8, 0.7).depth == "top + below"
    assert Bar("a", "#000000", 0.9, 0.1, 0.2).depth == ""
    assert Bar("a", "#000000", 0.9).depth == ""


def test_without_bars_a_message_is_drawn(show):
    view = show(ProbabilityBars())
    view.resize(300, 60)
    view.set_bars((), "")
    blank = view.grab().toImage()
    view.set_bars((), "No pigment is likely here.")
    assert view.grab().toImage() != blank


def test_the_axis_bar_has_a_button_for_the_other_axis(show, qtbot):
    bar = show(AxisBar())
    assert not bar.button.isVisible()
    bar.set_axis("Calibrated.", estimated=True, can_switch=True)
    assert bar.button.isVisible()
    with qtbot.waitSignal(bar.estimate_requested) as requested:
        bar.button.click()
    assert requested.args == [False]


def test_only_local_files_of_a_drop_are_used():
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile("/data/a.rpl"), QUrl("https://example.org/b.rpl")])
    assert local_paths(mime) == ["/data/a.rpl"]
    assert local_paths(QMimeData()) == []
    assert local_paths(None) == []
