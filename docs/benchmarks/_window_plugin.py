"""Gaps of the plugin: ``python -m docs.benchmarks._window_plugin SCAN SESSION``; prints JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import napari
from napari.layers import Layer
from qtpy.QtWidgets import QApplication

from ._event_loop import Watcher, wait, wait_until

PLUGIN = "napari-xrf-pigments"
MANY = 40


def main(scan_path: Path, session_path: Path) -> None:
    """Run the steps of the tutorial, then show forty maps."""
    app = QApplication.instance() or QApplication([])
    watcher = Watcher()
    viewer = napari.Viewer(show=True, show_welcome_screen=False)
    viewer.window.resize(1500, 950)
    wait(500)
    gaps: dict[str, float] = _walk(viewer, watcher, scan_path, session_path)
    viewer.close()
    app.processEvents()
    print(json.dumps(gaps))


def _walk(
    viewer: napari.Viewer, watcher: Watcher, scan_path: Path, session_path: Path
) -> dict[str, float]:
    from napari_xrf_pigments.plugin.commands import open_docks
    from napari_xrf_pigments.plugin.export import export_report
    from napari_xrf_pigments.plugin.layers.sync import session_of
    from napari_xrf_pigments.plugin.saved_session import save_session
    from napari_xrf_pigments.plugin.tasks import Task

    session = session_of(viewer)
    with watcher.step("open the scan"):
        viewer.open(scan_path, plugin=PLUGIN)
        wait_until(lambda: session.scan is not None)
    scan = session.scan
    with watcher.step("show the docks"):
        shown: list[bool] = []
        open_docks(viewer, lambda: shown.append(True))
        wait_until(lambda: bool(shown))
    docks = viewer.window.dock_widgets
    elements, pigments = (docks[f"{name} (XRF Pigments)"] for name in ("Elements", "Pigments"))
    with watcher.step("counts fill in, energy axis is checked"):
        wait_until(lambda: scan.checked and scan.totals.ended)
    before = set(viewer.layers)
    with watcher.step("map the elements"):
        elements.run()
        wait_until(lambda: scan.elements is not None and not elements.busy)
    mapped = _maps("elements", set(viewer.layers) - before)
    before = set(viewer.layers)
    with watcher.step("map the pigments"):
        pigments.run()
        wait_until(lambda: scan.pigments is not None and not pigments.busy)
    mapped |= _maps("pigments", set(viewer.layers) - before)
    with watcher.step("click five pixels"):
        rows, columns, _ = scan.cube.shape
        for share in (0.2, 0.35, 0.5, 0.65, 0.8):
            session.select_pixel(scan, int(share * rows), int(share * columns))
            wait(400)
    with watcher.step("compare two maps"):
        viewer.window.add_plugin_dock_widget(PLUGIN, "Compare maps")
    with watcher.step("write the report"):
        written: list[Path] = []
        report = session_path.with_suffix(".html")
        Task(
            "Report",
            lambda progress: export_report(scan, report, {}, scan.name, "", progress),
            lambda path: written.append(report),
        )
        wait_until(lambda: bool(written))
    with watcher.step("save the session"):
        saved: list[Path] = []
        save_session(viewer, session_path, saved.append)
        wait_until(lambda: bool(saved))
    before = set(viewer.layers)
    with watcher.step("show forty maps"):
        pigments.settings.slider.setValue(0.05)
        for name in scan.pigments.names[:MANY]:
            scan.set_palette(scan.palette.adding(name))
        wait(500)
        wait_until(lambda: not pigments.busy)
    mapped |= _maps("many", set(viewer.layers) - before)
    with watcher.step("move the threshold"):
        for value in (0.3, 0.5, 0.7, 0.5):
            pigments.settings.slider.setValue(value)
            wait(300)
        wait_until(lambda: not pigments.busy)
    with watcher.step("map the pigments again"):
        pigments.run()
        wait_until(lambda: not pigments.busy)
    return watcher.gaps | mapped


def _maps(step: str, added: set[Layer]) -> dict[str, float]:
    """Count the layers that a step added, hidden and visible ones."""
    visible = sum(layer.visible for layer in added)
    return {f"hidden: {step}": float(len(added) - visible), f"visible: {step}": float(visible)}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
