"""Gap of an opened session: ``python -m docs.benchmarks._window_session SESSION`` prints JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import napari
from qtpy.QtWidgets import QApplication

from ._event_loop import Watcher, wait


def main(path: Path) -> None:
    """Open a session in a fresh program."""
    app = QApplication.instance() or QApplication([])
    watcher = Watcher()
    viewer = napari.Viewer(show=True, show_welcome_screen=False)
    viewer.window.resize(1500, 950)
    wait(500)
    saved = next(path.parent.glob(f"{path.name}*.xrfsession"))
    with watcher.step("open the session in a fresh program"):
        viewer.open(saved, plugin="napari-xrf-pigments")
        _until_complete(viewer)
    viewer.close()
    app.processEvents()
    print(json.dumps(watcher.gaps))


def _until_complete(viewer: napari.Viewer) -> None:
    """Wait until no layer and no dock has been added for a second."""
    before, unchanged = (0, 0), 0
    for _ in range(600):
        wait(100)
        now = len(viewer.layers), len(viewer.window.dock_widgets)
        unchanged = unchanged + 1 if now == before and all(now) else 0
        before = now
        if unchanged == 10:
            return
    raise SystemExit("The session did not open within a minute.")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
