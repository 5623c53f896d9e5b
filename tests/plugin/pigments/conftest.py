"""The Pigments dock in a viewer with a scan, before and after a run."""

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_xrf_pigments.plugin.pigments.dock import PigmentsDock

from ..acting import add_dock, add_scan
from ..synthetic import make_cube


@pytest.fixture
def scan(viewer, qtbot):
    scan = add_scan(viewer, make_cube())
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    return scan


@pytest.fixture
def dock(viewer):
    return add_dock(viewer, PigmentsDock, "Pigments")


@pytest.fixture
def mapped(scan, dock, qtbot):
    """The dock after a run."""
    QTest.mouseClick(dock.run_bar.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: scan.pigments is not None, timeout=60_000)
    qtbot.waitUntil(lambda: not dock.busy, timeout=60_000)
    return dock
