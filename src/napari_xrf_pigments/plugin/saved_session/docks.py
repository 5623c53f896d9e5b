"""Docks and view of the window as JSON values, and back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow

from ..docks.window import dock_class, open_dock, our_docks
from ..widgets.restore import dicts_of, is_number

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
    """Return camera, theme, scale bar, grid and the name of the selected layer."""
    camera, active = viewer.scene.camera, viewer.layers.selection.active
    return {
        "centre": [float(value) for value in camera.center],
        "zoom": float(camera.zoom),
        "theme": viewer.theme,
        "scale_bar": bool(viewer.canvas.overlays.scale_bar.visible),
        "grid": bool(viewer.canvas.grid.enabled),
        "active": None if active is None else active.name,
    }


def restore_view(viewer: Viewer, view: object) -> Iterator[None]:
    """Apply the state that :func:`view_state` returned; ignore invalid values.

    Yields
    ------
    None
        Between two steps that take napari some time.
    """
    from napari.utils.theme import available_themes

    state: dict[str, Any] = view if isinstance(view, dict) else {}
    theme = state.get("theme")
    if theme in available_themes():
        viewer.theme = theme
        yield
    viewer.canvas.overlays.scale_bar.visible = state.get("scale_bar") is True
    viewer.canvas.grid.enabled = state.get("grid") is True
    yield
    centre, zoom = state.get("centre"), state.get("zoom")
    numbers = [*centre, zoom] if isinstance(centre, list) else []
    usable = all(is_number(number) and math.isfinite(number) for number in numbers)
    if len(numbers) == 4 and usable and 0 < numbers[3] < 1e9:
        viewer.scene.camera.center = tuple(numbers[:3])
        viewer.scene.camera.zoom = numbers[3]


def restore_selection(viewer: Viewer, view: object) -> None:
    """Select the layer that was selected when :func:`view_state` was called."""
    active = view.get("active") if isinstance(view, dict) else None
    if active in [layer.name for layer in viewer.layers]:
        viewer.layers.selection.active = viewer.layers[active]


def docks_state(viewer: Viewer) -> list[dict[str, Any]]:
    """Return title, area, size and settings of the open docks of this plugin."""
    states = []
    for title, dock in our_docks(viewer).items():
        frame, window = _frame_and_window(dock)
        area = window.dockWidgetArea(frame)
        states.append(
            {
                "title": title,
                "area": next((key for key, value in _AREAS.items() if value == area), "right"),
                "size": [frame.width(), frame.height()],
                "in_front": not frame.visibleRegion().isEmpty(),
                "settings": dock.save_state(),
            }
        )
    return states


def _frame_and_window(dock: ScanDock) -> tuple[QDockWidget, QMainWindow]:
    frame = dock.parent()
    assert isinstance(frame, QDockWidget)
    window = frame.parent()
    assert isinstance(window, QMainWindow)
    return frame, window


def import_docks(states: object) -> None:
    """Import the modules of the docks of a session; may be called in any thread."""
    for state in dicts_of(states):
        dock_class(str(state.get("title")))


def restore_docks(viewer: Viewer, states: object, missing: list[str]) -> Iterator[None]:
    """Open docks and apply their settings.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    states : object
        States that :func:`docks_state` returned; invalid values are ignored.
    missing : list of str
        Receives the titles of docks that this version does not have.

    Yields
    ------
    None
        Between two steps that take napari some time.
    """
    in_front = []
    for state in dicts_of(states):
        title, area, size = (state.get(key) for key in ("title", "area", "size"))
        if not isinstance(title, str):
            continue
        dock = our_docks(viewer).get(title) or open_dock(
            viewer, title, str(area) if area in _AREAS else "right"
        )
        if dock is None:
            missing.append(title)
            continue
        frame, window = _frame_and_window(dock)
        if area in _AREAS and window.dockWidgetArea(frame) != _AREAS[area]:
            window.addDockWidget(_AREAS[area], frame)
        if isinstance(size, list) and len(size) == 2 and all(map(is_number, size)):
            width, height = (min(max(50, int(side)), 4000) for side in size)
            window.resizeDocks([frame], [width], Qt.Orientation.Horizontal)
            window.resizeDocks([frame], [height], Qt.Orientation.Vertical)
        if state.get("in_front") is True:
            in_front.append(frame)
        yield
        settings = state.get("settings")
        if isinstance(settings, dict):
            dock.restore_state(settings)
            yield
    for frame in in_front:
        frame.raise_()
