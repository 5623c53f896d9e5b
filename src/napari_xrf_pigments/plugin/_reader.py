"""The reader contribution."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import napari

from . import dialogs as notices
from .layers.adding import LayerData
from .layers.metadata import LayerInfo
from .layers.sync import session_of
from .opening import (
    Meanwhile,
    add_in_turn,
    forget,
    is_open,
    one_of_each_scan,
    open_paths,
    read_scan,
    run_blocking_in_thread,
    sentence_of,
)
from .saved_session.container import SUFFIX

#: What a reader returns when it did its work and there is nothing to show.
_NOTHING: list[tuple[Any, ...]] = [(None,)]
#: Docks that most users open after a scan; their first import takes seconds.
_DOCK_MODULES = ("elements.dock", "pigments.dock", "spectrum.dock")


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[tuple[Any, ...]]] | None:
    """The reader of local files and folders.

    The content is looked at when reading: a user who chose this reader for a file that is
    no scan is told so in one sentence. napari asks for it by the names in the manifest, where
    those of pictures and tables are left out, so that photographs open as ever: a TIFF cube or
    a map in a table is opened by the menu or by dropping it on a dock.

    Parameters
    ----------
    path : str or sequence of str
        One path, or several that were dropped as a stack.
    """
    paths = [path] if isinstance(path, str) else list(path)
    if not paths or not all(Path(item).exists() for item in paths):
        return None
    return read


def read(path: str | Sequence[str]) -> list[tuple[Any, ...]]:
    """Layer data of the scans; what is no scan gives a notification and no layer."""
    paths = [path] if isinstance(path, str) else list(path)
    viewer = napari.current_viewer()
    if viewer is not None:
        # It fills the layers in as soon as they are added.
        session_of(viewer)
    meanwhile = None if viewer is None else Meanwhile(viewer)
    found: dict[Path, list[LayerData]] = {}
    # In a thread, too: it imports what knows the formats.
    for item in run_blocking_in_thread(partial(one_of_each_scan, paths)):
        if viewer is not None and item.suffix == SUFFIX:
            _open_session(viewer, item)
            continue
        if meanwhile is not None and meanwhile.closed:
            break
        if viewer is not None and is_open(viewer.layers, item):
            # napari also reads all files of a drop once more after its dialog for one of them.
            _offer_to_open_again(item)
            continue
        try:
            layers = run_blocking_in_thread(partial(read_scan, item))
        except (ValueError, OSError) as error:
            notices.error(sentence_of(error, item))
            continue
        for _, settings, _ in layers:
            scan = LayerInfo.from_metadata(settings["metadata"]).scan
            if viewer is None and scan is not None:
                # Nobody would fill it in later.
                scan.totals.wait()
        found[item] = layers
    if meanwhile is not None:
        # napari adds the layers when this returns: not to a window that was closed, nor a
        # scan that another drop has opened while this one was read.
        for item in [path for path in found if meanwhile.closed or meanwhile.opened(path)]:
            forget(found.pop(item))
    if found and viewer is not None:
        _preload_docks()
    layers = [layer for each in found.values() for layer in each]
    if len(layers) > 1 and viewer is not None and notices.main_window(viewer) is not None:
        # napari adds all that it is given at once: of many maps it would stand still for seconds.
        _add_after(viewer, layers[0], layers[1:])
        return list(layers[:1])
    return list(layers) or _NOTHING


@cache
def _preload_docks() -> threading.Thread:
    """Import the modules of the docks in a thread, once per process."""

    def load() -> None:
        for name in _DOCK_MODULES:
            # An error is shown when the dock is opened.
            with suppress(Exception):
                import_module(f".{name}", __package__)

    thread = threading.Thread(target=load, name="import of the docks")
    thread.start()
    return thread


def _add_after(viewer: Any, first: LayerData, others: list[LayerData]) -> None:
    """Add layers when napari has added the one that it was given."""
    from qtpy.QtCore import QTimer

    inserted = viewer.layers.events.inserted
    path = LayerInfo.from_metadata(first[1]["metadata"]).path

    def add() -> None:
        if notices.main_window(viewer) is not None:  # it was not closed meanwhile
            add_in_turn(viewer, others)

    def look(event: Any) -> None:
        # napari's progress bar lets other events in before.
        if LayerInfo.of(event.value).path == path:
            inserted.disconnect(look)
            QTimer.singleShot(0, add)

    inserted.connect(look)


def _offer_to_open_again(path: Path) -> None:
    def accept() -> None:
        viewer = napari.current_viewer()
        if viewer is not None:
            open_paths(viewer, [path], session_of(viewer).services)

    notices.offer(f"{path.name} is open already.", "Open again", accept)


def _open_session(viewer: Any, path: Path) -> None:
    """Open a saved session when napari has ended with what was dropped."""
    from qtpy.QtCore import QTimer

    from .commands import replace_by_session

    QTimer.singleShot(0, lambda: replace_by_session(viewer, path))
