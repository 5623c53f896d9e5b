"""The reader of napari: scans, maps and sessions that are dropped or opened."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import napari

from . import dialogs
from .layers.adding import LayerData
from .layers.metadata import LayerInfo
from .layers.sync import session_of
from .opening import (
    ViewerChanges,
    add_layers_incrementally,
    deduplicate_paired_files,
    discard_layer_data,
    is_open,
    offer_conversion,
    open_paths,
    read_scan,
    run_blocking_in_thread,
)
from .tasks import error_message

#: Layer data of a reader that adds no layers.
_NO_LAYERS: list[tuple[Any, ...]] = [(None,)]
#: Docks that most users open after a scan; their first import takes seconds.
_DOCK_MODULES = ("scan_card.dock", "elements.dock", "pigments.dock", "spectrum.dock")


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[tuple[Any, ...]]] | None:
    """Return the reader of local files and folders.

    The content is checked when it is read, so that the user gets a message for a file that is not
    a scan. The manifest lists the suffixes for which napari calls this function. Those of images
    and tables are not listed, because photographs are for other readers: a TIFF cube or a map in a
    table is opened from the menu, or by dropping it on a dock.

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
    """Read the layer data of scans; show an error for each path that is not a scan."""
    paths = [path] if isinstance(path, str) else list(path)
    viewer = napari.current_viewer()
    if viewer is not None:
        # The session updates the total counts once the layers are added.
        session_of(viewer)
    changes = None if viewer is None else ViewerChanges(viewer)
    layers_of: dict[Path, list[LayerData]] = {}
    # In a thread, because it imports the modules of the formats.
    for item in run_blocking_in_thread(partial(deduplicate_paired_files, paths)):
        if viewer is not None and item.suffix == dialogs.SESSION_SUFFIX:
            _open_session(viewer, item)
            continue
        if changes is not None and changes.closed:
            break
        if viewer is not None and is_open(viewer.layers, item):
            # After its dialog for one file of a drop, napari reads all of them once more.
            _offer_to_open_again(item)
            continue
        try:
            layers = run_blocking_in_thread(partial(read_scan, item))
        except (ValueError, OSError) as error:
            dialogs.error(error_message(error))
            continue
        for _, settings, _ in layers:
            scan = LayerInfo.from_metadata(settings["metadata"]).scan
            if viewer is None and scan is not None:
                # Without a viewer, no session updates them later.
                scan.totals.wait()
        layers_of[item] = layers
    if changes is not None:
        # The window may have been closed, and another drop may have opened the same scan.
        for item in [path for path in layers_of if changes.closed or changes.opened(path)]:
            discard_layer_data(layers_of.pop(item))
    if layers_of and viewer is not None:
        _preload_docks()
    if viewer is not None and _have_scan(layers_of.values()):
        _open_docks(viewer)
    for item, layers in layers_of.items():
        offer_conversion(item, layers)
    layers = [layer for each in layers_of.values() for layer in each]
    if len(layers) > 1 and viewer is not None and dialogs.main_window(viewer) is not None:
        # napari adds all layers of a reader at once: with many maps it would freeze for seconds.
        _add_remaining_layers(viewer, layers[0], layers[1:])
        return list(layers[:1])
    return list(layers) or _NO_LAYERS


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


def _have_scan(layers_of: Iterable[list[LayerData]]) -> bool:
    """Return whether a scan was opened, and not only maps."""
    settings = [settings for layers in layers_of for _, settings, _ in layers]
    return any(LayerInfo.from_metadata(each["metadata"]).scan is not None for each in settings)


def _open_docks(viewer: Any) -> None:
    """Show the docks after napari has added the layers."""
    from qtpy.QtCore import QTimer

    from .commands import open_docks_with_scan

    QTimer.singleShot(0, lambda: open_docks_with_scan(viewer))


def _add_remaining_layers(viewer: Any, first: LayerData, others: list[LayerData]) -> None:
    """Add the other layers of a file after napari has added the first."""
    from qtpy.QtCore import QTimer

    inserted = viewer.layers.events.inserted
    path = LayerInfo.from_metadata(first[1]["metadata"]).path

    def add() -> None:
        if dialogs.main_window(viewer) is not None:  # it may have been closed
            add_layers_incrementally(viewer, others)

    def add_after_first(event: Any) -> None:
        # Other layers may be added before it, because napari's progress bar processes events.
        if LayerInfo.of(event.value).path == path:
            inserted.disconnect(add_after_first)
            QTimer.singleShot(0, add)

    inserted.connect(add_after_first)


def _offer_to_open_again(path: Path) -> None:
    def accept() -> None:
        viewer = napari.current_viewer()
        if viewer is not None:
            open_paths(viewer, [path], session_of(viewer).services)

    dialogs.offer(f"{path.name} is open already.", "Open again", accept)


def _open_session(viewer: Any, path: Path) -> None:
    """Open a saved session after napari has finished the drop."""
    from qtpy.QtCore import QTimer

    from .commands import replace_by_session

    QTimer.singleShot(0, lambda: replace_by_session(viewer, path))
