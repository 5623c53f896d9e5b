"""Elements and Pigments docks in a real viewer: run, progress, cancel, threshold, errors."""

import numpy as np
import pytest
from qtpy.QtCore import QTimer

from napari_xrf_pigments.plugin.elements.dock import ElementsDock
from napari_xrf_pigments.plugin.layers.metadata import map_layers, results_of_metadata
from napari_xrf_pigments.plugin.pigments.dock import PigmentsDock

from . import synthetic
from .acting import add_dock
from .synthetic import LINES, places


@pytest.fixture
def elements(viewer):
    return add_dock(viewer, ElementsDock, "Elements")


@pytest.fixture
def pigments(viewer):
    return add_dock(viewer, PigmentsDock, "Pigments")


#: All kinds of layers with one pigment or group.
PIGMENTS = ("pigment", "pigment-top", "pigment-below", "group")


def finished(dock):
    return lambda: not dock.busy


def run(dock, scan, kind, qtbot):
    """Click Run and wait for the end; a short run may end before its start is noticed."""
    before = getattr(scan, kind)
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: getattr(scan, kind) not in (None, before), timeout=60_000)
    qtbot.waitUntil(finished(dock), timeout=60_000)


def maps(viewer, scan, *kinds):
    return map_layers(viewer, scan, kinds)


def test_without_a_scan_the_buttons_are_disabled(viewer, elements, pigments):
    assert not elements.run_bar.run_button.isEnabled()
    assert not elements.find_button.isEnabled()
    assert not pigments.run_bar.run_button.isEnabled()


def test_elements_are_found_ticked_and_mapped(viewer, scan, elements, qtbot):
    elements.find_button.click()
    qtbot.waitUntil(lambda: elements.elements.names() == tuple(LINES), timeout=60_000)
    elements.elements.set_ticked("Cu K", False)
    elements.run_bar.run_button.click()
    qtbot.waitUntil(finished(elements), timeout=60_000)
    found = maps(viewer, scan, "element")
    assert set(found) == {("element", "Pb L"), ("element", "Hg L")}
    layer = found["element", "Hg L"]
    assert np.array_equal(layer.data, 1000.0 * places()["Hg L"])
    assert layer.name == "Hg L"
    assert tuple(layer.scale) == (0.5, 0.25)
    assert not viewer.layers["scan"].visible


def test_mapping_finds_the_elements_first(viewer, scan, elements, qtbot):
    elements.run_bar.run_button.click()
    qtbot.waitUntil(lambda: len(maps(viewer, scan, "element")) == 3, timeout=60_000)
    qtbot.waitUntil(finished(elements), timeout=60_000)


def test_the_search_is_not_done_twice(viewer, scan, elements, qtbot, tiles):
    elements.find_button.click()
    qtbot.waitUntil(lambda: bool(elements.elements.names()), timeout=60_000)
    elements.run_bar.run_button.click()
    qtbot.waitUntil(finished(elements), timeout=60_000)
    assert tiles.plan == "plan"
    # The search is valid for other ticks as well, but not for another axis.
    elements.elements.set_ticked("Cu K", False)
    elements.run_bar.run_button.click()
    qtbot.waitUntil(finished(elements), timeout=60_000)
    assert tiles.plan == "plan"
    scan.use_estimate(not scan.uses_estimate)
    elements.run_bar.run_button.click()
    qtbot.waitUntil(finished(elements), timeout=60_000)
    assert tiles.plan is None


def test_running_again_replaces_the_maps(viewer, scan, elements, qtbot):
    for _ in range(2):
        run(elements, scan, "elements", qtbot)
    assert len(maps(viewer, scan, "element")) == 3


@pytest.mark.parametrize("kind", ["elements", "pigments"])
def test_layers_of_a_run_are_reused_by_the_next(viewer, scan, request, qtbot, kind):
    dock, kinds = request.getfixturevalue(kind), {"elements": ("element",), "pigments": PIGMENTS}
    run(dock, scan, kind, qtbot)
    before, first = maps(viewer, scan, *kinds[kind]), getattr(scan, kind)
    run(dock, scan, kind, qtbot)
    assert getattr(scan, kind) is not first
    assert maps(viewer, scan, *kinds[kind]) == before
    stack = scan.elements.counts if kind == "elements" else scan.pigments.probability
    key = ("element", "Pb L") if kind == "elements" else ("pigment", "vermilion")
    assert np.shares_memory(before[key].data, stack)


