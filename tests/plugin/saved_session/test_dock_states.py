"""Settings of docks: saved as JSON values and restored in a new dock; bad values are ignored."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_xrf_pigments.plugin.docks.window import dock_class
from napari_xrf_pigments.plugin.layers.sync import session_of

from ..acting import add_scan, choose
from ..mapped import elements, pigments
from ..synthetic import make_cube

TITLES = (
    "Elements", "Pigments", "Spectrum", "Compare maps", "Pigment against its elements",
    "Register a picture", "Correct the sawtooth", "Stitch sections", "Teach pigments",
    "Region table",
)  # fmt: skip


@pytest.fixture
def mapped(viewer, scan):
    """Return a mapped scan, beside two pictures and a second section."""
    scan.elements, scan.pigments = elements(), pigments()
    viewer.add_image(np.zeros((6, 8)), name="Infrared")
    viewer.add_image(np.ones((6, 8)), name="X-ray")
    add_scan(viewer, make_cube(), "right half")
    session_of(viewer).select_scan(scan)
    return scan


def open_dock(viewer, title, qtbot):
    dock = dock_class(title)(viewer)
    qtbot.addWidget(dock)
    return dock


def restored(viewer, title, dock, qtbot):
    """Return a new dock with the settings of another one, passed through JSON."""
    state = json.loads(json.dumps(dock.save_state()))
    again = open_dock(viewer, title, qtbot)
    again.restore_state(state)
    assert again.save_state() == dock.save_state()
    return again


def test_values_that_do_not_fit_are_ignored(viewer, mapped, qtbot):
    for title in TITLES:
        dock = open_dock(viewer, title, qtbot)
        before = dock.save_state()
        dock.restore_state({})
        assert dock.save_state() == before
        for value in (None, "nonsense", -1e9, True, [1, "a"], [[]], {"a": 1}, [{"range": [0]}]):
            dock.restore_state(dict.fromkeys(before, value))
            assert dock.save_state().keys() == before.keys()


def test_elements(viewer, mapped, qtbot):
    dock = open_dock(viewer, "Elements", qtbot)
    first, second = dock.elements.names()[:2]
    dock.elements.set_ticked(second, False)
    dock.tools.setCurrentWidget(dock.tools.composite_bar)
    choose_text(dock.tools.composite_bar.boxes[1], first)
    dock.tools.composite_bar.set_colour(1, "#123456")
    dock.tools.composite_bar.sliders[1].setValue((100, 400))
    again = restored(viewer, "Elements", dock, qtbot)
    assert second not in again.elements.ticked() and first in again.elements.ticked()
    assert again.tools.currentWidget() is again.tools.composite_bar
    assert again.tools.composite_bar.channels() == dock.tools.composite_bar.channels()


def choose_text(box, text):
    box.setCurrentIndex(box.findText(text))


def test_pigments(viewer, mapped, qtbot):
    dock = open_dock(viewer, "Pigments", qtbot)
    choose(dock.settings.device_box, "cpu")
    choose(dock.settings.depth_box, "top")
    dock.settings.context_box.setChecked(True)
    dock.hidden_bar.button.setChecked(True)
    again = restored(viewer, "Pigments", dock, qtbot)
    assert (again.settings.device, again.settings.depth_key) == ("cpu", "top")
    assert again.settings.context and again.hidden_bar.reveal


def test_spectrum(viewer, mapped, qtbot):
    dock = open_dock(viewer, "Spectrum", qtbot)
    dock.tabs.setCurrentIndex(2)
    dock.plot.log.setChecked(False)
    dock.plot.fit_box.setChecked(True)
    dock.pixel_tab.view.radius.setValue(3)
    dock.lines_tab.table.set_ticked(("Hg", "Cu"))
    choose(dock.curves_tab.view.statistic, "max")
    again = restored(viewer, "Spectrum", dock, qtbot)
    assert again.tabs.currentIndex() == dock.tabs.currentIndex() != 0
    assert not again.plot.logarithmic and again.plot.fit_box.isChecked()
    assert again.pixel_tab.view.radius.value() == 3
    assert set(again.lines_tab.table.ticked()) == {"Hg", "Cu"}


def test_compare(viewer, mapped, qtbot):
    dock = open_dock(viewer, "Compare maps", qtbot)
    dock.compare(viewer.layers["X-ray"], viewer.layers["Infrared"])
    choose(dock.bar.mode_box, "lens")
    dock.bar.radius.setValue(120)
    dock.bar.link_button.setChecked(False)
    again = restored(viewer, "Compare maps", dock, qtbot)
    assert [layer.name for layer in again.layers] == ["X-ray", "Infrared"]
    assert again.bar.mode == "lens" and not again.linked


def test_agreement(viewer, mapped, qtbot):
    title = "Pigment against its elements"
    dock = open_dock(viewer, title, qtbot)
    dock.threshold.setValue(0.25)
    dock.sigmas.setValue(5)
    dock.pigment_box.setCurrentIndex(1)
    again = restored(viewer, title, dock, qtbot)
    assert again.pigment_box.currentData() == dock.pigment_box.currentData()
    assert (again.threshold.value(), again.sigmas.value()) == (0.25, 5)


def test_register(viewer, mapped, qtbot):
    dock = open_dock(viewer, "Register a picture", qtbot)
    dock.select_picture(viewer.layers["Infrared"])
    choose(dock.bar.model_box, "projective")
    again = restored(viewer, "Register a picture", dock, qtbot)
    assert again.picture is viewer.layers["Infrared"] and again.bar.model == "projective"


def test_sawtooth(viewer, mapped, qtbot):
    dock = open_dock(viewer, "Correct the sawtooth", qtbot)
    dock.shift.setValue(0.35)
    assert restored(viewer, "Correct the sawtooth", dock, qtbot).shift.value() == 0.35


def test_stitch(viewer, mapped, qtbot):
    dock = open_dock(viewer, "Stitch sections", qtbot)
    choose(dock.overlap_box, "first")
    dock.table.set_offset(1, (0, 30))
    dock.table.set_used(0, False)
    again = restored(viewer, "Stitch sections", dock, qtbot)
    assert again.table.offset(1) == (0, 30) and again.ticked == [1]


def test_teach(viewer, mapped, qtbot):
    dock = open_dock(viewer, "Teach pigments", qtbot)
    dock.add_label("azurite", present=True)
    dock.add_label("azurite", present=False)
    again = restored(viewer, "Teach pigments", dock, qtbot)
    assert [(row.pigment, row.present) for row in again.table.rows] == [
        ("azurite", True), ("azurite", False),
    ]  # fmt: skip
