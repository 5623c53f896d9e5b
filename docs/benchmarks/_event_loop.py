"""How long a window stands still, and how much of it is drawing.

A timer of 10 ms runs in the window's event loop: the longest gap between two of its ticks is how
long a click would have waited. Two things are told apart from it. The time that the processors
were busy with other programs is taken off where Linux tells it. And the window is timed while it
paints itself: where no graphics card is, Mesa does that on the processor.

Somebody moves the mouse all the while, as who works does: what waits for a pause of the user waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, QEventLoop, QPointF, Qt, QTimer
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication
from tests.software_rendering import keep_shader_programs

_MAIN = threading.main_thread()


@dataclass(frozen=True)
class Gap:
    """The longest times that the window stood still, which need not be the same.

    Parameters
    ----------
    seconds : float
        How long, without the time that other programs had the processors.
    without_drawing : float
        The same without the time that the window painted itself, canvas and all: seconds that
        a graphics card could not have saved.
    """

    seconds: float = 0.0
    without_drawing: float = 0.0

    def longest(self, seconds: float, drawing: float) -> Gap:
        """With one more time in which it stood still, and was drawn for a part of it."""
        rest = max(0.0, seconds - drawing)
        return Gap(max(self.seconds, seconds), max(self.without_drawing, rest))


class Watcher:
    """Ticks in the event loop and remembers the longest gap of each step.

    Made before the viewer is, so that it can time its window.
    """

    def __init__(self) -> None:
        from napari._qt.qt_main_window import _QtMainWindow
        from vispy.app.backends._qt import CanvasBackendDesktop

        keep_shader_programs()
        self.gaps: dict[str, Gap] = {}
        self._step = ""
        self._drawn = 0.0
        self._painting = False
        self._window, self._event = _QtMainWindow, _QtMainWindow.event
        self._canvas, self._paint = CanvasBackendDesktop, CanvasBackendDesktop.paintGL
        own = self

        def event(window: Any, happened: Any) -> bool:
            # All of the window is painted, and put together, when it is asked to update.
            paints = happened.type() in (QEvent.Type.UpdateRequest, QEvent.Type.Paint)
            draw = partial(own._event, window, happened)
            return bool(own._timed(draw) if paints else draw())

        def paint(canvas: Any) -> None:
            # The canvas is painted at once where it was given another size.
            own._timed(partial(own._paint, canvas))

        _QtMainWindow.event, CanvasBackendDesktop.paintGL = event, paint
        self._begin()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(10)
        self._mouse = QTimer()
        self._mouse.timeout.connect(self._move)
        self._mouse.start(1000)

    def stop(self) -> None:
        """PeakContext no more."""
        self._timer.stop()
        self._mouse.stop()
        self._window.event, self._canvas.paintGL = self._event, self._paint

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Watch what happens until the end of the block."""
        self.gaps[name] = Gap()
        self._step = name
        self._begin()
        yield
        self._tick()
        self._step = ""

    def _move(self) -> None:
        for window in QApplication.topLevelWidgets():
            if isinstance(window, self._window):
                nowhere = QPointF(-1.0, -1.0)
                button = Qt.MouseButton.NoButton
                event = QMouseEvent(
                    QEvent.Type.MouseMove, nowhere, nowhere, button, button,
                    Qt.KeyboardModifier.NoModifier,
                )  # fmt: skip
                QApplication.sendEvent(window, event)

    def _timed(self, draw: Callable[[], Any]) -> Any:
        if self._painting:
            return draw()
        self._painting = True
        begun = _clock()
        try:
            return draw()
        finally:
            self._drawn += _clock() - begun
            self._painting = False

    def _begin(self) -> None:
        self._last, self._drawn = _clock(), 0.0

    def _tick(self) -> None:
        if self._step:
            gap = self.gaps[self._step]
            self.gaps[self._step] = gap.longest(_clock() - self._last, self._drawn)
        self._begin()


def _clock() -> float:
    """Seconds, without those in which the main thread was ready and had no processor."""
    waited = 0.0
    with suppress(OSError, ValueError, IndexError):
        told = Path(f"/proc/self/task/{_MAIN.native_id}/schedstat").read_text().split()
        waited = int(told[1]) / 1e9
    return time.perf_counter() - waited


def wait(milliseconds: int) -> None:
    """Let the window's event loop run."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def drawn_by_software(viewer: Any) -> bool:
    """Whether the canvas of a viewer is drawn by the processor."""
    from vispy.gloo import gl

    viewer.window._qt_viewer.canvas._scene_canvas.native.makeCurrent()
    name = str(gl.glGetParameter(gl.GL_RENDERER) or "").lower()
    return any(part in name for part in ("llvmpipe", "softpipe", "swrast"))
