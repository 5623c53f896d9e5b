"""Opening scans in a real viewer: reader, drops, bad input, preferred readers."""

import os
import threading
from dataclasses import replace

import napari
import numpy as np
import pytest
from napari.settings import get_settings
from napari.utils.notifications import notification_manager
from npe2 import PluginManager
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

from napari_xrf_pigments.io import SLOW_FORMAT, open_cube
from napari_xrf_pigments.plugin import _reader as reader
from napari_xrf_pigments.plugin import dialogs, opening
from napari_xrf_pigments.plugin import preferences as preference
from napari_xrf_pigments.plugin._reader import get_reader, read
from napari_xrf_pigments.plugin.elements.dock import ElementsDock
from napari_xrf_pigments.plugin.layers.metadata import LayerInfo
from napari_xrf_pigments.plugin.layers.sync import session_of
from napari_xrf_pigments.plugin.opening import read_scan
from napari_xrf_pigments.plugin.pigments.dock import PigmentsDock
from napari_xrf_pigments.plugin.spectrum.dock import SpectrumDock
from napari_xrf_pigments.plugin.state.services import CORE

from .acting import add_dock, drop

PLUGIN = "napari-xrf-pigments"


@pytest.fixture
def counts():
    return np.random.default_rng(3).poisson(4, (6, 9, 256)).astype(np.uint16)


@pytest.fixture
def npy(tmp_path, counts):
    path = tmp_path / "scan.npy"
    np.save(path, counts)
    return path


@pytest.fixture
def pair(tmp_path, counts):
    header = (
        "key\tvalue\nwidth\t9\nheight\t6\ndepth\t256\noffset\t0\ndata-length\t2\n"
        "data-type\tunsigned\nbyte-order\tlittle-endian\nrecord-by\tvector\n"
    )
    rpl, raw = tmp_path / "pair.rpl", tmp_path / "pair.raw"
    rpl.write_text(header)
    counts.astype("<u2").tofile(raw)
    return rpl, raw


@pytest.fixture
def fresh_preferences():
    plugins = get_settings().plugins
    before = dict(plugins.extension2reader)
    preference.offered.clear()
    plugins.extension2reader = {}
    yield plugins
    plugins.extension2reader = before
    preference.offered.clear()


