"""Make the pictures of the pages on the Elements, Pigments and Teach docks, one function each.

Without a display: ``xvfb-run -a -s "-screen 0 1920x1200x24" python docs/make_dock_screenshots.py``.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).parent / "images"
PLUGIN = "napari-xrf-pigments"
WIDTH, HEIGHT = 1500, 950


def elements_dock(viewer: Any, dock: Any) -> None:
    """Show a composite of three maps."""
    dock.run()
    _wait(lambda: dock.scan.elements is not None and not dock.busy)
    tools = dock.tools
    tools.setCurrentWidget(tools.composite_bar)
    for box, name in zip(tools.composite_bar.boxes, ("Hg L", "Pb L", "Cu K"), strict=False):
        box.setCurrentText(name)
        box.activated.emit(box.currentIndex())
    _wait(lambda: any(layer.name == "Hg L + Pb L + Cu K" for layer in viewer.layers))
    _wait(lambda: not tools.busy)
    _save(viewer, "elements_dock.png")


def pigments_dock(viewer: Any, dock: Any) -> None:
    """Pigments of a painting of the seventeenth century."""
    dock.run()
    _wait(lambda: dock.scan.pigments is not None and not dock.busy)
    dock.settings.first_year.setText("1600")
    dock.settings.last_year.setText("1700")
    dock.settings.last_year.editingFinished.emit()
    _wait(lambda: bool(dock.hidden_bar.sentence.text()) and not dock.busy)
    _save(viewer, "pigments_dock.png")


def teach_dock(viewer: Any, dock: Any) -> None:
    """Somebody knows that the sky is azurite and the meadow is not."""
    for kind, strokes in ((True, _SKY), (False, _MEADOW)):
        dock.add_label("azurite", kind)
        for rows, columns in strokes:
            dock._layer.data[rows, columns] = dock.table.rows[-1].value
    dock._layer.refresh()
    dock._count()
    dock.run()
    _wait(lambda: dock.fine_tuned is not None and not dock.running)
    _save(viewer, "teach_dock.png")


#: Rows and columns that are painted as azurite, and as something else, in the sample painting.
_SKY = ((slice(5, 12), slice(36, 44)), (slice(20, 26), slice(4, 12)), (slice(4, 9), slice(80, 92)))
_MEADOW = ((slice(57, 62), slice(4, 16)), (slice(58, 62), slice(30, 40)))


def main() -> None:
    """Make the pictures from the sample painting."""
    # The pictures show napari as it is when it is new, and change nobody's settings.
    os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")
    import napari

    from napari_xrf_pigments.plugin.elements.dock import ElementsDock
    from napari_xrf_pigments.plugin.fine_tuning.dock import TeachDock
    from napari_xrf_pigments.plugin.layers.sync import session_of
    from napari_xrf_pigments.plugin.pigments.dock import PigmentsDock

    viewer = napari.Viewer(show=True, show_welcome_screen=False)
    viewer.window.resize(WIDTH, HEIGHT)
    viewer.open_sample(PLUGIN, "hidden_layer")
    for kind, title, make in (
        (ElementsDock, "Elements", elements_dock),
        (PigmentsDock, "Pigments", pigments_dock),
        (TeachDock, "Teach pigments", teach_dock),
    ):
        dock = kind(viewer)
        viewer.window.add_dock_widget(dock, name=title, area="right")
        scan = session_of(viewer).scan
        _wait(lambda scan=scan: scan is not None and scan.checked)
        make(viewer, dock)
        viewer.window.remove_dock_widget(dock)
    viewer.close()


def _wait(condition: Callable[[], bool], seconds: float = 600.0) -> None:
    """Let napari work until a condition holds."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        QApplication.processEvents()
        time.sleep(0.01)


def _save(viewer: Any, name: str) -> None:
    """Write what the window shows."""
    import numpy as np
    from PIL import Image

    viewer.reset_view()
    _wait(lambda: False, seconds=2.0)
    picture = np.asarray(viewer.screenshot(canvas_only=False, flash=False))
    IMAGES.mkdir(exist_ok=True)
    Image.fromarray(picture).convert("RGB").save(IMAGES / name, optimize=True)


if __name__ == "__main__":
    main()
