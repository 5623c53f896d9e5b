"""Commands of the menus and keys; napari passes the viewer to each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow

from . import dialogs
from .docks.window import add_dock, dock_class, open_dock, our_docks
from .export import FORMATS, export, export_report, maps_of
from .layers import removal
from .layers.metadata import LayerInfo, map_layers
from .layers.projections import PROJECTIONS, project, projection_spec
from .layers.region_masks import regions_of
from .layers.sync import (
    camera_state,
    fit_view,
    session_of,
    show_maps,
    unwrapped,
    view_is_untouched,
)
from .layers.update_queue import run_incrementally
from .layers.visibility import show_only
from .opening import open_scans, run_blocking_in_thread
from .preferences import preferences
from .state.scan import Scan
from .tasks import LatestOnly, Task, running_tasks

if TYPE_CHECKING:
    from napari.viewer import Viewer

_SESSIONS = f"Sessions (*{dialogs.SESSION_SUFFIX})"


def path_beside(scan: Scan | None, name: str) -> str:
    """Return a path in the folder of a scan; the name alone for a scan without a file."""
    source = None if scan is None else scan.cube.source
    return name if source is None else str(Path(source.path).parent / name)


def active_scan(viewer: Viewer) -> Scan | None:
    """Return the selected scan; without one, show an error."""
    scan = session_of(viewer).scan
    if scan is None:
        dialogs.error("Open a scan first.")
    return scan


def mapped_scan(viewer: Viewer) -> Scan | None:
    """Return the selected scan if it has maps; otherwise show an error."""
    scan = active_scan(viewer)
    if scan is None:
        return None
    try:
        maps_of(scan)
    except ValueError as error:
        dialogs.error(str(error))
        return None
    return scan


def export_maps(viewer: Viewer) -> None:
    """Save the maps of the scan in a format that the user chooses."""
    scan = mapped_scan(viewer)
    if scan is None:
        return
    filters = {
        f"{entry.title} (*{entry.suffix})" if entry.suffix else f"{entry.title}, a folder (*)": (
            entry.key
        )
        for entry in FORMATS
    }
    chosen = dialogs.ask_save("Export maps", path_beside(scan, f"{scan.name} maps"), filters)
    if chosen is None:
        return
    path, key = chosen
    suffix = next(entry.suffix for entry in FORMATS if entry.key == key)
    if suffix and path.suffix.lower() != suffix:
        path = path.with_name(path.name + suffix)
    Task(
        f"Exporting {path.name}",
        lambda progress: export(scan, key, path, progress),
        lambda written: dialogs.info(f"{dialogs.saved_as(Path(written))}."),
    )


def save_report(viewer: Viewer) -> None:
    """Write a report of the scan as one web page."""
    scan = mapped_scan(viewer)
    if scan is None:
        return
    remarks = dialogs.ask_text("Report", "Remarks for the start of the report (optional):")
    if remarks is None:
        return
    chosen = dialogs.ask_save(
        "Save report", path_beside(scan, f"{scan.name}.html"), {"Web page (*.html)": "html"}
    )
    if chosen is None:
        return
    path = chosen[0] if chosen[0].suffix else chosen[0].with_suffix(".html")
    regions = {region.name: region.mask for region in regions_of(viewer, scan)}
    Task(
        f"Report {path.name}",
        lambda progress: export_report(scan, path, regions, scan.name, remarks, progress),
        _offer_to_open,
    )


def _offer_to_open(path: Path) -> None:
    from qtpy.QtCore import QUrl
    from qtpy.QtGui import QDesktopServices

    def open_file() -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

    dialogs.offer(f"{dialogs.saved_as(path)}.", "Open", open_file)


def save_session_as(viewer: Viewer) -> None:
    """Save layers, regions, results and settings as a session."""
    from .saved_session import save_session

    if not viewer.layers:
        dialogs.error("There is nothing to save; open a scan first.")
        return
    scan = session_of(viewer).scan
    name = f"{scan.name if scan is not None else 'work'}{dialogs.SESSION_SUFFIX}"
    chosen = dialogs.ask_save("Save session", path_beside(scan, name), {_SESSIONS: "session"})
    if chosen is not None:
        save_session(viewer, chosen[0])


def open_saved_session(viewer: Viewer) -> None:
    """Open a session that the user chooses, in place of the open layers."""
    path = dialogs.ask_open("Open session", _SESSIONS)
    if path is not None:
        replace_by_session(viewer, path)


def replace_by_session(viewer: Viewer, path: Path) -> None:
    """Open a session, after confirmation if it replaces open layers."""
    count = len(viewer.layers)
    question = f"Opening {path.name} closes the {count} open layers. Continue?"
    if not count or dialogs.confirm("Open session", question):
        # In a thread, because it imports PyTorch.
        module = run_blocking_in_thread(partial(import_module, ".saved_session", __package__))
        module.open_session(viewer, path, dialogs.ask_for_moved)


def open_scan(viewer: Viewer) -> None:
    """Open the files of scans."""
    _open(viewer, dialogs.ask_for_files(dialogs.window()))


def open_scan_folder(viewer: Viewer) -> None:
    """Open a folder that is a scan."""
    _open(viewer, dialogs.ask_for_folder(dialogs.window()))


def _open(viewer: Viewer, paths: list[str]) -> None:
    before = len(session_of(viewer).scans)
    open_scans(viewer, paths)
    if len(session_of(viewer).scans) > before:
        open_docks_with_scan(viewer)


def open_docks_with_scan(viewer: Viewer) -> None:
    """Show the docks after a scan was opened, if the user prefers that; the card is in front."""
    if preferences().open_docks and dialogs.main_window(unwrapped(viewer)) is not None:
        open_docks(viewer, front="Scan")


def open_docks(
    viewer: Viewer, then: Callable[[], None] = lambda: None, front: str = "Elements"
) -> None:
    """Show the docks Scan, Elements and Pigments on the right and Spectrum below.

    Their modules are imported in a thread, and one is created per turn of the event loop.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    then : callable
        Called when all are shown.
    front : str
        Title of the dock on the right that comes to the front.
    """
    viewer = unwrapped(viewer)

    def begin(classes: Any) -> None:
        window = dialogs.main_window(viewer)
        if window is not None:  # it may have been closed by now
            run_incrementally(window, _show_docks(viewer, window, then, front))

    LatestOnly(begin, dialogs.error).submit(lambda: [dock_class(title) for title in _AREAS])


#: Docks that :func:`open_docks` shows, and their areas. Those on the right are tabs, because one
#: above the other they would need a tall screen.
_AREAS = {"Scan": "right", "Elements": "right", "Pigments": "right", "Spectrum": "bottom"}
_SPECTRUM_HEIGHT = 310
#: Turns of the event loop after which the canvas has its new size when a dock was added.
_TURNS = 3


def _show_docks(
    viewer: Viewer, window: QMainWindow, then: Callable[[], None], front: str
) -> Iterator[None]:
    camera = camera_state(viewer)
    fits = view_is_untouched(viewer) or _fits(viewer)
    if all(title in our_docks(viewer) for title in _AREAS):
        then()
        return
    for title, area in _AREAS.items():
        if title in our_docks(viewer):
            continue
        dock = dock_class(title)(viewer)
        yield
        if title in our_docks(viewer):
            # It was opened by other means since the last turn.
            dock.deleteLater()
            continue
        add_dock(viewer, dock, title, area)
        frames = [_frame(viewer, name) for name, side in _AREAS.items() if side == area == "right"]
        shown = [frame for frame in frames if frame is not None and not frame.isFloating()]
        for frame, following in pairwise(shown):
            window.tabifyDockWidget(frame, following)
        yield
    # The user may have closed one of them by now.
    front_frame, spectrum = _frame(viewer, front), _frame(viewer, "Spectrum")
    if spectrum is not None:
        height = min(_SPECTRUM_HEIGHT, window.height() * 2 // 5)
        window.resizeDocks([spectrum], [height], Qt.Orientation.Vertical)
    if front_frame is not None:
        front_frame.raise_()
    for _ in range(_TURNS):
        yield
    if fits and camera_state(viewer) == camera:
        # The user has not moved the image: fit it into the smaller canvas.
        fit_view(viewer)
    then()


def _fits(viewer: Viewer) -> bool:
    """Return whether the view is the one that napari fits to the canvas."""
    camera, before = viewer.scene.camera, camera_state(viewer)
    if not viewer.layers or viewer.dims.ndisplay != 2:
        return False
    viewer.reset_view()
    if np.allclose(camera_state(viewer), before):
        return True
    camera.center, camera.zoom = before[:3], before[3]
    return False


def _frame(viewer: Viewer, title: str) -> QDockWidget | None:
    """Return the frame of a dock in the window; None if it is not open."""
    dock = our_docks(viewer).get(title)
    frame = None if dock is None else dock.parent()
    return frame if isinstance(frame, QDockWidget) else None


#: Kinds of maps that the keys step through.
STEPPED = (
    "element",
    "derived",
    "composite",
    "overview",
    "group",
    "pigment",
    "pigment-top",
    "pigment-below",
)


def dock_of(viewer: Viewer, name: str) -> Any:
    """Return a dock of this plugin; open it if it is not open."""
    # A menu passes a proxy of the viewer, which would wrap the docks as well.
    viewer = unwrapped(viewer)
    dock = our_docks(viewer).get(name)
    return open_dock(viewer, name) if dock is None else dock


def map_elements(viewer: Viewer) -> None:
    """Find and map the elements of the scan."""
    if active_scan(viewer) is not None:
        dock_of(viewer, "Elements").run()


def map_pigments(viewer: Viewer) -> None:
    """Map the pigments of the scan."""
    scan = active_scan(viewer)
    if scan is None:
        return
    if not scan.checked:
        dialogs.info("The energy axis is still being checked. Map the pigments when that is done.")
        return
    dock_of(viewer, "Pigments").run()


def remove_maps(viewer: Viewer) -> None:
    """Remove all maps of the scan, after confirmation."""
    scan = active_scan(viewer)
    if scan is not None and _may_discard(scan, "Remove maps", f"Remove all maps of {scan.name}?"):
        removal.remove_maps(unwrapped(viewer), scan)
        session = session_of(viewer)
        # All docks show the scan anew, without maps.
        session.select_scan(None)
        session.select_scan(scan)


def close_scan(viewer: Viewer) -> None:
    """Remove all layers of the scan, after confirmation if it has maps."""
    scan = active_scan(viewer)
    if scan is not None and _may_discard(
        scan, "Close scan", f"Close {scan.name}? Its maps are discarded."
    ):
        removal.close_scan(unwrapped(viewer), scan)


def _may_discard(scan: Scan, title: str, question: str) -> bool:
    mapped = scan.elements is not None or scan.pigments is not None
    return not mapped or dialogs.confirm(title, question)


def measure_regions(viewer: Viewer) -> None:
    """Show a table of the drawn regions."""
    if active_scan(viewer) is not None:
        dock_of(viewer, "Region table").measure()


def project_total(viewer: Viewer) -> None:
    """Add an image of the counts of all channels."""
    _project(viewer, "total")


def project_maximum(viewer: Viewer) -> None:
    """Add an image of the highest count of any channel."""
    _project(viewer, "maximum")


def project_mean(viewer: Viewer) -> None:
    """Add an image of the mean count per channel."""
    _project(viewer, "mean")


def _project(viewer: Viewer, key: str) -> None:
    scan = active_scan(viewer)
    if scan is None:
        return
    viewer = unwrapped(viewer)

    def done(image: Any) -> None:
        if scan in session_of(viewer).scans:
            for _ in show_maps(viewer, scan, [projection_spec(key, image)]):
                pass

    cube = scan.cube
    Task(
        f"{PROJECTIONS[key].title}: {scan.name}",
        lambda progress: project(cube, key, progress),
        done,
    )


def overview(viewer: Viewer) -> None:
    """Show the overview of the pigments."""
    scan = active_scan(viewer)
    if scan is None:
        return
    if scan.pigments is None:
        dialogs.info("There is no overview yet. Map the pigments first.")
        return
    dock_of(viewer, "Pigments").show_overview()


def next_map(viewer: Viewer) -> None:
    """Show the next map alone."""
    _step(viewer, 1)


def previous_map(viewer: Viewer) -> None:
    """Show the previous map alone."""
    _step(viewer, -1)


def _step(viewer: Viewer, by: int) -> None:
    scan = session_of(viewer).scan
    maps = list(map_layers(viewer, scan, STEPPED)) if scan is not None else []
    if scan is None or not maps:
        return
    active = viewer.layers.selection.active
    key = LayerInfo.of(active).key if active is not None else ("", "")
    start = maps.index(key) if key in maps else (-1 if by > 0 else 0)
    show_only(viewer, scan, (*STEPPED, "counts", "projection"), {maps[(start + by) % len(maps)]})


def cancel_all(viewer: Viewer) -> None:
    """Cancel all runs and tasks; finished tiles stay."""
    for dock in our_docks(viewer).values():
        if getattr(dock, "running", False) and hasattr(dock, "cancel"):
            dock.cancel()
    for task in running_tasks():
        task.cancel()


def undo(viewer: Viewer) -> None:
    """Undo the last stroke on a Labels layer, else the last change of axis or settings."""
    active = viewer.layers.selection.active
    scan = session_of(viewer).scan
    if active is not None and type(active).__name__ == "Labels":
        active.undo()
    elif scan is not None and scan.can_undo:
        scan.undo()
        dialogs.info(f"Undone. {scan.axis_sentence()}")
    else:
        dialogs.info("Nothing to undo.")
