"""When Python's garbage collector looks through all of memory: alone, between two passes.

With forty layers that takes a fifth of a second. napari asks for it at every layer that is removed,
and Python itself while layers are added, each time on top of the work for the layer. Here it is put
off while layers are brought up to date, and done once afterwards in a turn of the event loop of
its own.
"""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

#: More than Python ever counts between two collections of what is old.
_NEVER = 2**30
_NOTHING = SimpleNamespace(collect=lambda: 0)

_holders: list[weakref.ref[Any]] = []
_before = gc.get_threshold()
_due = False


def hold_off(who: Any) -> None:
    """Collect nothing that is old until `who`, and everybody else, has let go or is gone."""
    global _before
    if any(holder() is who for holder in _holders):
        return
    if not _holders:
        _before = gc.get_threshold()
        gc.set_threshold(*_before[:2], _NEVER)
    _holders.append(weakref.ref(who, _drop))


def let_go(who: Any) -> None:
    """End what :func:`hold_off` has begun; nothing if it was not begun."""
    for holder in [holder for holder in _holders if holder() is who]:
        _drop(holder)


def _drop(holder: weakref.ref[Any]) -> None:
    _holders.remove(holder)
    # Unless somebody else has set it meanwhile.
    if not _holders and gc.get_threshold()[2] == _NEVER:
        gc.set_threshold(*_before)


def remove_layer(viewer: Viewer, layer: Layer) -> None:
    """Remove a layer; what it leaves in memory goes with the next :func:`collecting`."""
    global _due
    _due = True
    with _napari_waits():
        viewer.layers.remove(layer)


def collecting() -> Iterator[None]:
    """Collect what removed layers have left, if any were removed, between two ``yield``."""
    global _due
    if _due:
        yield
        _due = False
        gc.collect()
        yield


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
