"""Threads of ours let the window have its turn sooner while they run.

A thread that computes in Python may keep the window waiting for as long as Python's switch
interval. Its own 5 ms come again with every call into OpenGL or a file, hundreds of times a
picture: a window that needs 50 ms for itself then stands still for 300. And a run that takes all
processors doubles what a new layer costs: it waits between two tiles while layers or docks come. So
do the check of an energy axis, between two of its steps, and the imports made beforehand.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .._pauses import paused_by
from .preloading import wait_for_library

SWITCH_S = 0.0005
#: The next layer or dock comes within this time, or none does.
_NEXT_S = 0.2
_LOOK_S = 0.02

_lock = threading.Lock()
_at_work = 0
_before = _short = 0.0
_last_work = -_NEXT_S


@contextmanager
def giving_way() -> Iterator[None]:
    """Shorten the interval for as long as this, or another such block, lasts."""
    global _at_work, _before, _short
    with _lock:
        if not _at_work:
            _before = sys.getswitchinterval()
            _set(min(SWITCH_S, _before))
            _short = sys.getswitchinterval()
        _at_work += 1
    try:
        with paused_by(_wait):
            yield
    finally:
        with _lock:
            _at_work -= 1
            # Unless somebody else has set it meanwhile.
            if not _at_work and sys.getswitchinterval() == _short:
                _set(_before)


def at_work() -> bool:
    """Whether a thread of ours is giving way."""
    return _at_work > 0


def window_works() -> None:
    """Tell threads that the window makes a layer or a dock, and that others may follow."""
    global _last_work
    _last_work = time.monotonic()


def wait_for_window(cancelled: Callable[[], bool] = lambda: False) -> None:
    """Wait, between two pieces of work, until the window has made what it was to make."""
    while time.monotonic() - _last_work < _NEXT_S and not cancelled():
        time.sleep(_LOOK_S)


def _wait() -> None:
    wait_for_library()
    wait_for_window()


def _set(seconds: float) -> None:
    # Python cuts it to whole microseconds: what it told would shrink each time it is given back.
    sys.setswitchinterval(seconds + 1e-7)
