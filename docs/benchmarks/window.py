"""The longest time that the window stands still, step by step through the tutorial.

``XRF_PIGMENTS_BENCH_SCAN`` names another scan than that of the tutorial. How it is measured:
``window.py``. This is the one benchmark that fails, where a step stands still for a quarter of a
second; without a graphics card, the time that is drawing is told and does not count. What is done
while the user pauses is told and does not count either. Beside it stands what napari by itself
takes for a picture and for forty.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

os.environ.setdefault("NAPARI_CONFIG", os.path.join(tempfile.mkdtemp(), "settings.yaml"))
napari = pytest.importorskip("napari", reason="needs the plugin's extras")
pytest.importorskip("pytestqt", reason="needs pytest-qt")
if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    pytest.skip("needs a screen, such as that of .ci/display", allow_module_level=True)

from .window import Gap, Watcher, drawn_by_software  # noqa: E402

ROOT = Path(__file__).parents[2]
PLUGIN = "napari-xrf-pigments"
GOAL_S, LIMIT_S = 0.1, 0.25
TITLE = "Longest time that the window stands still"
#: So many maps at once are the hardest case for the layer list.
MANY = 40


@pytest.fixture
def watcher(qapp):
    """Made before the viewer, whose window it times."""
    looks = Watcher()
    yield looks
    looks.stop()


@pytest.fixture
def viewer(watcher):
    """A real viewer."""
    shown = napari.Viewer(show=True, show_welcome_screen=False)
    shown.window.resize(1500, 950)
    yield shown
    shown.close()


@pytest.fixture
def painting(tmp_path) -> Path:
    """The scan of the tutorial, or another one."""
    other = os.environ.get("XRF_PIGMENTS_BENCH_SCAN")
    if other:
        return Path(other)
    # In a process of its own: the window is timed as of a program that has imported nothing.
    code = "import sys, pathlib; from napari_xrf_pigments.cli.simulate import simulate; "
    code += "simulate(pathlib.Path(sys.argv[1]), 0, (64, 96))"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "painting.h5")], check=True)
    return tmp_path / "painting.h5"


def test_the_window_never_stands_still(viewer, watcher, painting, qtbot, tmp_path, tables) -> None:
    """By what is not drawing."""
    software = drawn_by_software(viewer)
    try:
        walk(viewer, painting, qtbot, tmp_path, watcher)
        watcher.gaps.update(in_its_own_program("session_again", tmp_path / "work.xrfsession"))
    finally:
        for name, gap in watcher.gaps.items():
            tell(tables, name, gap, f"{1000 * GOAL_S:.0f} ms")
    counted = {
        name: gap.without_drawing if software else gap.seconds for name, gap in watcher.gaps.items()
    }
    late = {name: f"{1000 * gap:.0f} ms" for name, gap in counted.items() if gap > LIMIT_S}
    assert not late


def test_napari_alone_for_comparison(tables) -> None:
    """What no plugin can do anything about."""
    for name, gap in in_its_own_program("napari_alone").items():
        tell(tables, name, gap, "")


def in_its_own_program(module: str, *arguments: object) -> dict[str, Gap]:
    """What a program of this folder prints as JSON."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    told = json.loads(ended.stdout.splitlines()[-1])
    return {name: Gap(*times) for name, times in told.items()}


def tell(tables, name: str, gap: Gap, wanted: str) -> None:
    """A row for the whole gap and one for what is no drawing."""
    tables.add(TITLE, name, 1000 * gap.seconds, "ms", wanted=wanted)
    tables.add(TITLE, "- without drawing", 1000 * gap.without_drawing, "ms")


def walk(viewer, painting: Path, qtbot, folder: Path, watcher: Watcher) -> None:
    """The tutorial, and forty maps."""
    from napari_xrf_pigments.plugin.commands import open_docks
    from napari_xrf_pigments.plugin.export import export_report
    from napari_xrf_pigments.plugin.layers.metadata import LayerInfo
    from napari_xrf_pigments.plugin.layers.sync import session_of
    from napari_xrf_pigments.plugin.saved_session import save_session
    from napari_xrf_pigments.plugin.tasks import Task

    def wait(condition: Callable[[], bool]) -> None:
        qtbot.waitUntil(condition, timeout=1_200_000)

    session = session_of(viewer)
    with watcher.step("open the scan"):
        viewer.open(painting, plugin=PLUGIN)
        wait(lambda: session.scan is not None)
    scan = session.scan
    with watcher.step("show the docks"):
        shown: list[bool] = []
        open_docks(viewer, lambda: shown.append(True))
        wait(lambda: bool(shown))
        qtbot.wait(500)
    docks = viewer.window.dock_widgets
    elements, pigments = (docks[f"{name} (XRF Pigments)"] for name in ("Elements", "Pigments"))
    with watcher.step("counts fill in, energy axis is checked"):
        wait(lambda: scan.checked and scan.totals.ended)
    with watcher.step("map the elements"):
        elements.run()
        wait(lambda: scan.elements is not None and not elements.busy)
    with watcher.step("map the pigments"):
        pigments.run()
        wait(lambda: scan.pigments is not None and not pigments.busy)
    with watcher.step("click five pixels"):
        rows, columns, _ = scan.cube.shape
        for share in (0.2, 0.35, 0.5, 0.65, 0.8):
            session.select_pixel(scan, int(share * rows), int(share * columns))
            qtbot.wait(400)
    with watcher.step("compare two maps"):
        viewer.window.add_plugin_dock_widget(PLUGIN, "Compare maps")
        qtbot.wait(500)
    with watcher.step("write the report"):
        written: list[Path] = []
        report = folder / "painting.html"
        Task(
            "Report",
            lambda watch: export_report(scan, report, {}, scan.name, "", watch),
            lambda path: written.append(report),
        )
        wait(lambda: bool(written))
    with watcher.step("save the session"):
        saved: list[Path] = []
        save_session(viewer, folder / "work", saved.append)
        wait(lambda: bool(saved))
    with watcher.step("show forty maps and more"):
        pigments.settings.slider.setValue(0.05)
        for name in scan.pigments.names[:MANY]:
            scan.set_palette(scan.palette.adding(name))
        qtbot.wait(500)
        wait(lambda: not pigments.busy)
    maps = sum(1 for layer in viewer.layers if LayerInfo.of(layer).kind)
    with watcher.step(f"move the threshold with {maps} layers"):
        for value in (0.3, 0.5, 0.7, 0.5):
            pigments.settings.slider.setValue(value)
            qtbot.wait(300)
        wait(lambda: not pigments.busy)
    with watcher.step("map the pigments again, with all layers there"):
        pigments.run()
        wait(lambda: not pigments.busy)
