"""The docks of this plugin in the window of a viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from npe2 import PluginManager

from .base import ScanDock, own_title

if TYPE_CHECKING:
    from napari.viewer import Viewer

PLUGIN = "napari-xrf-pigments"
AREAS = ("left", "right", "top", "bottom")


def our_docks(viewer: Viewer) -> dict[str, ScanDock]:
    """Return the docks of this plugin that are open, by their title without the plugin's name."""
    docks = {}
    for name, dock in dict(viewer.window.dock_widgets).items():
        title = own_title(name)
        if title is not None and isinstance(dock, ScanDock):
            docks[title] = dock
    return docks


def dock_class(title: str) -> Any:
    """Import the class of the dock with a title; return None if the manifest has none."""
    widgets = PluginManager.instance().get_manifest(PLUGIN).contributions.widgets or ()
    entry = next((entry for entry in widgets if entry.display_name == title), None)
    return None if entry is None else entry.get_callable()


def open_dock(viewer: Viewer, title: str, area: str = "right") -> ScanDock | None:
    """Add a new dock under the name by which the Plugins menu finds it.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    title : str
        Title of the dock in the manifest.
    area : {"left", "right", "top", "bottom"}
        Area of the window to which it is added.

    Returns
    -------
    ScanDock or None
        The dock; None if the manifest has no dock with this title.
    """
    kind = dock_class(title)
    if kind is None:
        return None
    dock: ScanDock = kind(viewer)
    add_dock(viewer, dock, title, area)
    return dock


def add_dock(viewer: Viewer, dock: ScanDock, title: str, area: str) -> None:
    """Add a dock under the name that :func:`open_dock` uses."""
    plugin = PluginManager.instance().get_manifest(PLUGIN).display_name
    viewer.window.add_dock_widget(dock, name=f"{title} ({plugin})", area=area)
