"""The canvas takes layers that come and go in an event-loop turn of its own.

napari puts its whole scene in order at every layer that is added or removed, whether it is shown
or not. With forty layers that costs as much as the layer itself. Where a napari is built otherwise
than expected here, nothing is put off.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.viewer import Viewer

_owed: weakref.WeakSet[Any] = weakref.WeakSet()


@contextmanager
def without_scene(viewer: Viewer) -> Iterator[None]:
    """Add or remove layers; :func:`bring_scene` must follow.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    """
    canvas = _canvas(viewer)
    if canvas is None or canvas._pause_scene_graph:
        yield
        return
    _owed.add(canvas)
    canvas._pause_scene_graph = True
    try:
        yield
    finally:
        canvas._pause_scene_graph = False


def bring_scene(viewer: Viewer) -> bool:
    """Put the scene in order, if layers have come or gone; whether that was done.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    """
    canvas = _canvas(viewer)
    if canvas is None or canvas not in _owed:
        return False
    _owed.discard(canvas)
    with suppress(RuntimeError):  # the window was closed meanwhile
        canvas._update_scenegraph()
    return True


def _canvas(viewer: Viewer) -> Any:
    """napari's canvas; None where it is not as expected, or gone."""
    window = getattr(viewer, "window", None)
    try:
        canvas = getattr(getattr(window, "_qt_viewer", None), "canvas", None)
    except RuntimeError:
        return None
    known = hasattr(canvas, "_pause_scene_graph") and hasattr(canvas, "_update_scenegraph")
    return canvas if known else None
