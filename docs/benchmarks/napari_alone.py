"""How long the window of napari stands still by itself: a program of its own, without the plugin.

Run as ``python -m tests.benchmarks.napari_alone``; prints a table as JSON.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

os.environ.setdefault("NAPARI_CONFIG", os.path.join(tempfile.mkdtemp(), "settings.yaml"))

import napari
import numpy as np
import tifffile
from qtpy.QtWidgets import QApplication

from .window import Watcher, wait

SHAPE = (64, 96)
MANY = 40


def main() -> None:
    """Open a picture with napari's own reader, then add many, one an event-loop turn."""
    app = QApplication.instance() or QApplication([])
    watcher = Watcher()
    viewer = napari.Viewer(show=True, show_welcome_screen=False)
    viewer.window.resize(1500, 950)
    wait(500)
    picture = np.random.default_rng(0).random(SHAPE, np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.tif"
        tifffile.imwrite(path, picture)
        with watcher.step("napari alone opens a picture"):
            viewer.open(path, plugin="napari")
            wait(500)
    with watcher.step("napari alone adds forty, one a turn"):
        for _ in range(MANY):
            viewer.add_image(picture, visible=False)
            wait(0)
        wait(500)
    watcher.stop()
    viewer.close()
    app.processEvents()
    print(json.dumps({n: [g.seconds, g.without_drawing] for n, g in watcher.gaps.items()}))


if __name__ == "__main__":
    main()
