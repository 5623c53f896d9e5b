"""The commands for sessions in the menu, to which napari passes a proxy of the viewer."""

from __future__ import annotations

import json
import warnings
import zipfile
from pathlib import Path

import pytest
from napari.utils._proxies import PublicOnlyProxy

from napari_xrf_pigments.cube.cube import Source
from napari_xrf_pigments.plugin import commands, dialogs
from napari_xrf_pigments.plugin.docks.window import our_docks
from napari_xrf_pigments.plugin.elements.dock import ElementsDock
from napari_xrf_pigments.plugin.layers.sync import session_of
from napari_xrf_pigments.plugin.state.rows import ElementRow

from ..acting import add_scan
from ..synthetic import FakeTiles, fake_services, make_cube


@pytest.fixture
def scan(viewer, tmp_path):
    path = tmp_path / "panel.h5"
    path.write_bytes(b"x" * 10)
    cube = make_cube()
    object.__setattr__(cube, "source", Source(path, "HDF5", 10, 0.0))
    return add_scan(viewer, cube, "panel")


@pytest.fixture
def offered(monkeypatch):
    """Return the names offered by save dialogs, which are accepted as they are."""
    names = []

    def ask(title, name, filters):
        names.append(name)
        return Path(name), next(iter(filters.values()))

    monkeypatch.setattr(dialogs, "ask_save", ask)
    return names


def test_a_session_saved_from_the_menu_restores_docks(viewer, scan, offered, tmp_path, qtbot):
    dock = ElementsDock(viewer)
    viewer.window.add_dock_widget(dock, name="Elements (XRF Pigments)", area="right")
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)  # napari's, of private names
        commands.save_session_as(PublicOnlyProxy(viewer))
    target = tmp_path / "panel.xrfsession"
    qtbot.waitUntil(target.exists, timeout=180_000)
    with zipfile.ZipFile(target) as file:
        document = json.loads(file.read("session.json"))
    assert [state["title"] for state in document["docks"]] == ["Elements"]
    viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(lambda: not our_docks(viewer), timeout=180_000)
    viewer.layers.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        commands.replace_by_session(PublicOnlyProxy(viewer), target)
        qtbot.waitUntil(lambda: "Elements" in our_docks(viewer), timeout=180_000)
        qtbot.waitUntil(lambda: len(viewer.layers) > 0, timeout=180_000)


def test_save_dialogs_start_beside_the_scan(viewer, scan, offered, tmp_path):
    assert commands.path_beside(scan, "panel.html") == str(tmp_path / "panel.html")


def test_without_a_file_a_save_dialog_starts_with_the_bare_name(viewer):
    assert commands.path_beside(add_scan(viewer, make_cube()), "a.html") == "a.html"
    assert commands.path_beside(None, "a.html") == "a.html"


def test_docks_of_a_session_are_those_of_the_menus(viewer, scan, offered, tmp_path, qtbot):
    ended = []
    commands.open_docks(viewer, lambda: ended.append(True))
    qtbot.waitUntil(lambda: bool(ended), timeout=180_000)
    names = sorted(viewer.window.dock_widgets)
    commands.save_session_as(viewer)
    target = tmp_path / "panel.xrfsession"
    qtbot.waitUntil(target.exists, timeout=180_000)
    for dock in list(our_docks(viewer).values()):
        viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(lambda: not our_docks(viewer), timeout=180_000)
    viewer.layers.clear()
    commands.replace_by_session(viewer, target)
    qtbot.waitUntil(lambda: len(our_docks(viewer)) == 4, timeout=180_000)
    assert sorted(viewer.window.dock_widgets) == names
    commands.open_docks(viewer, lambda: ended.append(True))
    qtbot.waitUntil(lambda: len(ended) == 2, timeout=180_000)
    assert sorted(viewer.window.dock_widgets) == names


def test_found_elements_are_restored_with_significance_and_lines(
    viewer, scan, offered, tmp_path, qtbot
):
    rows = (ElementRow("Hg L", ("Hg L", "Hg M"), 334.0), ElementRow("Cu K", ("Cu K",)))
    scan.element_rows = rows
    dock = ElementsDock(viewer)
    viewer.window.add_dock_widget(dock, name="Elements (XRF Pigments)", area="right")
    assert dock.elements.names() == ("Hg L", "Cu K")
    session_of(viewer).services = fake_services(FakeTiles(), open_cube=lambda path: scan.cube)
    commands.save_session_as(viewer)
    target = tmp_path / "panel.xrfsession"
    qtbot.waitUntil(target.exists, timeout=180_000)
    viewer.layers.clear()
    commands.replace_by_session(viewer, target)
    qtbot.waitUntil(lambda: session_of(viewer).scan not in (None, scan), timeout=180_000)
    assert session_of(viewer).scan.element_rows == rows
    qtbot.waitUntil(lambda: dock.elements.names() == ("Hg L", "Cu K"), timeout=180_000)
