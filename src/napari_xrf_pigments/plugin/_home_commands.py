"""Menu commands that take work home: export, report, session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from . import _asking as asking
from . import dialogs as notices
from ._activity import Task
from .export import FORMATS, export, export_report, maps_of
from .layers.region_masks import regions_of
from .saved_session import open_session, save_session
from .saved_session.container import SUFFIX
from .state.scan import Scan
from .state.session import session_of

if TYPE_CHECKING:
    from napari.viewer import Viewer

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
