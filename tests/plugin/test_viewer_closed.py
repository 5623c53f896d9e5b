"""A viewer that is closed during a run."""

import gc

import napari

from napari_xrf_pigments.plugin.layers.sync import session_of
from napari_xrf_pigments.plugin.pigments.dock import PigmentsDock

from .acting import add_dock, add_scan
from .synthetic import FakeTiles, fake_services, make_cube


def test_closing_the_viewer_ends_a_run(qtbot, notes):
    tiles = FakeTiles(pause_s=0.2, height=1)
    viewer = napari.Viewer(show=True, show_welcome_screen=False)
    session_of(viewer).services = fake_services(tiles)
    scan = add_scan(viewer, make_cube())
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    dock = add_dock(viewer, PigmentsDock, "Pigments")
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: tiles.begun >= 2, timeout=60_000)
    gc.disable()  # the run must end before Python collects the widgets
    try:
        viewer.close()
        qtbot.waitUntil(lambda: tiles.closed, timeout=60_000)
    finally:
        gc.enable()
    assert tiles.begun < 24
    assert [text for text, severity in notes() if severity == "error"] == []
    # Finished tiles stay with the scan.
    assert scan.pigments is not None
