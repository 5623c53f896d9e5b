"""How the window looks as plain values, and back: camera, theme, docks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt

from ..docks.window import AREAS, dock_class, open_dock, our_docks

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from ..docks.base import ScanDock

_AREAS = {
    "left": Qt.DockWidgetArea.LeftDockWidgetArea,
    "right": Qt.DockWidgetArea.RightDockWidgetArea,
    "top": Qt.DockWidgetArea.TopDockWidgetArea,
    "bottom": Qt.DockWidgetArea.BottomDockWidgetArea,
}


def view_state(viewer: Viewer) -> dict[str, Any]:
    """Camera, theme, scale bar, grid and the chosen layers."""
    camera = viewer.scene.camera
    active = viewer.layers.selection.active
    return {
        "centre": [float(value) for value in camera.center],
        "zoom": float(camera.zoom),
        "theme": viewer.theme,
        "scale_bar": bool(viewer.canvas.overlays.scale_bar.visible),
        "grid": bool(viewer.canvas.grid.enabled),
        "active": viewer.layers.index(active) if active in viewer.layers else None,
    }


def restore_view(viewer: Viewer, state: dict[str, Any]) -> Iterator[None]:
    """Set them, with a ``yield`` after what takes napari a while.

    What cannot be used is left as it is.
    """
    from napari.utils.theme import available_themes

    theme = state.get("theme")
    if isinstance(theme, str) and theme in available_themes():
        viewer.theme = theme
        yield
    viewer.canvas.overlays.scale_bar.visible = state.get("scale_bar") is True
    viewer.canvas.grid.enabled = state.get("grid") is True
    yield
    active = state.get("active")
    if isinstance(active, int) and 0 <= active < len(viewer.layers):
        viewer.layers.selection.active = viewer.layers[active]
        yield
    centre, zoom = state.get("centre"), state.get("zoom")
    if _numbers(centre) and len(centre) == 3 and _numbers([zoom]) and 0 < zoom < 1e9:
        viewer.scene.camera.center = tuple(centre)
        viewer.scene.camera.zoom = zoom


def _numbers(values: Any) -> bool:
    return isinstance(values, list) and all(
        isinstance(value, int | float) and math.isfinite(value) for value in values
    )


def docks_state(viewer: Viewer) -> list[dict[str, Any]]:
    """The docks of this plugin that are open, where, and what is set in them."""
    window = viewer.window._qt_window
    found = []
    for name, dock in our_docks(viewer).items():
        holder = dock.parent()
        area = window.dockWidgetArea(holder)
        found.append(
            {
                "name": name,
                "area": next((key for key, value in _AREAS.items() if value == area), "right"),
                "size": [holder.width(), holder.height()],
                "settings": dock.save_state(),
            }
        )
    return found


def import_docks(states: list[dict[str, Any]]) -> None:
    """Import what the docks of a session need; for any thread."""
    for state in states:
        dock_class(str(state.get("name")))


def restore_docks(
    viewer: Viewer, states: list[dict[str, Any]], missing: list[str]
) -> Iterator[None]:
    """Open docks and set what is in them, one between two ``yield``.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    states : list of dict
        What :func:`docks_state` gave.
    missing : list of str
        Gets the names of those that do not exist.
    """
    window = viewer.window._qt_window
    for state in states:
        name = str(state.get("name"))
        dock = our_docks(viewer).get(name) or _open_dock(viewer, name, state)
        if dock is None:
            missing.append(name)
            continue
        holder = dock.parent()
        area = _AREAS.get(str(state.get("area")))
        if area is not None and window.dockWidgetArea(holder) != area:
            window.addDockWidget(area, holder)
        size = state.get("size")
        if isinstance(size, list) and len(size) == 2 and all(isinstance(v, int) for v in size):
            window.resizeDocks([holder], [max(100, min(size[0], 4000))], Qt.Orientation.Horizontal)
            window.resizeDocks([holder], [max(50, min(size[1], 4000))], Qt.Orientation.Vertical)
        yield
        settings = state.get("settings")
        if isinstance(settings, dict):
            dock.restore_state(settings)
            yield


def _open_dock(viewer: Viewer, name: str, state: dict[str, Any]) -> ScanDock | None:
    area = str(state.get("area"))
    return open_dock(viewer, name, area if area in AREAS else "right")
