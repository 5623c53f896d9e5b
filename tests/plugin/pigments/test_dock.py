"""The Pigments dock in a real viewer: palette, period, thresholds, groups, depth, resume."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_xrf_pigments.io import load_results, save_results
from napari_xrf_pigments.pigments.selection import Palette
from napari_xrf_pigments.plugin.layers.metadata import LayerInfo, map_layers, results_of_metadata

from ..acting import add_scan
from ..synthetic import make_cube

KINDS = ("pigment", "pigment-top", "pigment-below", "group")


def finished(dock):
    return lambda: not dock.busy


def names(viewer, scan):
    return {layer.name for layer in map_layers(viewer, scan, KINDS).values()}


def wait_for_layers(viewer, scan, expected, qtbot):
    qtbot.waitUntil(lambda: names(viewer, scan) == expected, timeout=60_000)


def enter(field, text):
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def choose_row(dock, name, qtbot, kind="pigment"):
    """Click the row of a pigment or group."""
    tree = dock.pigment_tree.tree
    tree.expandAll()
    pending = [tree.topLevelItem(i) for i in range(tree.topLevelItemCount())]
    while pending:
        item = pending.pop()
        key = item.data(0, Qt.ItemDataRole.UserRole)
        if key and tuple(key) == (kind, name):
            tree.scrollToItem(item)
            centre = tree.visualItemRect(item).center()
            QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=centre)
            return item
        pending += [item.child(i) for i in range(item.childCount())]
    raise AssertionError(f"There is no row of {kind} {name}.")


ALL = {"Lead white", "Vermilion", "Copper pigments"}


def test_rows_show_colour_area_and_mean_probability(mapped):
    item = mapped.pigment_tree.tree.topLevelItem(1)
    assert [item.text(column) for column in range(3)] == ["Vermilion", "33.3 %", "90 %"]
    assert not item.icon(0).isNull()
    for part in ("Formula: HgS", "Diagnostic lines: Hg L"):
        assert part in item.toolTip(0)
    group = mapped.pigment_tree.tree.topLevelItem(2)
    assert group.text(0) == "Copper pigments"
    assert group.child(0).text(0) == "cannot be told apart: azurite or malachite"
    assert "Azurite, Malachite" in group.toolTip(0)


def test_pigments_hidden_by_the_period_are_shown_by_one_click(viewer, scan, mapped, qtbot):
    mapped.settings.slider.setValue(0.3)
    with_azurite = {"Lead white", "Vermilion", "Azurite", "Malachite"}
    wait_for_layers(viewer, scan, with_azurite, qtbot)
    enter(mapped.settings.first_year, "1850")
    enter(mapped.settings.last_year, "1900")
    wait_for_layers(viewer, scan, {"Lead white", "Vermilion"}, qtbot)
    assert mapped.hidden_bar.isVisible()
    assert "Azurite" in mapped.hidden_bar.sentence.text()
    assert "2 of them found" in mapped.hidden_bar.sentence.text()
    QTest.mouseClick(mapped.hidden_bar.button, Qt.MouseButton.LeftButton)
    wait_for_layers(viewer, scan, with_azurite, qtbot)
    assert mapped.hidden_bar.button.text() == "Hide"
    QTest.mouseClick(mapped.hidden_bar.button, Qt.MouseButton.LeftButton)
    wait_for_layers(viewer, scan, {"Lead white", "Vermilion"}, qtbot)


def test_a_complete_year_needs_no_enter(viewer, scan, mapped):
    for field, year in ((mapped.settings.first_year, "1850"), (mapped.settings.last_year, "1900")):
        QTest.keyClicks(field, year[:3])
        before = scan.palette.period
        QTest.keyClicks(field, year[3:])
        assert scan.palette.period != before
    assert scan.palette.period == (1850, 1900)


def test_the_active_layer_is_visible(viewer, scan, mapped, qtbot):
    qtbot.waitUntil(lambda: not mapped.busy, timeout=60_000)
    active = viewer.layers.selection.active
    assert active.visible
    assert LayerInfo.of(active).kind == "overview"


def test_a_hidden_layer_that_the_user_selected_stays_selected(viewer, scan, mapped, qtbot):
    qtbot.waitUntil(lambda: not mapped.busy, timeout=60_000)
    hidden = viewer.layers["Lead white"]
    hidden.visible = False
    viewer.layers.selection.active = hidden
    mapped.settings.slider.setValue(0.45)
    qtbot.wait(300)
    qtbot.waitUntil(lambda: not mapped.busy, timeout=60_000)
    assert viewer.layers.selection.active is hidden


def test_without_years_no_pigment_is_hidden(viewer, scan, mapped, qtbot):
    mapped.settings.slider.setValue(0.3)
    fields = (mapped.settings.first_year, mapped.settings.last_year)
    for field, year in zip(fields, ("1850", "1900"), strict=True):
        enter(field, year)
    wait_for_layers(viewer, scan, {"Lead white", "Vermilion"}, qtbot)
    for field in fields:
        field.selectAll()
        QTest.keyClick(field, Qt.Key.Key_Delete)
        QTest.keyClick(field, Qt.Key.Key_Return)
    wait_for_layers(viewer, scan, {"Lead white", "Vermilion", "Azurite", "Malachite"}, qtbot)
    assert scan.palette.period == (None, None)


def test_grey_rows_are_readable_in_every_theme(viewer, mapped):
    def contrast():
        tree = mapped.pigment_tree.tree
        text = tree.topLevelItem(2).child(0).foreground(0).color()
        return abs(text.lightness() - tree.palette().base().color().lightness())

    before = viewer.theme
    try:
        for theme in ("light", "dark", "light"):
            viewer.theme = theme
            QApplication.processEvents()
            assert contrast() > 60, theme
    finally:
        viewer.theme = before


def test_a_period_that_ends_before_it_begins_is_refused(scan, mapped, qtbot, notes):
    enter(mapped.settings.last_year, "1700")
    enter(mapped.settings.first_year, "1900")
    assert notes()[-1] == ("The period ends in 1700, before it begins in 1900.", "error")
    assert scan.palette.period == (None, 1700)
    # The text stays in the fields, so that the user can correct it.
    assert mapped.settings.period == (1900, 1700)
    enter(mapped.settings.last_year, "1950")
    assert scan.palette.period == (1900, 1950)


def test_a_new_period_can_be_typed_year_by_year(scan, mapped, notes):
    fields = (mapped.settings.first_year, mapped.settings.last_year)
    for field, year in zip(fields, ("1600", "1700"), strict=True):
        enter(field, year)
    for field, year in zip(fields, ("1800", "1900"), strict=True):
        field.selectAll()
        QTest.keyClicks(field, year)
    assert scan.palette.period == (1800, 1900)
    assert notes() == []


def test_a_click_on_a_pigment_without_a_map_is_explained(viewer, scan, mapped, qtbot):
    choose_row(mapped, "azurite", qtbot)
    assert "Azurite has no map" in mapped.run_bar.status.text()


def test_an_excluded_pigment_is_listed_as_hidden(viewer, scan, mapped, qtbot):
    choose_row(mapped, "vermilion", qtbot)
    assert mapped.pigment_bar.title.text() == "Vermilion"
    QTest.mouseClick(mapped.pigment_bar.exclude, Qt.MouseButton.LeftButton)
    wait_for_layers(viewer, scan, ALL - {"Vermilion"}, qtbot)
    assert "Vermilion 33.3 % (excluded)" in mapped.hidden_bar.sentence.text()
    QTest.mouseClick(mapped.hidden_bar.button, Qt.MouseButton.LeftButton)
    wait_for_layers(viewer, scan, ALL, qtbot)
    choose_row(mapped, "vermilion", qtbot)
    assert mapped.pigment_bar.exclude.isChecked()
    QTest.mouseClick(mapped.pigment_bar.exclude, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not mapped.hidden_bar.isVisible(), timeout=60_000)
    assert scan.palette == Palette()


def test_a_pigment_with_little_area_can_be_kept_visible(viewer, scan, mapped, qtbot):
    choose_row(mapped, "bone_black", qtbot)
    QTest.mouseClick(mapped.pigment_bar.add, Qt.MouseButton.LeftButton)
    wait_for_layers(viewer, scan, {*ALL, "Bone black"}, qtbot)


def test_a_pigment_can_have_a_separate_threshold(viewer, scan, mapped, qtbot):
    choose_row(mapped, "azurite", qtbot)
    bar = mapped.pigment_bar
    assert not bar.slider.isEnabled()
    bar.own.click()
    bar.slider.setValue(0.3)
    wait_for_layers(viewer, scan, {"Lead white", "Vermilion", "Azurite"}, qtbot)
    assert scan.palette.thresholds == {"azurite": pytest.approx(0.3)}
    layer = map_layers(viewer, scan, ["pigment"])["pigment", "azurite"]
    assert layer.colormap.map(np.array([0.35]))[0, :3].any()
    bar.own.click()
    wait_for_layers(viewer, scan, ALL, qtbot)
    assert scan.palette.thresholds == {}


def test_surface_and_underlying_are_separate_layers(viewer, scan, mapped, qtbot):
    box = mapped.settings.depth_box
    box.setFocus()
    for _ in range(3):
        QTest.keyClick(box, Qt.Key.Key_Down)
    wait_for_layers(viewer, scan, {"Lead white, top", "Vermilion, below"}, qtbot)
    mapped.settings.slider.setValue(0.05)
    qtbot.waitUntil(
        lambda: {"Vermilion, top", "Vermilion, below"} <= names(viewer, scan), timeout=60_000
    )
    mapped.pigment_tree.show_requested.emit("pigment", "vermilion")
    qtbot.waitUntil(lambda: not mapped.busy, timeout=60_000)
    visible = {layer.name for layer in viewer.layers if layer.visible}
    assert visible == {"Vermilion, top", "Vermilion, below"}


def test_groups_only_shows_one_layer_per_group(viewer, scan, mapped, qtbot):
    QTest.mouseClick(mapped.settings.groups_box, Qt.MouseButton.LeftButton, pos=_left(mapped))
    qtbot.waitUntil(
        lambda: {key[0] for key in map_layers(viewer, scan, KINDS)} == {"group"}, timeout=60_000
    )
    assert "Copper pigments" in names(viewer, scan)
    assert not mapped.settings.depth_box.isEnabled()
    mapped.settings.groups_box.setChecked(False)
    wait_for_layers(viewer, scan, ALL, qtbot)


def _left(dock):
    from qtpy.QtCore import QPoint

    return QPoint(8, dock.settings.groups_box.height() // 2)


def test_a_cancelled_run_can_be_resumed(viewer, scan, dock, qtbot, tiles):
    tiles.pause_s = 0.2
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: tiles.begun >= 2, timeout=60_000)
    dock.run_bar.cancel_button.click()
    qtbot.waitUntil(finished(dock), timeout=60_000)
    done = int(scan.pigments.done.sum())
    assert 0 < done < scan.pigments.done.size
    before = scan.pigments
    tiles.begun, tiles.pause_s = 0, 0.0
    QTest.mouseClick(dock.run_bar.resume_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: scan.pigments.complete, timeout=60_000)
    qtbot.waitUntil(finished(dock), timeout=60_000)
    assert scan.pigments is before
    assert tiles.begun == 6 - done // (4 * 36)
    assert scan.pigments.share("vermilion", 0.5) == pytest.approx(1 / 3)
    assert not dock.run_bar.resume_button.isVisible()


def test_stale_maps_are_marked(viewer, scan, mapped, qtbot):
    scan.use_estimate(not scan.uses_estimate)
    assert names(viewer, scan) == {f"{name} (previous calibration)" for name in ALL}
    assert "map the pigments again" in mapped.run_bar.status.text()
    # Layers added later are marked too.
    mapped.settings.slider.setValue(0.3)
    qtbot.waitUntil(lambda: "Azurite (previous calibration)" in names(viewer, scan), timeout=60_000)
    mapped.run_bar.run_button.click()
    wait_for_layers(viewer, scan, {"Lead white", "Vermilion", "Azurite", "Malachite"}, qtbot)


def test_provenance_is_shown_and_saved(viewer, scan, mapped, qtbot, tmp_path):
    assert "Kind: pigments" in mapped.provenance_label.toolTip()
    enter(mapped.settings.last_year, "1700")
    qtbot.waitUntil(lambda: "1700" in mapped.provenance_label.toolTip(), timeout=60_000)
    _, pigments = results_of_metadata(layer.metadata for layer in viewer.layers)
    save_results(tmp_path / "maps.h5", pigments=pigments)
    _, again = load_results(tmp_path / "maps.h5")
    assert again.provenance["palette"]["period"] == [None, 1700]
    assert Palette.of(again.provenance["palette"]) == scan.palette
    # Hidden pigments stay in the results.
    assert again.names == scan.pigments.names


def test_the_palette_belongs_to_the_scan(viewer, scan, mapped, qtbot):
    mapped.settings.slider.setValue(0.8)
    other = add_scan(viewer, make_cube(seed=2), "other")
    qtbot.waitUntil(lambda: mapped.scan is other, timeout=60_000)
    assert mapped.settings.threshold == 0.5
    assert mapped.pigment_tree.tree.topLevelItemCount() == 0
    mapped.session.select_scan(scan)
    assert mapped.settings.threshold == pytest.approx(0.8)
    scan.set_palette(Palette(threshold=0.6, period=(1500, None)))
    assert mapped.settings.threshold == pytest.approx(0.6)
    assert mapped.settings.first_year.text() == "1500"
