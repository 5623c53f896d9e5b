"""Number of plugin files that a dropped scan and a click run, which a reader has to know.

The click is one on another pixel while the Pixel tab is in front; the first click also adds the
layer of the marker, and moving the mouse to the pixel updates the status bar. A file counts where
the body of at least one of its functions was executed in the window's thread. docs/developer.md
lists the files.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import coverage

import napari_xrf_pigments.plugin as plugin
from napari_xrf_pigments.io import save_cube
from napari_xrf_pigments.plugin.layers.sync import session_of
from napari_xrf_pigments.plugin.spectrum.dock import SpectrumDock

from .acting import add_dock, add_scan, click_world, move_mouse
from .synthetic import make_cube

#: Files of a dropped scan until its energy axis is checked, and of a click on a pixel.
MOST_OF_DROP, MOST_OF_CLICK = 20, 8
FOLDER = Path(plugin.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "developer.md"


def executed_files(work: Callable[[], None]) -> set[str]:
    """Return the plugin's files of which a function body was executed by some work."""
    record = coverage.Coverage(data_file=None, include=[f"{FOLDER}/**"], config_file=False)
    record.start()
    try:
        work()
    finally:
        record.stop()
    data = record.get_data()
    return {
        Path(file).relative_to(FOLDER).as_posix()
        for file in data.measured_files()
        if function_lines(Path(file)) & set(data.lines(file) or ())
    }


def function_lines(path: Path) -> set[int]:
    """Return the lines of the bodies of all functions of a file."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = (
        node.body for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, functions)
    )
    return {
        line for body in bodies for line in range(body[0].lineno, (body[-1].end_lineno or 0) + 1)
    }


def listed(title: str) -> set[str]:
    """Return the files that the developers' page lists under a title."""
    _, _, text = PAGE.read_text(encoding="utf-8").partition(title)
    line = next(line for line in text.splitlines() if line.startswith("`"))
    return set(line.replace("`", "").rstrip(".").split(", "))


def test_a_dropped_scan_runs_few_files(viewer, qtbot, tmp_path) -> None:
    save_cube(make_cube(), tmp_path / "scan.h5")

    def drop() -> None:
        viewer.open(tmp_path / "scan.h5", plugin="napari-xrf-pigments")
        qtbot.waitUntil(lambda: bool(viewer.layers), timeout=60_000)
        scan = session_of(viewer).scan
        qtbot.waitUntil(lambda: scan.checked and scan.totals.ended, timeout=60_000)

    files = executed_files(drop)
    assert len(files) <= MOST_OF_DROP, sorted(files)
    assert files <= listed("A drop runs functions of these files"), sorted(files)


def test_a_click_runs_few_files(viewer, qtbot) -> None:
    scan = add_scan(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    dock = add_dock(viewer, SpectrumDock, "Spectrum", "bottom")
    qtbot.wait(300)  # the canvas takes its new size

    def explained(y: int, x: int) -> bool:
        return dock.pixel_tab.explanation is not None and scan.pixel == (y, x)

    click_world(viewer, (1.0, 1.0))
    qtbot.waitUntil(lambda: explained(2, 2), timeout=60_000)
    move_mouse(viewer, (6.0, 10.0))
    qtbot.wait(300)  # the status bar is updated

    def click() -> None:
        click_world(viewer, (6.0, 10.0))
        qtbot.waitUntil(lambda: explained(12, 20), timeout=60_000)

    files = executed_files(click)
    assert len(files) <= MOST_OF_CLICK, sorted(files)
    assert files <= listed("A click runs functions of these files"), sorted(files)
