"""Longest gaps of a window's event loop.

A timer of 10 ms runs in the event loop: the longest gap between two of its ticks is the time that
a click would have waited. Time in which other programs had the processor is subtracted where Linux
reports it. Drawing counts, so that a window without a graphics card is slower: compare two programs
on one machine.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from qtpy.QtCore import QEventLoop, Qt, QTimer

_MAIN = threading.main_thread()


class Watcher:
    """Longest gap, in seconds, of each step of a program."""

    def __init__(self) -> None:
        self.gaps: dict[str, float] = {}
        self._step = ""
        self._last = _clock()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(10)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure the gaps until the end of the block, and half a second beyond it."""
        self.gaps[name] = 0.0
        self._step, self._last = name, _clock()
        yield
        wait(500)
        self._tick()
        self._step = ""

    def _tick(self) -> None:
        now = _clock()
        if self._step:
            self.gaps[self._step] = max(self.gaps[self._step], now - self._last)
        self._last = now


def wait(milliseconds: int) -> None:
    """Run the event loop for some time."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def wait_until(condition: Callable[[], bool], seconds: float = 1200.0) -> None:
    """Run the event loop until a condition holds.

    Raises
    ------
    TimeoutError
        If it does not hold in time.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("The window did not reach the expected state.")
        wait(20)


def _clock() -> float:
    """Return seconds, without those in which the main thread was ready but had no processor."""
    waited = 0.0
    with suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/self/task/{_MAIN.native_id}/schedstat").read_text().split()
        waited = int(fields[1]) / 1e9
    return time.perf_counter() - waited
