"""Gaps of napari alone: ``python -m docs.benchmarks._window_napari SCAN MAPS``; prints JSON.

SCAN is a scan whose total counts are the image; MAPS is a JSON object with the number of images of
each step.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import napari
import numpy as np
import tifffile
from qtpy.QtWidgets import QApplication, QTreeWidget, QVBoxLayout, QWidget

from ._event_loop import Watcher, wait


def main(scan: Path, counts: dict[str, int]) -> None:
    """Open an image with napari's own reader, then add, show and change images."""
    app = QApplication.instance() or QApplication([])
    watcher = Watcher()
    viewer = napari.Viewer(show=True, show_welcome_screen=False)
    viewer.window.resize(1500, 950)
    wait(500)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.tif"
        tifffile.imwrite(path, _totals(scan))
        with watcher.step("open the scan"):
            viewer.open(path, plugin="napari")
    image = viewer.layers[0].data
    with watcher.step("show the docks"):
        for area in ("right", "right", "bottom"):
            viewer.window.add_dock_widget(_panel(), area=area)
            wait(0)
    with watcher.step("map the elements"):
        _add(viewer, image, counts["elements"])
    with watcher.step("map the pigments"):
        _add(viewer, image, counts["pigments"])
    with watcher.step("show forty maps"):
        _add(viewer, image, counts["many"])
    with watcher.step("move the threshold"):
        for high in (0.9, 0.8, 0.7, 0.6):
            for layer in viewer.layers:
                layer.contrast_limits = (0.0, high * float(image.max()))
            wait(300)
    viewer.close()
    app.processEvents()
    print(json.dumps(watcher.gaps))


def _totals(scan: Path) -> np.ndarray:
    """Return total counts in another process, so that this one imports napari alone."""
    import subprocess

    code = (
        "import sys, numpy as np; from napari_xrf_pigments import open_cube; "
        "np.save(sys.argv[2], open_cube(sys.argv[1]).total_counts().compute().astype('f4'))"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "totals.npy"
        subprocess.run([sys.executable, "-c", code, str(scan), str(path)], check=True)
        totals: np.ndarray = np.load(path)
    return totals


def _panel() -> QWidget:
    panel = QWidget()
    QVBoxLayout(panel).addWidget(QTreeWidget())
    return panel


def _add(viewer: napari.Viewer, image: np.ndarray, count: int) -> None:
    """Add images, one per event-loop turn, hidden like maps."""
    for _ in range(count):
        viewer.add_image(image, visible=False)
        wait(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