def test_a_run_that_fails_before_its_first_tile_keeps_complete_maps(
    viewer, scan, pigments, qtbot, tiles
):
    run(pigments, scan, "pigments", qtbot)
    before, results = maps(viewer, scan, *PIGMENTS), scan.pigments
    tiles.fail_after = 0
    pigments.run()
    qtbot.waitUntil(finished(pigments), timeout=60_000)
    qtbot.waitUntil(lambda: not pigments.busy, timeout=60_000)
    assert maps(viewer, scan, *PIGMENTS) == before
    assert scan.pigments is results
    assert "the earlier maps are shown again" in pigments.run_bar.status.text()


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_layer_is_removed_only_at_the_end_of_a_run(
    viewer, scan, pigments, qtbot, tiles, monkeypatch, everywhere
):
    run(pigments, scan, "pigments", qtbot)
    answer, removed, updates = synthetic.answer, [], []

    def without_vermilion(rows, columns):
        fields = answer(rows, columns)
        if everywhere or rows.stop < scan.cube.shape[0]:
            fields["probability"][synthetic.PIGMENTS.index("vermilion")] = 0.0
        return fields

    monkeypatch.setattr(synthetic, "answer", without_vermilion)
    tiles.pause_s = 0.3

    def record(event):
        removed.append((event.value.name, pigments.running))

    viewer.layers.events.removed.connect(record)
    pigments.layer_updates.schedule = _recording(
        pigments.layer_updates.schedule, lambda: updates.append(pigments.running)
    )
    run(pigments, scan, "pigments", qtbot)
    viewer.layers.events.removed.disconnect(record)
    assert updates.count(True) > 1
    assert removed == ([("Vermilion", False)] if everywhere else [])


def _recording(function, record):
    def call(*args, **settings):
        record()
        return function(*args, **settings)

    return call


def test_a_click_on_an_element_shows_it_alone(viewer, scan, elements, qtbot):
    elements.run_bar.run_button.click()
    qtbot.waitUntil(lambda: len(maps(viewer, scan, "element")) == 3, timeout=60_000)
    elements.elements.show_requested.emit("Cu K")
    qtbot.waitUntil(lambda: not elements.busy, timeout=60_000)
    visible = [layer.name for layer in viewer.layers if layer.visible]
    assert visible == ["Cu K"]


def test_pigments_are_shown_in_their_colours(viewer, scan, pigments, qtbot):
    run(pigments, scan, "pigments", qtbot)
    found = maps(viewer, scan, "pigment", "group")
    assert {layer.name for layer in found.values()} == {
        "Lead white",
        "Vermilion",
        "Copper pigments",
    }
    layer = found["pigment", "vermilion"]
    assert layer.blending == "additive"
    red, green, blue, _ = layer.colormap.map(np.array([1.0]))[0]
    assert red > 2 * green
    assert red > 2 * blue
    assert tuple(layer.scale) == (0.5, 0.25)
    assert pigments.pigment_tree.tree.topLevelItem(1).text(0) == "Vermilion"
    assert pigments.pigment_tree.tree.topLevelItem(1).text(1) == "33.3 %"


def test_tiles_are_shown_as_they_finish_and_stay_after_cancel(viewer, scan, pigments, qtbot, tiles):
    tiles.pause_s = 1.5
    pigments.run_bar.run_button.click()
    vermilion = ("pigment", "vermilion")
    qtbot.waitUntil(lambda: vermilion in maps(viewer, scan, "pigment"), timeout=60_000)
    layer = maps(viewer, scan, "pigment")[vermilion]
    done = np.isfinite(layer.data).all(axis=1)
    assert done[0]
    assert not done[-1]
    assert 0 < pigments.run_bar.bar.value() < 1000
    pigments.run_bar.cancel_button.click()
    qtbot.waitUntil(finished(pigments), timeout=60_000)
    assert "Cancelled" in pigments.run_bar.status.text()
    assert tiles.closed
    assert tiles.begun < 6
    assert np.isfinite(layer.data[:4]).all()
    assert pigments.run_bar.run_button.isEnabled()


