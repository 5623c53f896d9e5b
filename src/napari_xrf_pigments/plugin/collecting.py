"""When Python's garbage collector looks through all of memory: while the user pauses.

With forty layers that takes a third of a second, for which the window stands still. napari asks for
it at every layer that is removed, and Python itself while layers are added. Here all that is there
when layers have come or gone is set aside from the collector, and looked through once, when nobody
has touched mouse or keyboard for a while.
"""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QCoreApplication

from .giving_way import at_work
from .quiet import QuietTime

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

#: A pause of the user.
QUIET_MS = 10_000
#: More than Python ever counts between two collections of what is old.
_NEVER = 2**30
_NOTHING = SimpleNamespace(collect=lambda: 0)

#: One thread may let go while another begins; what dies within a call lets go in the same thread.
_lock = threading.RLock()
_holders: list[weakref.ref[Any]] = []
_before = gc.get_threshold()
_quiet: QuietTime | None = None


def hold_off(who: Any) -> None:
    """Collect nothing that is old until `who`, and everybody else, has let go or is gone."""
    global _before
    with _lock:
        if any(holder() is who for holder in _holders):
            return
        if not _holders:
            _before = gc.get_threshold()
            gc.set_threshold(*_before[:2], _NEVER)
        _holders.append(weakref.ref(who, _drop))


def let_go(who: Any) -> None:
    """End what :func:`hold_off` has begun; nothing if it was not begun."""
    with _lock:
        for holder in [holder for holder in _holders if holder() is who]:
            _drop(holder)


def collect_later() -> None:
    """Look through all of memory when the user pauses, whatever was set aside."""
    global _quiet
    # What dies in another thread is found with what comes next: timers belong to the window's.
    if threading.current_thread() is not threading.main_thread():
        return
    app: Any = QCoreApplication.instance()
    if app is None:
        collect_now()
        return
    if _quiet is None:
        _quiet = QuietTime(app, QUIET_MS, collect_now, lambda: bool(_holders) or at_work())
        _quiet.destroyed.connect(_forget)
    _quiet.wait()


def collect_now() -> None:
    """Do it; what lives is set aside anew."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def let_collect_with(window: Any) -> None:
    """Let the collector find what was set aside when a window has closed."""
    window.destroyed.connect(lambda: gc.unfreeze())


def remove_layer(viewer: Viewer, layer: Layer) -> None:
    """Remove a layer; what it leaves in memory goes when the user pauses."""
    with _napari_waits():
        viewer.layers.remove(layer)
    collect_later()


def _drop(holder: weakref.ref[Any]) -> None:
    with _lock:
        _holders.remove(holder)
        if _holders:
            return
        # What was added stays for a while: until the next pause nobody need look through it.
        gc.freeze()
        # Unless somebody else has set it meanwhile.
        if gc.get_threshold()[2] == _NEVER:
            gc.set_threshold(*_before)
    collect_later()


def _forget() -> None:
    global _quiet
    _quiet = None


@contextmanager
def _napari_waits() -> Iterator[None]:
    """Keep napari's canvas from collecting.

    It does so for drivers of Windows that fail where pictures of a removed layer are still in
    memory: there it stays.
    """
    canvas: Any = sys.modules.get("napari._vispy.canvas")
    if sys.platform == "win32" or getattr(canvas, "gc", None) is not gc:
        yield
        return
    canvas.gc = _NOTHING
    try:
        yield
    finally:
        canvas.gc = gc
