"""Save the work on scans in one file, and open it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import dialogs
from ..layers.adding import insert_layer
from ..layers.metadata import LayerInfo
from ..layers.sync import session_of, unwrapped
from ..layers.update_queue import run_incrementally
from ..state.scan import Scan
from ..state.services import Services
from ..tasks import Task
from .container import (
    ArrayStore,
    Cancelled,
    ProgressCallback,
    SavedSession,
    read_session,
    write_session,
)
from .docks import (
    docks_state,
    import_docks,
    restore_docks,
    restore_selection,
    restore_view,
    view_state,
)
from .layers import SavedLayer, create_layer, layer_state, link_pictures, saved_layer
from .scans import find_scan, restored_scan, scan_state

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

    from napari_xrf_pigments.cube import XRFCube

#: Called with a question for the path of a scan; None opens the session without its spectra.
AskForScan = Callable[[str], str | None]


def save_session(
    viewer: Viewer, path: Path, then: Callable[[Path], None] = lambda path: None
) -> Task:
    """Save all layers, scans, results, settings and the view, in a thread.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    path : Path
        The file; a suffix is added if it has none.
    then : callable
        Called with the file when it is written.
    """
    viewer = unwrapped(viewer)
    target = (path if path.suffix else path.with_suffix(dialogs.SESSION_SUFFIX)).absolute()
    document, store, left_out = _collect(viewer, target.parent)

    def work(progress: ProgressCallback) -> bool:
        try:
            write_session(target, document, store, progress)
        except Cancelled:
            return False
        return True

    def done(written: bool) -> None:
        if not written:
            dialogs.info("Cancelled; the session was not saved.")
            return
        without = f", without {', '.join(left_out)}" if left_out else ""
        dialogs.info(f"{dialogs.saved_as(target)}{without}.")
        then(target)

    return Task(f"Saving {target.name}", work, done)


def _collect(viewer: Viewer, folder: Path) -> tuple[dict[str, Any], ArrayStore, list[str]]:
    """Return the content of ``session.json``, its arrays, and the parts that cannot be saved."""
    session, store, layers = session_of(viewer), ArrayStore(), list(viewer.layers)
    scans, left_out = list(session.scans), []
    infos = [LayerInfo.of(layer) for layer in layers]
    samples = {id(info.scan): info.sample for info in infos if info.sample}
    scan_states = []
    for scan in scans:
        sample = samples.get(id(scan), "")
        scan_states.append(scan_state(scan, store, folder, sample))
        if scan.cube.source is None and not sample:
            left_out.append(f"the spectra of {scan.name}, which has no file")
    layer_states = []
    for layer in layers:
        state = layer_state(layer, store, scans)
        if state is None:
            left_out.append(layer.name)
        else:
            layer_states.append(state)
    document = {
        "scans": scan_states,
        "chosen": None if session.scan is None else scans.index(session.scan),
        "layers": layer_states,
        "docks": docks_state(viewer),
        "view": view_state(viewer),
    }
    return document, store, left_out


def open_session(
    viewer: Viewer, path: Path, ask: AskForScan, then: Callable[[], None] = lambda: None
) -> Task:
    """Replace all layers by those of a session, read in a thread and added one by one.

    The viewer does not change if the session is damaged.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    path : Path
        The file.
    ask : callable
        Called with a question if a scan has moved.
    then : callable
        Called when everything is restored.
    """
    viewer = unwrapped(viewer)
    services = session_of(viewer).services

    def read(session: SavedSession) -> None:
        try:
            paths = [
                _locate(state, session.path.parent, ask) for state in session.document["scans"]
            ]
        except (LookupError, TypeError, ValueError, AttributeError):
            dialogs.error(str(session.damaged("the description of its scans cannot be read")))
            return
        title = f"Opening the scans of {path.name}"
        Task(title, lambda progress: _open_scans(session, paths, services, progress), opened)

    def opened(content: _Content) -> None:
        window = dialogs.main_window(viewer)
        if window is None:  # it was closed while the scans were opened
            return
        for message in content.messages:
            dialogs.info(message)
        run_incrementally(window, _restore(viewer, content, then))

    return Task(f"Opening {path.name}", lambda progress: read_session(path.absolute()), read)


def _locate(state: Mapping[str, Any], folder: Path, ask: AskForScan) -> Path | None:
    """Return the file of a scan; ask for it if it moved."""
    location = state["location"]
    if location is None:
        return None
    path, before = find_scan(location, folder), Path(location["path"])
    if path is not None:
        return path
    answer = ask(f"{before.name} was not found in {before.parent}. Where is it now?")
    return Path(answer) if answer else None


@dataclass
class _Content:
    """A session with its scans opened and its layers prepared."""

    session: SavedSession
    scans: list[Scan | None] = field(default_factory=list)
    layers: list[SavedLayer] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)


def _open_scans(
    session: SavedSession,
    paths: list[Path | None],
    services: Services,
    progress: ProgressCallback,
) -> _Content:
    """Open the scans of a session, in a thread.

    Raises
    ------
    ValueError
        If the session is damaged.
    """
    content = _Content(session)
    try:
        for number, state in enumerate(session.document["scans"]):
            progress(number, len(paths))
            content.scans.append(_open_scan(content, state, paths[number], services))
        content.layers += [
            saved_layer(state, session, content.scans, paths)
            for state in session.document["layers"]
        ]
    except (LookupError, TypeError, AttributeError) as error:
        raise session.damaged("its description cannot be read") from error
    import_docks(session.document.get("docks"))
    return content


def _open_scan(
    content: _Content, state: Mapping[str, Any], path: Path | None, services: Services
) -> Scan | None:
    """Open a scan and restore its state; return None if its spectra cannot be read."""
    cube = None
    try:
        cube = _open_cube(state, path, services)
    except (ValueError, OSError) as error:
        content.messages.append(str(error))
    if cube is None:
        content.messages.append(f"The maps of {state['name']} are shown without its spectra.")
        return None
    if path is not None and cube.source and cube.source.size != state["location"]["size"]:
        content.messages.append(
            f"{path.name} has changed since the session was saved. The saved maps may not match "
            "it; map it again to update them."
        )
    return restored_scan(state, content.session, cube)


def _open_cube(state: Mapping[str, Any], path: Path | None, services: Services) -> XRFCube | None:
    if state["sample"]:
        from napari_xrf_pigments.simulation import simulate_scan

        return simulate_scan(seed=0)[0]
    detector = (state["location"] or {}).get("detector")
    choice = {} if detector is None else {"detector": str(detector)}
    cube = None if path is None else services.open_cube(path, **choice)
    if cube is not None and path is not None and list(cube.shape) != list(state["shape"]):
        raise ValueError(f"{path.name} is not the scan of this session: its size differs.")
    return cube


def _restore(viewer: Viewer, content: _Content, then: Callable[[], None]) -> Iterator[None]:
    """Restore layers, docks and view, one layer or dock per turn of the event loop."""
    document, layers = content.session.document, []
    try:
        for saved in content.layers:
            layers.append(create_layer(saved, content.session))
            yield
    except ValueError as error:
        dialogs.error(str(error))
        return
    link_pictures(content.layers, layers)
    yield from _replace_layers(viewer, layers, document.get("view"))
    index = document.get("chosen")
    scan = dict(enumerate(content.scans)).get(index) if isinstance(index, int) else None
    if scan is not None:
        session_of(viewer).select_scan(scan)
    missing: list[str] = []
    yield from restore_docks(viewer, document.get("docks"), missing)
    restore_selection(viewer, document.get("view"))
    if missing:
        dialogs.info(f"Docks that this version does not have were left out: {', '.join(missing)}.")
    then()


def _replace_layers(viewer: Viewer, layers: list[Layer], view: object) -> Iterator[None]:
    """Show the visible layers and their view first, then remove the old and add the hidden."""
    old, names = list(viewer.layers), [layer.name for layer in layers]
    for layer in layers:
        if layer.visible:
            insert_layer(viewer, layer)
            yield
    yield from restore_view(viewer, view)
    for layer in old:
        if layer in viewer.layers:
            viewer.layers.remove(layer)
            yield
    for layer, name in zip(layers, names, strict=True):
        # napari numbered a name that an old layer had.
        layer.name = name
    for index, layer in enumerate(layers):
        if layer not in viewer.layers:
            insert_layer(viewer, layer, index)
            yield
