"""Fixtures: one real viewer per module, scans and stand-ins for slow functions."""

from __future__ import annotations

import os
import tempfile
from types import SimpleNamespace

# Before napari is imported: tests must not read or change the settings of the user.
os.environ["NAPARI_CONFIG"] = os.path.join(tempfile.mkdtemp(prefix="napari-settings-"), "s.yaml")

import napari
import pytest
from napari.settings import get_plugin_settings
from napari.utils.notifications import notification_manager

from napari_xrf_pigments.plugin.layers.sync import session_of
from napari_xrf_pigments.plugin.state.services import CORE
from tests.software_rendering import keep_shader_programs

from .acting import add_scan
from .synthetic import FakeTiles, fake_services, make_cube

keep_shader_programs()


@pytest.fixture(scope="session", autouse=True)
def docks_on_request():
    """Docks that do not open by themselves with a scan, so that tests open those they need."""
    get_plugin_settings("napari-xrf-pigments").maps.open_docks = False


@pytest.fixture(scope="module")
def shared_viewer(qapp):
    """One real viewer for the tests of a module."""
    viewer = napari.Viewer(show=True, show_welcome_screen=False)
    viewer.window.resize(1400, 900)
    yield viewer
    viewer.close()


@pytest.fixture
def tiles():
    """The stand-in for the slow functions."""
    return FakeTiles()


@pytest.fixture
def viewer(shared_viewer, tiles):
    """The viewer of the module, empty, with a session of its own."""
    shared_viewer.layers.clear()
    session = session_of(shared_viewer)
    session.services = fake_services(tiles)
    yield shared_viewer
    shared_viewer.window.remove_dock_widget("all")
    shared_viewer.layers.clear()


@pytest.fixture
def scan(viewer, qtbot):
    """A scan in the viewer whose pixels are higher than wide, its energy axis checked."""
    scan = add_scan(viewer, make_cube(pixel_mm=(0.5, 0.25)))
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    return scan


@pytest.fixture
def session(viewer):
    """A session that opens files, with stand-ins for the slow functions of the core."""
    session = session_of(viewer)
    session.services = SimpleNamespace(**{**vars(session.services), "open_cube": CORE.open_cube})
    return session


@pytest.fixture
def notes():
    """Messages and severities of the notifications of one test."""
    notification_manager.records.clear()

    def read() -> list[tuple[str, str]]:
        return [(note.message, str(note.severity)) for note in notification_manager.records]

    return read
