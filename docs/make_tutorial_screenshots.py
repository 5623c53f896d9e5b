"""Walk through the tutorial in the running program, picture by picture, to the report.

Every step is what the page tells a reader to do. Without a display:
``bash .ci/display python docs/make_tutorial_screenshots.py``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import make_screenshots as common

IMAGES = Path(__file__).parent / "images"
#: In the sample painting: the fruit under the cloud, and two corners of a piece of the robe.
FRUIT, ROBE = (22, 19), ((44, 52), (54, 57))


class Walk:
    """A reader of the tutorial at the mouse.

    Parameters
    ----------
    folder : Path
        Where the painting and the report are written.
    images : Path
        Where the pictures are written.
    """

    def __init__(self, folder: Path, images: Path) -> None:
        import napari

        self.folder, self.images = folder, images
        self.viewer = napari.Viewer(show=True, show_welcome_screen=False)
        self.viewer.window.resize(1500, 950)

    @property
    def scan(self) -> Any:
        """The scan that is worked on."""
        from napari_xrf_pigments.plugin.layers.sync import session_of

        return session_of(self.viewer).scan

    def dock(self, name: str) -> Any:
        """Return a dock and raise it above its siblings."""
        dock = self.viewer.window.dock_widgets[f"{name} (XRF Pigments)"]
        dock.parent().raise_()
        return dock

    def click(self, button: Any) -> None:
        """Click a button with the mouse."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def place(self, pixel: tuple[int, int]) -> Any:
        """Where a pixel of the scan lies on the canvas."""
        from qtpy.QtCore import QPoint

        camera, native = self.viewer.scene.camera, self.viewer.window._qt_viewer.canvas.native
        size = self.scan.cube.pixel_mm or (1.0, 1.0)
        down, right = (
            (at * length - centre) * camera.zoom
            for at, length, centre in zip(pixel, size, camera.center[-2:], strict=True)
        )
        return QPoint(round(native.width() / 2 + right), round(native.height() / 2 + down))

    def save(self, name: str) -> None:
        """Write what the window shows."""
        import numpy as np

        common._wait(lambda: False, seconds=2.0)
        picture = np.asarray(self.viewer.screenshot(canvas_only=False, flash=False))
        self.images.mkdir(exist_ok=True)
        path = self.images / f"tutorial_{name}.png"
        common._save(picture, path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB, {picture.shape}", flush=True)

    def answer_the_question(self) -> Any:
        """Choose XRF Pigments when napari asks which reader opens the file."""
        from qtpy.QtCore import QTimer
        from qtpy.QtWidgets import QApplication, QRadioButton

        def look() -> None:
            dialog = QApplication.activeModalWidget()
            buttons = [] if dialog is None else dialog.findChildren(QRadioButton)
            for button in buttons:
                if "XRF" in button.text() or common.PLUGIN in button.text():
                    timer.stop()
                    button.click()
                    dialog.grab().save(str(self.images / "tutorial_reader.png"))
                    dialog.accept()
                    return

        timer = QTimer(self.viewer.window._qt_window)
        timer.timeout.connect(look)
        timer.start(200)
        return timer

    # The steps, in the order and with the names of the page.

    def open_the_scan(self) -> None:
        """Make the painting with the command line and drop it on the window."""
        from napari_xrf_pigments.cli import main

        painting = self.folder / "painting.h5"
        main(["simulate", "-o", str(painting)])
        asked = self.answer_the_question()
        _drop(self.viewer.window._qt_viewer, painting)
        asked.stop()
        common._wait(lambda: self.scan is not None and self.scan.checked)
        self.save("open")

    def show_the_docks(self) -> None:
        """Layers > Visualize > Show elements, pigments and spectrum."""
        from napari_xrf_pigments.plugin.commands import open_docks

        shown: list[bool] = []
        open_docks(self.viewer, lambda: shown.append(True))
        common._wait(lambda: bool(shown))
        common._wait(lambda: False, seconds=1.0)
        self.viewer.reset_view()

    def map_the_elements(self) -> None:
        """Find elements, then map those that are ticked."""
        dock = self.dock("Elements")
        self.click(dock.find_button)
        common._wait(lambda: bool(dock.elements.names()) and dock.run_bar.run_button.isEnabled())
        self.click(dock.run_bar.run_button)
        common._wait(lambda: self.scan.elements is not None and not dock.busy)
        self.save("elements")

    def map_the_pigments(self) -> None:
        """Follow the steps of the tab Pigments."""
        dock = self.dock("Pigments")
        self.click(dock.run_bar.run_button)
        common._wait(lambda: self.scan.pigments is not None and not dock.busy)
        self.save("pigments")

    def question_a_pixel(self) -> None:
        """Click the pink shape on the left."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        spectrum, native = self.dock("Spectrum"), self.viewer.window._qt_viewer.canvas.native
        QTest.mouseMove(native, self.place(FRUIT))
        QTest.mouseClick(native, Qt.MouseButton.LeftButton, pos=self.place(FRUIT))
        common._wait(lambda: spectrum.pixel_tab.explanation is not None)
        assert self.scan.pixel == FRUIT, self.scan.pixel
        self.save("pixel")

    def compare_a_region(self) -> None:
        """Pin the pixel and draw a rectangle on the robe; the tab Spectra."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        spectrum, native = self.dock("Spectrum"), self.viewer.window._qt_viewer.canvas.native
        self.click(spectrum.pixel_tab.view.pin)
        pixel = self.scan.cube.pixel_mm or (1.0, 1.0)
        regions = self.viewer.add_shapes(scale=pixel, units=self.viewer.layers[0].units)
        regions.mode = "add_rectangle"
        first, last = (self.place(corner) for corner in ROBE)
        QTest.mousePress(native, Qt.MouseButton.LeftButton, pos=first)
        for part in range(1, 6):
            QTest.mouseMove(native, first + (last - first) * part / 5)
            common._wait(lambda: False, seconds=0.1)
        QTest.mouseRelease(native, Qt.MouseButton.LeftButton, pos=last)
        regions.mode = "pan_zoom"
        spectrum.tabs.setCurrentIndex(1)
        common._wait(lambda: self.scan.curves.get("region:Shapes 1") is not None, seconds=120)
        self.save("region")

    def compare_two_maps(self) -> None:
        """Plugins > XRF Pigments > Compare maps."""
        window = self.viewer.window
        _, dock = window.add_plugin_dock_widget(common.PLUGIN, "Compare maps")
        dock.compare(self.viewer.layers["Hg L"], self.viewer.layers["Vermilion"])
        common._wait(lambda: False, seconds=0.5)
        dock.plot.set_cursor(*(float(at) for at in FRUIT))
        self.save("compare")
        window.remove_dock_widget(dock)

    def take_it_home(self) -> None:
        """File > IO Utilities > Save report... and Save session..."""
        from napari_xrf_pigments.plugin import commands as home_commands
        from napari_xrf_pigments.plugin import dialogs as asking

        report, session = self.folder / "painting.html", self.folder / "painting.xrfsession"
        asking.ask_text = lambda title, prompt: "Made by following the tutorial."
        asking.ask_save = lambda title, name, filters: (report, "html")
        home_commands.save_report(self.viewer)
        common._wait(report.exists)
        asking.ask_save = lambda title, name, filters: (session, "session")
        home_commands.save_session_as(self.viewer)
        common._wait(session.exists)
        for path in (report, session):
            print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB", flush=True)
        self.save("end")


def main(arguments: Sequence[str] | None = None) -> int:
    """Walk through all steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder of the pictures")
    options = parser.parse_args(arguments)
    # The pictures show napari as it is when it is new, and change nobody's settings.
    os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")
    walk = Walk(Path(tempfile.mkdtemp()), options.out)
    for step in (
        walk.open_the_scan,
        walk.show_the_docks,
        walk.map_the_elements,
        walk.map_the_pigments,
        walk.question_a_pixel,
        walk.compare_a_region,
        walk.compare_two_maps,
        walk.take_it_home,
    ):
        print(step.__doc__, flush=True)
        step()
    walk.viewer.close()
    return 0


def _drop(widget: Any, path: Path) -> None:
    """Drag a file over a widget and let it go."""
    from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
    from qtpy.QtGui import QDragEnterEvent, QDropEvent
    from qtpy.QtWidgets import QApplication

    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    held = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton)
    none = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(widget, QDragEnterEvent(QPoint(5, 5), *held, none))
    QApplication.sendEvent(widget, QDropEvent(QPointF(5, 5), *held, none))


if __name__ == "__main__":
    raise SystemExit(main())