def test_the_threshold_changes_layers_and_list(viewer, scan, pigments, qtbot):
    pigments.run_bar.run_button.click()
    qtbot.waitUntil(
        lambda: ("pigment", "vermilion") in maps(viewer, scan, "pigment"), timeout=60_000
    )
    qtbot.waitUntil(finished(pigments), timeout=60_000)
    pigments.settings.slider.setValue(0.38)
    qtbot.waitUntil(lambda: ("pigment", "azurite") in maps(viewer, scan, "pigment"), timeout=60_000)
    pigments.settings.slider.setValue(0.95)
    qtbot.waitUntil(
        lambda: set(maps(viewer, scan, "pigment")) == {("pigment", "lead_white")}, timeout=60_000
    )
    clear = maps(viewer, scan, "pigment")["pigment", "lead_white"].colormap.map(np.array([0.9]))
    assert clear[0].tolist() == [0, 0, 0, 1]


def test_maps_below_the_top_layer_are_shown(viewer, scan, pigments, qtbot):
    run(pigments, scan, "pigments", qtbot)
    pigments.settings.depth_box.setCurrentIndex(2)
    below = {("pigment-below", "vermilion")}
    qtbot.waitUntil(lambda: set(maps(viewer, scan, *PIGMENTS)) == below, timeout=60_000)
    assert [layer.name for layer in maps(viewer, scan, *PIGMENTS).values()] == ["Vermilion, below"]
    layer = maps(viewer, scan, "pigment-below")["pigment-below", "vermilion"]
    assert np.array_equal(layer.data, scan.pigments.below[1])


def test_a_failed_run_reports_the_error_and_keeps_its_tiles(
    viewer, scan, pigments, qtbot, tiles, notes
):
    tiles.fail_after = 2
    pigments.run_bar.run_button.click()
    qtbot.waitUntil(lambda: bool(notes()), timeout=60_000)
    qtbot.waitUntil(finished(pigments), timeout=60_000)
    assert notes() == [("The file ends in the middle of a row.", "error")]
    layer = maps(viewer, scan, "pigment")["pigment", "vermilion"]
    assert np.isfinite(layer.data[:8]).all()
    assert np.isnan(layer.data[8:]).all()


def test_contrast_limits_set_by_the_user_stay(viewer, scan, elements, qtbot, tiles):
    tiles.pause_s = 0.3
    elements.run_bar.run_button.click()
    qtbot.waitUntil(lambda: ("element", "Pb L") in maps(viewer, scan, "element"), timeout=60_000)
    layer = maps(viewer, scan, "element")["element", "Pb L"]
    layer.contrast_limits = (100, 300)
    qtbot.waitUntil(finished(elements), timeout=60_000)
    assert list(layer.contrast_limits) == [100, 300]


def test_layers_are_added_one_per_turn_of_the_event_loop(viewer, scan, elements, qtbot):
    counts = []

    timer = QTimer(elements)
    timer.timeout.connect(lambda: counts.append(len(maps(viewer, scan, "element"))))
    timer.start(0)
    run(elements, scan, "elements", qtbot)
    timer.stop()
    assert len(maps(viewer, scan, "element")) == 3
    assert max(np.diff(counts), default=0) <= 1


def test_closing_a_dock_ends_its_run(viewer, scan, qtbot, tiles):
    tiles.pause_s = 0.2
    dock = add_dock(viewer, PigmentsDock, "short-lived")
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: tiles.begun > 0, timeout=60_000)
    viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(lambda: tiles.closed, timeout=60_000)
    assert tiles.begun < 6


def test_results_are_read_from_layers(viewer, scan, elements, qtbot):
    elements.run_bar.run_button.click()
    qtbot.waitUntil(lambda: len(maps(viewer, scan, "element")) == 3, timeout=60_000)
    qtbot.waitUntil(finished(elements), timeout=60_000)
    found, nothing = results_of_metadata(layer.metadata for layer in viewer.layers)
    assert found.names == tuple(LINES)
    assert found.pixel_mm == (0.5, 0.25)
    assert found.provenance["settings"]["lines"] == list(LINES)
    assert np.array_equal(found.counts[1], maps(viewer, scan, "element")["element", "Hg L"].data)
    assert nothing is None
