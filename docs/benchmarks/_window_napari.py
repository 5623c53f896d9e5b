"""Gaps of napari alone, as JSON: ``python -m docs.benchmarks._window_napari SCAN MAPS [all]``.

SCAN is a scan whose total counts are the image; MAPS is a JSON object with the numbers of hidden
and visible images of each step. With "all" they are added in one step, as a session is opened.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import napari
import numpy as np
import tifffile
from napari.layers import Points
from napari.utils import Colormap
from qtpy.QtWidgets import QApplication, QTreeWidget, QVBoxLayout, QWidget

from ._event_loop import Watcher, wait


def main(scan: Path, counts: dict[str, list[int]], in_one_step: bool) -> None:
    """Open an image with napari's own reader, then add, show and change images."""
    app = QApplication.instance() or QApplication([])
    watcher = Watcher()
    viewer = napari.Viewer(show=True, show_welcome_screen=False)
    viewer.window.resize(1500, 950)
    wait(500)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.tif"
        tifffile.imwrite(path, _totals(scan))
        if in_one_step:
            with watcher.step("open the session in a fresh program"):
                viewer.open(path, plugin="napari")
                _add_docks(viewer)
                _add_points(viewer)
                for hidden, visible in counts.values():
                    _add(viewer, viewer.layers[0].data, hidden, visible)
        else:
            _walk(viewer, watcher, path, counts)
    viewer.close()
    app.processEvents()
    print(json.dumps(watcher.gaps))


def _walk(
    viewer: napari.Viewer, watcher: Watcher, path: Path, counts: dict[str, list[int]]
) -> None:
    with watcher.step("open the scan"):
        viewer.open(path, plugin="napari")
    image = viewer.layers[0].data
    with watcher.step("show the docks"):
        _add_docks(viewer)
    with watcher.step("map the elements"):
        _add(viewer, image, *counts["elements"])
    with watcher.step("map the pigments"):
        _add(viewer, image, *counts["pigments"])
    with watcher.step("click five pixels"):
        points = _add_points(viewer)
        for share in (0.2, 0.35, 0.5, 0.65, 0.8):
            points.data = [[share * image.shape[0], share * image.shape[1]]]
            wait(400)
    with watcher.step("show forty maps"):
        _add(viewer, image, *counts["many"])
    with watcher.step("move the threshold"):
        for threshold in (0.3, 0.5, 0.7, 0.5):
            for number, layer in enumerate(viewer.layers):
                if layer is not points:
                    layer.colormap = _colours(number, threshold)
            wait(300)


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


def _add_docks(viewer: napari.Viewer) -> None:
    for area in ("right", "right", "bottom"):
        viewer.window.add_dock_widget(_panel(), area=area)
        wait(0)


def _add_points(viewer: napari.Viewer) -> Points:
    return viewer.add_points([[0, 0]], symbol="disc", face_color="transparent")


def _panel() -> QWidget:
    panel = QWidget()
    QVBoxLayout(panel).addWidget(QTreeWidget())
    return panel


def _add(viewer: napari.Viewer, image: np.ndarray, hidden: int, visible: int) -> None:
    """Add images, one per turn of the event loop, in colours as maps have them."""
    for number in range(hidden + visible):
        viewer.add_image(
            image,
            visible=number >= hidden,
            blending="additive",
            colormap=_colours(number, 0.5),
            name=f"{number}",
        )
        wait(0)


def _colours(number: int, threshold: float) -> Colormap:
    """Return the colormap of a map: transparent up to a threshold."""
    colour = np.array([1, number % 5 / 4, number % 3 / 2])
    return Colormap(
        [[0, 0, 0, 0], [0, 0, 0, 0], [*(0.45 * colour), 1], [*colour, 1]],
        controls=[0, threshold - 0.001, threshold, 1],
        name=f"{number} over {threshold}",
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]), "all" in sys.argv[3:])
