"""How long the window stands still while a saved session comes back, in a fresh program.

Run as ``python -m tests.benchmarks.session_again FILE``; prints a table as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("NAPARI_CONFIG", os.path.join(tempfile.mkdtemp(), "settings.yaml"))

import napari
from qtpy.QtWidgets import QApplication

from .window import Watcher, wait


def main(path: Path) -> None:
    """Open a session as whoever comes back the next day does."""
    app = QApplication.instance() or QApplication([])
    watcher = Watcher()
    viewer = napari.Viewer(show=True, show_welcome_screen=False)
    viewer.window.resize(1500, 950)
    wait(500)
    with watcher.step("open the session in a fresh program"):
        viewer.open(path, plugin="napari-xrf-pigments")
        until_it_rests(viewer)
    watcher.stop()
    viewer.close()
    app.processEvents()
    print(json.dumps({n: [g.seconds, g.without_drawing] for n, g in watcher.gaps.items()}))


def until_it_rests(viewer: napari.Viewer) -> None:
    """Wait until layers and docks are there and no more come for a second."""
    seen, since = (0, 0), 0
    for _ in range(600):
        wait(100)
        now = len(viewer.layers), len(viewer.window.dock_widgets)
        since = since + 1 if now == seen and all(now) else 0
        seen = now
        if since == 10:
            return
    raise SystemExit("The session did not come back within a minute.")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
