"""How long a window stands still, and on whose account.

A timer of 10 ms runs in the window's event loop: the longest gap between two of its ticks is how
long a click would have waited. Two things are told apart from it. The time that the processors
were busy with other programs is taken off where Linux tells it. And what the main thread did in
the gap is looked at every few milliseconds by another thread: where no graphics card is, most of
it is drawing, which Mesa does on the processor.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from qtpy.QtCore import Qt, QTimer

_MAIN = threading.main_thread()
_LOOK_S = 0.004


@dataclass(frozen=True)
class Gap:
    """The window stood still.

    Parameters
    ----------
    seconds : float
        How long, without the time that other programs had the processors.
    waited : float
        How long they had them.
    shares : dict of str to float
        Share of the gap that went to the plugin, to napari, and to drawing.
    """

    seconds: float
    waited: float = 0.0
    shares: dict[str, float] = field(default_factory=dict)

    def of(self, who: str) -> float:
        """Seconds on somebody's account."""
        return self.seconds * self.shares.get(who, 0.0)

    def without_drawing(self) -> float:
        """Seconds that a graphics card could not have saved."""
        return self.seconds * (1.0 - self.shares.get("drawing", 0.0))


class _Looker(threading.Thread):
    """Notes again and again what the main thread does."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: deque[tuple[float, str]] = deque(maxlen=50_000)
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(_LOOK_S):
            frame = sys._current_frames().get(_MAIN.ident or 0)
            self.seen.append((time.perf_counter(), owner(frame)))

    def shares(self, begin: float, end: float) -> dict[str, float]:
        found = Counter(who for at, who in tuple(self.seen) if begin <= at <= end)
        return {who: count / found.total() for who, count in found.items()}


def owner(frame: FrameType | None) -> str:
    """Who works in a stack of frames: "plugin", "napari" or "drawing"."""
    innermost = True
    while frame is not None:
        place, name = frame.f_code.co_filename.replace("\\", "/"), frame.f_code.co_name
        if name in ("paintGL", "on_draw", "paintEvent") or "/vispy/gloo/" in place:
            return "drawing"
        if "/napari_xrf_pigments/" in place or "/pyqtgraph/" in place:
            return "plugin"
        if "/site-packages/napari/" in place:
            # Qt itself paints the widgets and puts the window together.
            qt = innermost and name == "event" and place.endswith("qt_main_window.py")
            return "drawing" if qt else "napari"
        innermost = False
        frame = frame.f_back
    return "drawing"


class Watcher:
    """Ticks in the event loop and remembers the longest gap of each step."""

    def __init__(self) -> None:
        self.gaps: dict[str, Gap] = {}
        self._step = ""
        self._looker = _Looker()
        self._looker.start()
        self._begin()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(10)

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()
        self._looker.ended.set()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Watch what happens until the end of the block."""
        self.gaps[name] = Gap(0.0)
        self._step = name
        self._begin()
        yield
        self._tick()
        self._step = ""

    def _begin(self) -> None:
        self._last, self._waited = time.perf_counter(), _run_delay()

    def _tick(self) -> None:
        if self._step:
            now, waited = time.perf_counter(), _run_delay() - self._waited
            seconds = now - self._last - waited
            if seconds > self.gaps[self._step].seconds:
                shares = self._looker.shares(self._last, now)
                self.gaps[self._step] = Gap(seconds, waited, shares)
        self._begin()


def _run_delay() -> float:
    """Seconds that the main thread was ready and had no processor; 0 where nobody tells."""
    with suppress(OSError, ValueError, IndexError):
        told = Path(f"/proc/self/task/{_MAIN.native_id}/schedstat").read_text().split()
        return int(told[1]) / 1e9
    return 0.0


def drawn_by_software(viewer: object) -> bool:
    """Whether the canvas of a viewer is drawn by the processor."""
    from vispy.gloo import gl

    viewer.window._qt_viewer.canvas._scene_canvas.native.makeCurrent()  # type: ignore[attr-defined]
    name = str(gl.glGetParameter(gl.GL_RENDERER) or "").lower()
    return any(part in name for part in ("llvmpipe", "softpipe", "swrast"))