def snapshot(folder):
    return {path.relative_to(folder): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def test_napari_opens_a_scan_with_the_reader(viewer, session, npy, counts):
    (layer,) = viewer.open(npy, plugin=PLUGIN)
    assert layer.name == "scan"
    assert np.array_equal(layer.data, counts.sum(axis=2))
    assert LayerInfo.of(layer).scan.cube.shape == counts.shape
    assert session.scan.name == "scan"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_both_halves_of_a_pair_open_one_scan(viewer, session, pair, order, notes):
    for index in order:
        viewer.open(pair[index], plugin=PLUGIN)
    assert len(viewer.layers) == 1
    assert len(session.scans) == 1
    message, severity = notes()[-1]
    assert severity == "info"
    assert "is open already" in message


def test_an_open_scan_can_be_opened_again_by_a_button(viewer, session, pair):
    viewer.open(pair[0], plugin=PLUGIN)
    viewer.open(pair[0], plugin=PLUGIN)
    assert len(session.scans) == 1
    (text, open_again) = notification_manager.records[-1].actions[0]
    assert text == "Open again"
    open_again(None)
    assert len(session.scans) == 2


@pytest.fixture
def while_reading(monkeypatch):
    """Arrange an action in the window while a file is read for the first time."""

    def arrange(action):
        done, begun = threading.Event(), []

        def act():
            if not begun:
                # napari processes events before it reads.
                QTimer.singleShot(5, act)
                return
            try:
                action()
            finally:
                done.set()

        def slowly(path, *services):
            begun.append(path)
            if len(begun) == 1:
                assert done.wait(60)
            return read_scan(path, *services)

        for module in (opening, reader):
            monkeypatch.setattr(module, "read_scan", slowly)
        QTimer.singleShot(0, act)
        return begun

    return arrange


def open_by_napari(viewer, path):
    viewer.open(path, plugin=PLUGIN)


def open_by_menu(viewer, path):
    opening.open_paths(viewer, [path], session_of(viewer).services)


@pytest.mark.parametrize("second", [open_by_napari, open_by_menu])
@pytest.mark.parametrize("first", [open_by_napari, open_by_menu])
def test_a_scan_dropped_again_while_it_is_read_opens_once(
    viewer, session, pair, while_reading, first, second
):
    begun = while_reading(lambda: second(viewer, pair[1]))
    first(viewer, pair[0])
    assert len(begun) == 2
    assert len(viewer.layers) == len(session.scans) == 1


@pytest.mark.parametrize("second", [open_by_napari, open_by_menu])
@pytest.mark.parametrize("first", [open_by_napari, open_by_menu])
def test_maps_dropped_again_while_they_are_read_open_once(
    viewer, session, tmp_path, while_reading, first, second, qtbot
):
    path = tmp_path / "scan.dms"
    maps = np.ones((2, 3, 4), "<f4").tobytes()
    path.write_bytes(b"2\n         4         3          2\n" + maps + b"Fe-K\r\nCompton\r\n")
    begun = while_reading(lambda: second(viewer, path))
    first(viewer, path)
    assert len(begun) == 2
    # All maps except the first are added one per turn of the event loop.
    qtbot.waitUntil(lambda: len(viewer.layers) > 1, timeout=10_000)
    qtbot.wait(100)
    assert [layer.name for layer in viewer.layers] == ["Fe K", "Compton"]


@pytest.mark.parametrize("open_", [open_by_napari, open_by_menu])
def test_a_viewer_closed_while_a_scan_is_read_gets_no_layers(
    qapp, npy, while_reading, open_, notes
):
    closing = napari.Viewer(show=True, show_welcome_screen=False)
    session_of(closing)
    while_reading(closing.close)
    open_(closing, npy)
    assert len(closing.layers) == 0
    assert [text for text, severity in notes() if severity == "error"] == []


@pytest.mark.parametrize("kind", [ElementsDock, PigmentsDock, SpectrumDock])
def test_every_dock_accepts_dropped_files(viewer, session, qtbot, pair, kind, counts):
    dock = add_dock(viewer, kind)
    assert drop(dock, *pair)
    qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=60_000)
    QApplication.processEvents()
    assert len(viewer.layers) == 1
    assert np.array_equal(viewer.layers[0].data, counts.sum(axis=2))
    assert dock.scan_bar.combo.currentText() == "pair"


def test_a_dock_rejects_a_drop_without_files(viewer, session):
    assert not drop(add_dock(viewer, ElementsDock))


BAD = {
    "not_a_scan.rpl": b"Dear diary, today I scanned a painting.\n",
    "no_hdf5.h5": b"this is no HDF5 file at all",
    "image.npy": None,
    "empty.rpl": b"",
    "letters.mca": b"\x00\x01\x02",
}


@pytest.fixture(params=sorted(BAD))
def bad(request, tmp_path):
    path = tmp_path / request.param
    if BAD[request.param] is None:
        np.save(path, np.zeros((4, 4)))
    else:
        path.write_bytes(BAD[request.param])
    return path


def one_sentence(notes):
    (note,) = notes
    message, severity = note
    return severity == "error" and "\n" not in message and message.endswith(".") and message


def test_bad_input_gives_one_error_message(viewer, session, bad, notes):
    before = snapshot(bad.parent)
    assert viewer.open(bad, plugin=PLUGIN) == []
    message = one_sentence(notes())
    assert bad.stem in message
    assert "Traceback" not in message
    assert len(viewer.layers) == 0
    assert snapshot(bad.parent) == before


def test_bad_input_dropped_on_a_dock_gives_the_same_message(viewer, session, bad, qtbot, notes):
    before = snapshot(bad.parent)
    drop(add_dock(viewer, PigmentsDock), bad)
    qtbot.waitUntil(lambda: bool(notes()), timeout=60_000)
    assert bad.stem in one_sentence(notes())
    assert len(viewer.layers) == 0
    assert snapshot(bad.parent) == before


def test_a_folder_without_spectra_gives_one_error_message(viewer, session, tmp_path, notes):
    (tmp_path / "letters").mkdir()
    viewer.open(tmp_path / "letters", plugin=PLUGIN)
    assert one_sentence(notes())


def test_a_truncated_scan_gives_one_error_message(viewer, session, pair, notes):
    rpl, raw = pair
    raw.write_bytes(raw.read_bytes()[:1000])
    viewer.open(rpl, plugin=PLUGIN)
    assert one_sentence(notes())
    assert len(viewer.layers) == 0


def test_paths_that_do_not_exist_have_no_reader():
    assert get_reader("/nowhere/scan.rpl") is None
    assert get_reader([]) is None


