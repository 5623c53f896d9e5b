"""Commands of the menus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt

from . import dialogs as asking
from . import dialogs as notices
from .docks.window import open_dock, our_docks
from .export import FORMATS, export, export_report, maps_of
from .layers.metadata import LayerInfo, map_layers
from .layers.projections import PROJECTIONS, project, projection_spec
from .layers.region_masks import regions_of
from .layers.sync import camera_state, session_of, show_maps, unwrapped, view_is_untouched
from .layers.update_queue import run_incrementally
from .layers.visibility import show_only
from .opening import open_and_offer
from .saved_session import open_session, save_session
from .saved_session.container import SUFFIX
from .state.scan import Scan
from .tasks import LatestOnly, Task, running_tasks

if TYPE_CHECKING:
    from pathlib import Path

    from napari.viewer import Viewer
    from qtpy.QtWidgets import QWidget

_SESSIONS = f"Sessions (*{SUFFIX})"


def _beside(scan: Scan | None, name: str) -> str:
    """A name in the folder where a scan lies; the name alone where it came from no file."""
    source = None if scan is None else scan.cube.source
    return name if source is None else str(Path(source.path).parent / name)


def active_scan(viewer: Viewer) -> Scan | None:
    """The scan that is worked on; without one, the user is told."""
    scan = session_of(viewer).scan
    if scan is None:
        notices.error("Open a scan first.")
    return scan


def mapped_scan(viewer: Viewer) -> Scan | None:
    """The scan that is worked on if it has maps; else the user is told."""
    scan = active_scan(viewer)
    if scan is None:
        return None
    try:
        maps_of(scan)
    except ValueError as error:
        notices.error(str(error))
        return None
    return scan


def export_maps(viewer: Viewer) -> None:
    """Menu: save the maps of the scan in a format of the user's choice."""
    scan = mapped_scan(viewer)
    if scan is None:
        return
    filters = {
        f"{entry.title} (*{entry.suffix})" if entry.suffix else f"{entry.title}, a folder (*)": (
            entry.key
        )
        for entry in FORMATS
    }
    chosen = asking.ask_save("Export maps", _beside(scan, f"{scan.name} maps"), filters)
    if chosen is None:
        return
    path, key = chosen
    suffix = next(entry.suffix for entry in FORMATS if entry.key == key)
    if suffix and path.suffix.lower() != suffix:
        path = path.with_name(path.name + suffix)
    Task(
        f"Exporting {path.name}",
        lambda watch: export(scan, key, path, watch),
        lambda written: notices.info(f"Saved as {written}."),
    )


def save_report(viewer: Viewer) -> None:
    """Menu: write one web page with all that was found."""
    scan = mapped_scan(viewer)
    if scan is None:
        return
    remarks = asking.ask_text("Report", "Remarks to put at its start (may stay empty):")
    if remarks is None:
        return
    chosen = asking.ask_save(
        "Save report", _beside(scan, f"{scan.name}.html"), {"Web page (*.html)": "html"}
    )
    if chosen is None:
        return
    path = chosen[0] if chosen[0].suffix else chosen[0].with_suffix(".html")
    regions = {region.name: region.mask for region in regions_of(viewer, scan)}
    Task(
        f"Report {path.name}",
        lambda watch: export_report(scan, path, regions, scan.name, remarks, watch),
        _offer_to_open,
    )


def _offer_to_open(path: Path) -> None:
    from qtpy.QtCore import QUrl
    from qtpy.QtGui import QDesktopServices

    address = QUrl.fromLocalFile(str(path))
    notices.offer(f"Saved as {path.name}.", "Open", lambda: QDesktopServices.openUrl(address))


def save_session_as(viewer: Viewer) -> None:
    """Menu: save layers, regions, results and settings in one file."""
    if not viewer.layers:
        notices.error("There is nothing to save yet.")
        return
    scan = session_of(viewer).scan
    name = f"{scan.name if scan is not None else 'work'}{SUFFIX}"
    chosen = asking.ask_save("Save session", _beside(scan, name), {_SESSIONS: "session"})
    if chosen is not None:
        save_session(viewer, chosen[0])


def open_saved_session(viewer: Viewer) -> None:
    """Menu: open a session in place of what is open."""
    path = asking.ask_open("Open session", _SESSIONS)
    if path is not None:
        replace_by_session(viewer, path)


def replace_by_session(viewer: Viewer, path: Path) -> None:
    """Open a session; where layers are open, ask before they are closed."""
    count = len(viewer.layers)
    question = f"Opening {path.name} closes the {count} layers that are open. Go on?"
    if not count or asking.confirm("Open session", question):
        open_session(viewer, path, asking.ask_for_moved)


def open_scan(viewer: Viewer) -> None:
    """Menu: open the files of scans."""
    open_and_offer(viewer, asking.ask_for_files(asking.window()))


