"""Runs of the docks Elements and Pigments in a real viewer: what they replace, show and report."""

import numpy as np
import pytest

from napari_xrf_pigments.plugin.docks.window import open_dock
from napari_xrf_pigments.plugin.layers.metadata import map_layers
from napari_xrf_pigments.plugin.layers.visibility import show_only
from napari_xrf_pigments.plugin.state.scan import ScanSettings

from .acting import elements_ended, map_elements


@pytest.fixture
def elements(viewer, scan):
    return open_dock(viewer, "Elements")


@pytest.fixture
def pigments(viewer, scan):
    return open_dock(viewer, "Pigments")


def map_pigments(dock, scan, qtbot):
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: not dock.busy, timeout=60_000)
    assert scan.pigments.complete


def visible(viewer, scan, *kinds):
    return {key for key, layer in map_layers(viewer, scan, kinds).items() if layer.visible}


@pytest.mark.parametrize("kind", ["elements", "pigments"])
def test_a_cancelled_run_does_not_replace_complete_maps(
    viewer, scan, elements, pigments, qtbot, tiles, kind
):
    dock = {"elements": elements, "pigments": pigments}[kind]
    map_elements(elements, scan, qtbot)
    map_pigments(pigments, scan, qtbot)
    before = getattr(scan, kind)
    tiles.pause_s, tiles.begun = 0.2, 0
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: tiles.begun >= 2, timeout=60_000)
    dock.run_bar.cancel_button.click()
    qtbot.waitUntil(lambda: not dock.busy, timeout=60_000)
    assert getattr(scan, kind) is before
    assert before.complete
    assert dock.run_bar.status.text() == "Cancelled; the earlier maps are shown again."
    assert not dock.run_bar.resume_button.isVisible()
    shown = map_layers(viewer, scan, ["element", "pigment"])
    assert all(np.isfinite(layer.data).all() for layer in shown.values())


def test_a_new_run_is_shown_while_a_single_map_is(viewer, scan, elements, pigments, qtbot):
    map_elements(elements, scan, qtbot)
    assert visible(viewer, scan, "element") == {("element", "Hg L")}
    show_only(viewer, scan, ["element", "counts"], {("element", "Cu K")})
    map_pigments(pigments, scan, qtbot)
    assert not visible(viewer, scan, "element", "counts")
    kinds = ("overview", "pigment", "group")
    after_first_run = visible(viewer, scan, *kinds)
    assert {kind for kind, _ in after_first_run} == {"overview"}
    show_only(viewer, scan, list(kinds), {("pigment", "lead_white")})
    map_pigments(pigments, scan, qtbot)
    assert visible(viewer, scan, *kinds) == after_first_run
    map_elements(elements, scan, qtbot)
    qtbot.waitUntil(lambda: elements_ended(elements), timeout=60_000)
    assert visible(viewer, scan, "element") == {("element", "Hg L")}
    assert not visible(viewer, scan, *kinds)


def test_the_note_on_an_earlier_axis_goes_when_the_axis_is_back(scan, elements, pigments, qtbot):
    map_elements(elements, scan, qtbot)
    map_pigments(pigments, scan, qtbot)
    finished = elements.run_bar.status.text()
    axis = scan.cube.energies.recalibrated(0.0201, 0.0)
    scan.change(ScanSettings(axis, scan.cube.acquisition, "set by hand"))
    for dock in (elements, pigments):
        assert "previous calibration" in dock.run_bar.status.text()
    scan.undo()
    assert elements.run_bar.status.text() == finished
    assert "previous calibration" not in pigments.run_bar.status.text()


def test_closing_a_dock_says_that_its_run_was_stopped(viewer, scan, pigments, qtbot, tiles, notes):
    tiles.pause_s = 0.2
    pigments.run_bar.run_button.click()
    qtbot.waitUntil(lambda: tiles.begun >= 2, timeout=60_000)
    viewer.window.remove_dock_widget(pigments)
    qtbot.waitUntil(lambda: tiles.closed, timeout=60_000)
    texts = [text for text, severity in notes() if severity == "warning"]
    assert texts == [
        "Map pigments was stopped, because its dock was closed; the finished tiles are kept, and "
        "Resume continues with the others."
    ]
    again = open_dock(viewer, "Pigments")
    assert not again.run_bar.resume_button.isHidden()
