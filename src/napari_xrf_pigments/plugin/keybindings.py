"""Keys of this plugin, bound when a viewer first has a scan.

napari does not read key bindings from manifests: see docs/upstream.md.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.viewer import Viewer

#: Key, name of the function in ``commands``, description.
KEYS = (
    ("Shift-D", "open_docks", "show the docks Elements, Pigments and Spectrum"),
    ("Shift-E", "map_elements", "find and map the elements"),
    ("Shift-M", "map_pigments", "map the pigments"),
    ("Shift-R", "measure_regions", "measure the regions"),
    ("Shift-O", "overview", "show the overview of the pigments"),
    ("Shift-N", "next_map", "show the next map alone"),
    ("Shift-B", "previous_map", "show the previous map alone"),
    ("Shift-X", "cancel_all", "cancel all runs and tasks"),
    ("Shift-U", "undo", "undo a stroke on labels, or the last change of axis or settings"),
)


def bind_keys(viewer: Viewer) -> None:
    """Bind all keys except those that the user or another plugin has bound."""
    for key, name, _ in KEYS:
        with suppress(ValueError):  # the key is in use
            viewer.bind_key(key, _command(name))


def _command(name: str) -> Callable[[Viewer], None]:
    def run(viewer: Viewer) -> None:
        # Imported late, because commands import sessions, and sessions bind the keys.
        getattr(import_module(f"{__package__}.commands"), name)(viewer)

    return run