def test_a_dropped_stack_with_both_halves_is_one_scan(viewer, session, pair):
    assert len(read([str(path) for path in pair])) == 1


def test_paths_with_several_readers_are_recognised(tmp_path, npy, pair):
    assert preference.has_several_readers(npy)
    assert preference.has_several_readers(tmp_path)
    assert not preference.has_several_readers(pair[0])


def test_the_preferred_reader_is_offered_once_and_stored(viewer, npy, fresh_preferences, notes):
    assert preference.offer_preferred_reader(npy)
    assert not preference.offer_preferred_reader(npy)
    assert "Always open .npy files as XRF scans?" in notes()[-1][0]
    preference.prefer_this_reader(preference.pattern_of(npy))
    assert get_settings().plugins.extension2reader == {"*.npy": PLUGIN}
    preference.offered.clear()
    assert not preference.offer_preferred_reader(npy)


def test_napari_uses_the_preferred_reader(viewer, session, npy, fresh_preferences):
    preference.prefer_this_reader(preference.pattern_of(npy))
    (layer,) = viewer.open(npy, plugin=None)
    assert LayerInfo.of(layer).scan is not None


def test_the_preferred_reader_of_a_folder_applies_to_the_folders_beside_it(
    tmp_path, fresh_preferences
):
    from napari.plugins.utils import get_preferred_reader

    scans, elsewhere = tmp_path / "scans", tmp_path / "photos"
    for folder in (scans / "one", scans / "two", elsewhere / "three"):
        folder.mkdir(parents=True)
    assert preference.pattern_of(scans / "one").endswith(f"scans{os.sep}*{os.sep}")
    preference.prefer_this_reader(preference.pattern_of(scans / "one"))
    assert get_preferred_reader(scans / "two") == PLUGIN
    assert get_preferred_reader(elsewhere / "three") is None


def test_nothing_is_offered_where_napari_does_not_ask(pair, fresh_preferences, notes):
    assert not preference.offer_preferred_reader(pair[0])
    assert notes() == []


def test_saved_maps_open_again(viewer, session, tmp_path, counts, qtbot):
    from napari_xrf_pigments import ElementMaps
    from napari_xrf_pigments.io import save_results

    maps = ElementMaps(
        ("Fe K", "Pb L"), np.ones((2, 6, 9), np.float32), np.ones((2, 6, 9), np.float32), (0.5, 0.5)
    )
    save_results(tmp_path / "maps.h5", elements=maps)
    viewer.open(tmp_path / "maps.h5", plugin=PLUGIN)
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=60_000)
    assert [layer.name for layer in viewer.layers] == ["Fe K", "Pb L"]
    assert tuple(viewer.layers[0].scale) == (0.5, 0.5)


def test_the_manifest_lists_suffixes_and_docks():
    manifest = PluginManager.instance().get_manifest(PLUGIN)
    (reader,) = manifest.contributions.readers
    assert reader.accepts_directories
    assert all(pattern.startswith("*.") for pattern in reader.filename_patterns)
    assert {w.display_name for w in manifest.contributions.widgets} >= {
        "Elements",
        "Pigments",
        "Spectrum",
    }


def test_for_a_slow_format_a_copy_is_offered(
    viewer, session, npy, counts, tmp_path, monkeypatch, qtbot, notes
):
    slow = open_cube(npy)
    slow = replace(slow, source=replace(slow.source, notes=(*slow.source.notes, SLOW_FORMAT)))
    session_of(viewer).services = replace(CORE, open_cube=lambda path: slow)
    open_by_menu(viewer, npy)
    ((message, severity),) = notes()
    assert severity == "info"
    assert "slow to read" in message
    (button, save_copy) = notification_manager.records[-1].actions[0]
    assert button == "Save a copy..."
    target = tmp_path / "copies" / "scan"
    target.parent.mkdir()
    monkeypatch.setattr(dialogs, "ask_save", lambda *words: (target, ".zarr"))
    save_copy(None)
    qtbot.waitUntil(
        lambda: any("Saved as scan.zarr" in text for text, _ in notes()), timeout=60_000
    )
    np.testing.assert_array_equal(open_cube(target.with_suffix(".zarr")).counts, counts)


def test_for_a_fast_format_there_is_no_notification(viewer, session, npy, notes):
    open_by_menu(viewer, npy)
    assert notes() == []