def open_scan_folder(viewer: Viewer) -> None:
    """Menu: open a folder that is a scan."""
    open_and_offer(viewer, asking.ask_for_folder(asking.window()))


def open_docks(viewer: Viewer, then: Callable[[], None] = lambda: None) -> None:
    """Menu: show the three docks, the maps on the right and the spectrum below.

    They are imported in a thread where that was not done, and made one an event-loop turn.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    then : callable
        Called when they are there.
    """
    viewer = unwrapped(viewer)

    def begin() -> None:
        window = notices.main_window(viewer)
        if window is not None:  # it may have been closed by now
            run_incrementally(window, _opening(viewer, then))

    LatestOnly(lambda modules: begin(), notices.error).submit(
        lambda: [import_module(d.module) for d in _DOCKS]
    )


@dataclass(frozen=True)
class _Dock:
    """A dock and where it is shown."""

    title: str
    kind: str
    area: str

    @property
    def module(self) -> str:
        return f"{__package__}.{self.title.lower()}.dock"

    @property
    def name(self) -> str:
        # The name that napari gives it when it is opened from the Plugins menu.
        return f"{self.title} (XRF Pigments)"


#: The maps share a place on the right: one above the other they would need a tall screen.
_DOCKS = (
    _Dock("Elements", "ElementsDock", "right"),
    _Dock("Pigments", "PigmentsDock", "right"),
    _Dock("Spectrum", "SpectrumDock", "bottom"),
)
_SPECTRUM_HEIGHT = 310
_TURNS = 3


def _opening(viewer: Viewer, then: Callable[[], None]) -> Iterator[None]:
    window, seen = viewer.window, camera_state(viewer)
    fits = view_is_untouched(viewer) or _fits(viewer)
    for entry in _DOCKS:
        if entry.title in our_docks(viewer):
            continue
        dock = getattr(import_module(entry.module), entry.kind)(viewer)
        yield
        if entry.title in our_docks(viewer):
            # Asked for twice, it came meanwhile.
            dock.deleteLater()
            continue
        window.add_dock_widget(dock, name=entry.name, area=entry.area)
        _dock_beside(window, entry)
        yield
    # Whoever closed one between two turns has it closed.
    spectrum, first = _frame(window, _DOCKS[-1]), _frame(window, _DOCKS[0])
    if spectrum is not None:
        spectrum.parent().resizeDocks([spectrum], [_SPECTRUM_HEIGHT], Qt.Orientation.Vertical)
    if first is not None:
        first.raise_()
    # The canvas has its new size some turns of the event loop later.
    for _ in range(_TURNS):
        yield
    if fits and camera_state(viewer) == seen:
        # Nobody has moved the picture: all of it is shown in what is left of the window.
        viewer.reset_view()
    then()


def _fits(viewer: Viewer) -> bool:
    """Whether the picture is shown as napari fits it into its window."""
    camera, before = viewer.scene.camera, camera_state(viewer)
    if not viewer.layers or viewer.dims.ndisplay != 2:
        return False
    viewer.reset_view()
    if np.allclose(camera_state(viewer), before):
        return True
    camera.center, camera.zoom = before[:3], before[3]
    return False


def _frame(window: Any, entry: _Dock) -> QWidget | None:
    """What holds a dock in the window; None where it is not shown."""
    dock = window.dock_widgets.get(entry.name)
    return None if dock is None else dock.parent()


def _dock_beside(window: Any, entry: _Dock) -> None:
    """Put a dock as a tab beside the one of ours that is in its place already."""
    for other in _DOCKS:
        first, second = _frame(window, other), _frame(window, entry)
        if other is entry or other.area != entry.area or first is None or second is None:
            continue
        first.parent().tabifyDockWidget(first, second)


#: Kinds of maps that are looked at one after the other.
STEPPED = ("element", "derived", "composite", "group", "pigment", "pigment-top", "pigment-below")


def dock_of(viewer: Viewer, name: str) -> Any:
    """A dock of this plugin, opened if it is not."""
    # The menu gives a proxy, through which no dock is seen to be one of ours.
    viewer = unwrapped(viewer)
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
    viewer = unwrapped(viewer)

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
    key = LayerInfo.of(active).key if active is not None else ("", "")
    start = maps.index(key) if key in maps else (-1 if by > 0 else 0)
    show_only(viewer, scan, (*STEPPED, "counts", "projection"), {maps[(start + by) % len(maps)]})


def cancel_all(viewer: Viewer) -> None:
    """Key: stop all that runs; what is done stays."""
    for dock in our_docks(viewer).values():
        if getattr(dock, "running", False) and hasattr(dock, "cancel"):
            dock.cancel()
    for task in running_tasks():
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
        notices.info("Nothing to undo.")
