"""The longest time that the window stands still, step by step through a day's work.

A timer of 10 ms runs in the window's event loop; the longest gap between two of its ticks is how
long a click would have waited. ``XRF_PIGMENTS_BENCH_SCAN`` names another scan than the sample.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

os.environ.setdefault("NAPARI_CONFIG", os.path.join(tempfile.mkdtemp(), "settings.yaml"))
napari = pytest.importorskip("napari", reason="needs the plugin's extras")
pytest.importorskip("pytestqt", reason="needs pytest-qt")
if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    pytest.skip("needs a screen, such as that of .ci/display", allow_module_level=True)

PLUGIN = "napari-xrf-pigments"
GOAL_S, LIMIT_S = 0.1, 0.25
#: napari itself opens samples and first windows at once; these are told, not held to the limit.
NAPARI_OWN = {"open the scan", "open the docks"}
#: So many maps at once are the hardest case for the layer list.
MANY = 40


class Watcher:
    """Ticks in the event loop, remembers the longest gap of each step and prints it."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        from qtpy.QtCore import Qt, QTimer

        self._capture = capture
        self.gaps: dict[str, float] = {}
        self._step, self._last = "", time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(10)

    def _tick(self) -> None:
        now = time.perf_counter()
        if self._step:
            gap = now - self._last
            self.gaps[self._step] = max(gap, self.gaps.get(self._step, 0.0))
        self._last = now

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Watch what happens until the end of the block."""
        self._step, self._last = name, time.perf_counter()
        yield
        self._tick()
        self._step = ""
        with self._capture.disabled():
            print(f"\n{1000 * self.gaps[name]:7.0f} ms  {name}", end="", flush=True)

    def report(self) -> str:
        """A line a step."""
        return "\n".join(f"  {1000 * gap:7.0f} ms  {name}" for name, gap in self.gaps.items())


@pytest.fixture
def viewer(qapp):
    """A real viewer."""
    shown = napari.Viewer(show=True, show_welcome_screen=False)
    shown.window.resize(1500, 950)
    yield shown
    shown.close()


def test_the_window_never_stands_still(viewer, qtbot, tmp_path, capsys) -> None:
    from napari_xrf_pigments.plugin.commands import open_docks
    from napari_xrf_pigments.plugin.saved_session import save_session
    from napari_xrf_pigments.plugin.session import session_of

    watcher = Watcher(capsys)

    def wait(condition: Callable[[], bool]) -> None:
        qtbot.waitUntil(condition, timeout=1_200_000)

    session = session_of(viewer)
    with watcher.step("open the scan"):
        scan_file = os.environ.get("XRF_PIGMENTS_BENCH_SCAN")
        if scan_file:
            viewer.open(scan_file, plugin=PLUGIN)
        else:
            viewer.open_sample(PLUGIN, "hidden_layer")
        scan = session.scan
    with watcher.step("open the docks"):
        open_docks(viewer)
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
    with watcher.step("show forty maps and more"):
        pigments.settings.slider.setValue(0.05)
        for name in scan.pigments.names[:MANY]:
            scan.set_palette(scan.palette.adding(name))
        qtbot.wait(500)
        wait(lambda: not pigments.busy)
    maps = sum(1 for layer in viewer.layers if layer.metadata.get("xrf_map"))
    with watcher.step(f"move the threshold with {maps} layers"):
        for value in (0.3, 0.5, 0.7, 0.5):
            pigments.settings.slider.setValue(value)
            qtbot.wait(300)
        wait(lambda: not pigments.busy)
    with watcher.step("map the pigments again, with all layers there"):
        pigments.run()
        wait(lambda: not pigments.busy)
    with watcher.step("click five pixels"):
        rows, columns, _ = scan.cube.shape
        for share in (0.2, 0.35, 0.5, 0.65, 0.8):
            session.pick(scan, int(share * rows), int(share * columns))
            qtbot.wait(400)
    with watcher.step("save the session"):
        written: list[Path] = []
        save_session(viewer, tmp_path / "work", written.append)
        wait(lambda: bool(written))
    held = {name: gap for name, gap in watcher.gaps.items() if name not in NAPARI_OWN}
    assert max(held.values()) < LIMIT_S, watcher.report()
