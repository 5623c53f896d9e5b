"""Element maps of other programs as layers; photographs are left to napari."""

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from npe2 import PluginManager
from qtpy.QtWidgets import QApplication

from napari_xrf_pigments.io import load_maps
from napari_xrf_pigments.pigments import display
from napari_xrf_pigments.plugin._reader import read
from napari_xrf_pigments.plugin.layers.metadata import LayerInfo
from napari_xrf_pigments.plugin.layers.specs import element_specs
from napari_xrf_pigments.plugin.opening import open_paths, read_scan

from .acting import drop

PLUGIN = "napari-xrf-pigments"
MAPS = np.arange(24, dtype="<f4").reshape(2, 3, 4)


@pytest.fixture
def dms(tmp_path):
    path = tmp_path / "scan.dms"
    names = b"Fe-K\r\nCompton\r\n"
    path.write_bytes(b"2\n         4         3          2\n" + MAPS.tobytes() + names)
    return path


def test_maps_become_layers_of_which_one_is_visible(dms):
    layers = read_scan(dms)
    assert [settings["name"] for _, settings, _ in layers] == ["Fe K", "Compton"]
    assert sum(settings["visible"] for _, settings, _ in layers) == 1
    for (data, settings, kind), image in zip(layers, MAPS, strict=True):
        assert kind == "image" and LayerInfo.from_metadata(settings["metadata"]).kind == "element"
        np.testing.assert_array_equal(data, image)


def test_without_standard_deviations_no_line_is_significant(dms):
    from napari_xrf_pigments.plugin.state.results import ElementResults

    results = ElementResults.from_maps(load_maps(dms))
    assert results.significant(2, 3) == ()
    assert [spec.name for spec in element_specs(results)] == ["Fe K", "Compton"]


def test_a_map_of_no_element_is_grey():
    assert display.element_colour("Compton") == display.element_colour("") == "#b0b0b0"
    assert display.element_colour("Fe K") != "#b0b0b0"


def test_napari_adds_the_first_map_and_the_others_are_added_later(viewer, dms, qtbot):
    layers = viewer.open(dms, plugin=PLUGIN)
    assert [layer.name for layer in layers] == ["Fe K"]
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=60_000)
    assert [layer.name for layer in viewer.layers] == ["Fe K", "Compton"]
    assert viewer.layers.selection.active is layers[0]


def test_a_viewer_without_a_window_gets_all_maps_at_once(dms, monkeypatch):
    model = ViewerModel()
    monkeypatch.setattr("napari.current_viewer", lambda: model)
    assert [settings["name"] for _, settings, _ in read(str(dms))] == ["Fe K", "Compton"]


@pytest.mark.parametrize("name", ["photo.tif", "photo.tiff", "photo.jpg", "photo.png", "table.csv"])
def test_suffixes_of_images_and_tables_are_not_claimed(name):
    readers = PluginManager.instance().iter_compatible_readers([f"/nowhere/{name}"])
    assert PLUGIN not in {reader.plugin_name for reader in readers}


@pytest.mark.parametrize("name", ["a.bcf", "a.pdz", "a.edf", "a.hdr", "a.BIL", "a.dms"])
def test_suffixes_of_scans_and_maps_are_claimed(name):
    readers = PluginManager.instance().iter_compatible_readers([f"/nowhere/{name}"])
    assert PLUGIN in {reader.plugin_name for reader in readers}


def test_a_photograph_gives_one_error_message(viewer, tmp_path, notes):
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, np.zeros((20, 30, 3), np.uint8), photometric="rgb")
    assert read(str(path)) == [(None,)]
    ((message, severity),) = notes()
    assert severity == "error" and "holds an image" in message and "\n" not in message


def test_maps_from_the_menu_are_added_one_per_turn_of_the_event_loop(viewer, dms, qtbot):
    """A file of forty maps must not block the window for seconds."""
    assert open_paths(viewer, [dms]) == [dms]
    assert len(viewer.layers) == 0
    qtbot.waitUntil(lambda: len(viewer.layers) == 2)
    assert [layer.name for layer in viewer.layers] == ["Fe K", "Compton"]
    assert {LayerInfo.of(layer).path for layer in viewer.layers} == {dms}


@pytest.mark.parametrize("name", ["notes.txt", "table.dat"])
def test_a_dropped_text_that_is_no_scan_gives_one_sentence(viewer, tmp_path, notes, name):
    path = tmp_path / name
    path.write_text("Dear colleague, the scan is on the other disk.\n")
    drop(viewer.window._qt_viewer, path)
    QApplication.processEvents()
    assert len(notes()) == 1
    text, severity = notes()[0]
    assert severity == "error"
    assert text.startswith(name)
    assert "\n" not in text
