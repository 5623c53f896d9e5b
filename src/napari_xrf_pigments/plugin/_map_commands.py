"""Menu commands and keys that work on the active scan: run, project, measure, step, undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _activity as activity
from . import dialogs as notices
from ._activity import Task
from ._home_commands import active_scan
from .layers.projections import PROJECTIONS, project, projection_spec
from .layers.sync import map_layers, show_maps
from .layers.visibility import show_only
from .saved_session._saved_session_view import open_dock, our_docks
from .state.session import session_of

if TYPE_CHECKING:
    from napari.viewer import Viewer

#: Kinds of maps that are looked at one after the other.
STEPPED = ("element", "derived", "composite", "group", "pigment", "pigment-top", "pigment-below")


def dock_of(viewer: Viewer, name: str) -> Any:
    """A dock of this plugin, opened if it is not."""
    # The menu gives a proxy, through which no dock is seen to be one of ours.
    viewer = session_of(viewer).viewer
    found = our_docks(viewer).get(name)
    return open_dock(viewer, name) if found is None else found


def map_elements(viewer: Viewer) -> None:
    """Menu: find and map the elements of the scan."""
    if active_scan(viewer) is not None:
        dock_of(viewer, "Elements").run()


def map_pigments(viewer: Viewer) -> None:
    """Menu: map the pigments of the scan."""
    scan = active_scan(viewer)
    if scan is None:
        return
    if not scan.checked:
        notices.info("The energy axis is being checked; map the pigments when that is done.")
        return
    dock_of(viewer, "Pigments").run()


def measure_regions(viewer: Viewer) -> None:
    """Menu: a table of the regions that were drawn."""
    if active_scan(viewer) is not None:
        dock_of(viewer, "Region table").measure()


def project_total(viewer: Viewer) -> None:
    """Menu: an image of the counts of all channels."""
    _project(viewer, "total")


def project_maximum(viewer: Viewer) -> None:
    """Menu: an image of the highest count of any channel."""
    _project(viewer, "maximum")


def project_mean(viewer: Viewer) -> None:
    """Menu: an image of the mean count of a channel."""
    _project(viewer, "mean")


def _project(viewer: Viewer, key: str) -> None:
    scan = active_scan(viewer)
    if scan is None:
        return
    viewer = session_of(viewer).viewer

    def done(image: Any) -> None:
        if scan in session_of(viewer).scans:
            for _ in show_maps(viewer, scan, [projection_spec(key, image)]):
                pass

    cube = scan.cube
    Task(
        f"{PROJECTIONS[key].title}: {scan.name}",
        lambda watch: project(cube, key, watch),
        done,
    )


def next_map(viewer: Viewer) -> None:
    """Key: show the next map alone."""
    _step(viewer, 1)


def previous_map(viewer: Viewer) -> None:
    """Key: show the map before alone."""
    _step(viewer, -1)


def _step(viewer: Viewer, by: int) -> None:
    scan = session_of(viewer).scan
    maps = list(map_layers(viewer, scan, STEPPED)) if scan is not None else []
    if not maps:
        return
    active = viewer.layers.selection.active
    key = tuple(active.metadata.get("xrf_map", ())) if active is not None else ()
    start = maps.index(key) if key in maps else (-1 if by > 0 else 0)
    show_only(viewer, scan, (*STEPPED, "counts", "projection"), {maps[(start + by) % len(maps)]})


def cancel_all(viewer: Viewer) -> None:
    """Key: stop all that runs; what is done stays."""
    for dock in our_docks(viewer).values():
        if getattr(dock, "running", False) and hasattr(dock, "cancel"):
            dock.cancel()
    for task in activity.running():
        task.cancel()


def undo(viewer: Viewer) -> None:
    """Key: take back the last stroke on labels, else the last change of axis or settings."""
    active = viewer.layers.selection.active
    scan = session_of(viewer).scan
    if active is not None and type(active).__name__ == "Labels":
        active.undo()
    elif scan is not None and scan.can_undo:
        scan.undo()
        notices.info(f"Taken back. {scan.axis_sentence()}")
    else:
        notices.info("There is nothing to take back.")
