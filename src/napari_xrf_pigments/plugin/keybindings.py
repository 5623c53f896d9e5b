"""Keys of this plugin, bound when a viewer first has a scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.viewer import Viewer

#: Key, the function in ``commands``, and what it does.
KEYS = (
    ("Shift-D", "commands:open_docks", "show the docks Elements, Pigments and Spectrum"),
    ("Shift-E", "commands:map_elements", "find and map the elements"),
    ("Shift-M", "commands:map_pigments", "map the pigments"),
    ("Shift-R", "commands:measure_regions", "measure the regions"),
    ("Shift-N", "commands:next_map", "show the next map alone"),
    ("Shift-B", "commands:previous_map", "show the map before alone"),
    ("Shift-X", "commands:cancel_all", "stop all that runs"),
    ("Shift-U", "commands:undo", "undo a stroke on labels, or the last change of axis"),
)


def bind_keys(viewer: Viewer) -> None:
    """Bind all keys; what a user has bound to one of them stays."""
    for key, place, _ in KEYS:
        try:
            viewer.bind_key(key, _command(place))
        except ValueError:
            # The user or another plugin has it.
            continue


def _command(place: str) -> Callable[[Viewer], None]:
    module, name = place.split(":")

    def run(viewer: Viewer) -> None:
        from importlib import import_module

        getattr(import_module(f".{module}", __package__), name)(viewer)

    return run
