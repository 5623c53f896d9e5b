"""Saving the work on scans in one file, and opening it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import dialogs as notices
from ..layers.adding import insert_layer
from ..layers.metadata import LayerInfo, remove_info, update_info
from ..layers.sync import session_of, unwrapped
from ..layers.update_queue import run_incrementally
from ..state.scan import Scan
from ..tasks import Task, Watch
from ._saved_session_view import docks_state, import_docks, restore_docks, restore_view, view_state
from .container import SUFFIX, ArrayShelf, SavedSession, Stopped, write_session
from .layers import import_layers, layer_state, restored_layer
from .scans import changed, find, opened, place_of, restored_scan, scan_state

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_xrf_pigments.cube import XRFCube

#: Asked with a sentence where a scan is; None: open the session without it.
Ask = Callable[[str], str | None]


@dataclass
class _Found:
    """A scan of a session that is being opened."""

    state: dict[str, Any]
    path: Path | None = None
    scan: Scan | None = None


def save_session(
    viewer: Viewer, path: Path, then: Callable[[Path], None] = lambda path: None
) -> Task:
    """Save all layers, scans, results, settings and the view, in a thread.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    path : Path
        The file; the ending is added where it has none.
    then : callable
        Called with the file when it is written.
    """
    # The menu gives a proxy, through which no dock is seen to be one of ours.
    viewer = unwrapped(viewer)
    target = path if path.suffix else path.with_suffix(SUFFIX)
    document, shelf, left_out = _collected(viewer, target.absolute().parent)

    def work(watch: Watch) -> bool:
        try:
            write_session(target.absolute(), document, shelf.arrays, watch)
        except Stopped:
            return False
        return True

    def done(written: bool) -> None:
        if not written:
            notices.info("The session was not saved.")
            return
        if left_out:
            notices.info(f"Saved as {target.name}, without {', '.join(left_out)}.")
        else:
            notices.info(f"Saved as {target.name}.")
        then(target)

    return Task(f"Saving {target.name}", work, done)


def _collected(viewer: Viewer, folder: Path) -> tuple[dict[str, Any], ArrayShelf, list[str]]:
    session, shelf = session_of(viewer), ArrayShelf()
    scans = list(session.scans)
    infos = [LayerInfo.of(layer) for layer in viewer.layers]
    samples = {id(info.scan) for info in infos if info.sample}
    states = [scan_state(scan, shelf, folder, id(scan) in samples) for scan in scans]
    layers, left_out = [], []
    for layer in viewer.layers:
        state = layer_state(layer, shelf, scans)
        if state is None:
            left_out.append(layer.name)
        else:
            layers.append(state)
    left_out += [
        f"the spectra of {scan.name}, which came from no file"
        for scan in scans
        if scan.cube.source is None and id(scan) not in samples
    ]
    document = {
        "scans": states,
        "chosen": scans.index(session.scan) if session.scan in scans else None,
        "layers": layers,
        "view": view_state(viewer),
        "docks": docks_state(viewer),
    }
    return document, shelf, left_out


def open_session(
    viewer: Viewer, path: Path, ask: Ask, then: Callable[[], None] = lambda: None
) -> Task:
    """Open a session in place of all layers, in a thread and then layer by layer.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    path : Path
        The file.
    ask : callable
        Asked for a scan that is no longer where it was.
    then : callable
        Called when all is there.
    """
    viewer = unwrapped(viewer)

    def work(watch: Watch) -> SavedSession:
        return SavedSession(path.absolute())

    def done(saved: SavedSession) -> None:
        try:
            found = [_located(state, saved.path, ask) for state in saved.document["scans"]]
        except (KeyError, TypeError, ValueError, AttributeError):
            notices.error(f"{saved.path.name} is damaged: what it says of its scans is wrong.")
            return
        _open_scans(viewer, saved, found, then)

    return Task(f"Opening {path.name}", work, done)


def _located(state: dict[str, Any], session: Path, ask: Ask) -> _Found:
    """Find the file of a scan, asking for it where it moved."""
    place = place_of(state)
    if place is None:
        return _Found(state)
    path = find(place, session.parent)
    if path is None:
        told = f"{place.name} is no longer in {Path(place.path).parent}; where is it now?"
        answer = ask(told)
        path = Path(answer) if answer else None
    return _Found(state, path)


def _open_scans(
    viewer: Viewer, saved: SavedSession, found: list[_Found], then: Callable[[], None]
) -> None:
    services = session_of(viewer).services

    def work(watch: Watch) -> list[str]:
        told = []
        import_docks(_docks(saved))
        import_layers(_list(saved.document.get("layers")))
        for number, entry in enumerate(found):
            watch(number, len(found) + 1)
            cube: XRFCube | None = None
            try:
                cube = _cube(entry, services.open_cube)
            except (ValueError, OSError) as error:
                told.append(str(error))
            if cube is None:
                name = entry.state["name"]
                told.append(f"The maps of {name} are shown without its spectra.")
                continue
            if changed(entry.state, cube):
                told.append(f"{entry.path} was changed since the session was saved.")
            entry.scan = restored_scan(entry.state, saved, cube)
        return told

    def done(told: list[str]) -> None:
        window = getattr(viewer.window, "_qt_window", None)
        if window is None:  # it was closed meanwhile
            return
        for sentence in told:
            notices.info(sentence)
        run_incrementally(window, _steps(viewer, saved, found, then))

    Task(f"Opening the scans of {saved.path.name}", work, done)


def _cube(entry: _Found, open_cube: Callable[[Path], XRFCube]) -> XRFCube | None:
    if entry.state.get("sample"):
        from napari_xrf_pigments.simulation import simulate_scan

        return simulate_scan(seed=0)[0]
    return None if entry.path is None else opened(entry.state, entry.path, open_cube)


def _steps(
    viewer: Viewer, saved: SavedSession, found: list[_Found], then: Callable[[], None]
) -> Iterator[None]:
    """Put the layers back, one an event-loop turn."""
    session = session_of(viewer)
    while viewer.layers:
        viewer.layers.pop()
        yield
    for state in _list(saved.document.get("layers")):
        try:
            layer, number = restored_layer(state, saved, found)
        except ValueError as error:
            notices.error(str(error))
            continue
        _bind(layer, None if number is None else found[number])
        insert_layer(viewer, layer)
        yield
    chosen = saved.document.get("chosen")
    if isinstance(chosen, int) and 0 <= chosen < len(found) and found[chosen].scan is not None:
        session.select_scan(found[chosen].scan)
    view = saved.document.get("view")
    missing: list[str] = []
    yield from restore_docks(viewer, _docks(saved), missing)
    yield from restore_view(viewer, view if isinstance(view, dict) else {})
    if missing:
        notices.info(f"There is no dock {', '.join(missing)} any more.")
    then()


def _docks(saved: SavedSession) -> list[dict[str, Any]]:
    return [dock for dock in _list(saved.document.get("docks")) if isinstance(dock, dict)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _bind(layer: Any, entry: _Found | None) -> None:
    """Tie a layer to its scan; without one it is a plain picture."""
    if entry is None or entry.scan is None:
        remove_info(layer)
        return
    info = LayerInfo.of(layer)
    moved = info.path is not None and entry.path is not None
    update_info(layer, scan=entry.scan, path=entry.path if moved else info.path)
    if info.kind == "counts":
        layer.data = entry.scan.totals.image
