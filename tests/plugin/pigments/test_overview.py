"""The overview in a real viewer: composite, legend, contact sheet, and the way back to them."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_xrf_pigments.plugin import commands
from napari_xrf_pigments.plugin.layers.legend import legend_of
from napari_xrf_pigments.plugin.layers.metadata import map_layers
from napari_xrf_pigments.plugin.layers.rendering import is_flat_image
from napari_xrf_pigments.plugin.layers.sync import select_pixel_at

from .test_dock import choose_row


def visible(viewer):
    return {layer.name for layer in viewer.layers if layer.visible}


def wait_until_shown(viewer, dock, names, qtbot):
    qtbot.waitUntil(lambda: not dock.busy and visible(viewer) == names, timeout=60_000)


OVERVIEW = {"Overview", "Legend"}


def test_a_run_ends_with_the_overview_and_its_legend(viewer, scan, mapped):
    assert visible(viewer) == OVERVIEW
    legend, overview = legend_of(viewer, scan), viewer.layers["Overview"]
    colours = {tuple(colour) for colour in legend.data.reshape(-1, 4)[:, :3]}
    for name in ("Lead white", "Vermilion", "Copper pigments"):
        colour = np.round(255 * viewer.layers[name].colormap.colors[-1][:3])
        assert tuple(colour) in colours
    # Beside the picture, without an overlap.
    assert legend.extent.world[0][1] > overview.extent.world[1][1]
    assert viewer.canvas.overlays.scale_bar.visible


def test_the_legend_is_in_exported_pictures(viewer, mapped):
    figure = viewer.export_figure(flash=False)
    beside = figure[:, int(0.8 * figure.shape[1]) :, :3]
    assert len(np.unique(beside.reshape(-1, 3), axis=0)) > 10


def test_the_legend_is_readable_in_both_themes(viewer, scan, mapped, qtbot):
    def ink():
        image = legend_of(viewer, scan).data
        return image[image[..., 3] == 0][0, :3].mean()

    viewer.theme = "light"
    qtbot.waitUntil(lambda: ink() < 60, timeout=10_000)
    viewer.theme = "dark"
    qtbot.waitUntil(lambda: ink() > 200, timeout=10_000)


@pytest.mark.parametrize(
    ("kind", "name", "title"),
    [("pigment", "vermilion", "Vermilion"), ("group", "copper", "Copper pigments")],
)
def test_a_row_shows_its_map_and_overview_goes_back(viewer, mapped, qtbot, kind, name, title):
    choose_row(mapped, name, qtbot, kind)
    wait_until_shown(viewer, mapped, {title}, qtbot)
    assert mapped.run_bar.status.text() == f"Shown: {title}, brightness: probability."
    layer = viewer.layers[title]
    assert layer.name_overlay.visible
    assert layer.colorbar.visible
    QTest.mouseClick(mapped.overview_button, Qt.MouseButton.LeftButton)
    wait_until_shown(viewer, mapped, OVERVIEW, qtbot)
    assert mapped.run_bar.status.text() == "Shown: all pigments in one picture."
    assert mapped.pigment_tree.selected is None


def test_a_group_whose_members_are_told_apart_is_shown_on_demand(viewer, scan, mapped, qtbot):
    mapped.settings.slider.setValue(0.38)
    qtbot.waitUntil(
        lambda: ("group", "copper") not in map_layers(viewer, scan, {"group"}), timeout=60_000
    )
    choose_row(mapped, "copper", qtbot, "group")
    wait_until_shown(viewer, mapped, {"Copper pigments"}, qtbot)
    mapped.settings.slider.setValue(0.37)
    qtbot.wait(200)
    wait_until_shown(viewer, mapped, {"Copper pigments"}, qtbot)


def test_arrow_keys_show_maps(viewer, mapped, qtbot):
    choose_row(mapped, "vermilion", qtbot)
    wait_until_shown(viewer, mapped, {"Vermilion"}, qtbot)
    QTest.keyClick(mapped.pigment_tree.tree, Qt.Key.Key_Down)
    wait_until_shown(viewer, mapped, {"Copper pigments"}, qtbot)


def test_the_contact_sheet_has_all_maps_and_a_click_shows_one(viewer, scan, mapped, qtbot):
    mapped.tabs.setCurrentWidget(mapped.contact_sheet)
    qtbot.waitUntil(lambda: not mapped.busy, timeout=60_000)
    sheet = mapped.contact_sheet
    assert sheet.keys[0] == ("overview", "pigments")
    maps = {("pigment", "vermilion"), ("group", "copper"), ("counts", "total")}
    assert maps < set(sheet.keys)
    item = sheet.view.item(sheet.keys.index(("pigment", "vermilion")))
    assert not item.icon().isNull()
    centre = sheet.view.visualItemRect(item).center()
    QTest.mouseClick(sheet.view.viewport(), Qt.MouseButton.LeftButton, pos=centre)
    wait_until_shown(viewer, mapped, {"Vermilion"}, qtbot)


def test_a_key_shows_the_overview(viewer, mapped, qtbot):
    choose_row(mapped, "vermilion", qtbot)
    wait_until_shown(viewer, mapped, {"Vermilion"}, qtbot)
    commands.overview(viewer)
    wait_until_shown(viewer, mapped, OVERVIEW, qtbot)


def test_the_picture_follows_the_settings(viewer, mapped, qtbot):
    before = viewer.layers["Overview"].data
    mapped.settings.ground_box.setChecked(False)
    qtbot.waitUntil(lambda: (viewer.layers["Overview"].data != before).any(), timeout=60_000)
    state = mapped.save_state()
    assert (state["brightness"], state["fade"], state["ground_last"]) == ("signal", 5, False)
    mapped.settings.ground_box.setChecked(True)
    mapped.restore_state(state)
    assert not mapped.settings.ground_last


def test_the_legend_is_neither_a_map_nor_a_part_of_the_scan(viewer, scan, mapped):
    legend = legend_of(viewer, scan)
    assert not is_flat_image(legend)
    centre = legend.extent.world.mean(axis=0)
    assert not select_pixel_at(viewer, tuple(centre))
