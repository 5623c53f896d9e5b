"""Which of a scan's maps are shown, and which one is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..state.scan import Scan
from .metadata import LayerInfo, map_layers, update_info

if TYPE_CHECKING:
    from napari.viewer import Viewer


def select_visible(viewer: Viewer, scan: Scan, kinds: Iterable[str]) -> bool:
    """Choose the uppermost map that is shown, where a hidden layer of other kinds is chosen.

    Its controls would change nothing that is seen. A hidden map of these kinds stays chosen: the
    user did that.

    Returns
    -------
    bool
        Whether another layer was chosen.
    """
    active = viewer.layers.selection.active
    if active is None or active.visible or LayerInfo.of(active).scan is not scan:
        return False
    maps = map_layers(viewer, scan, kinds).values()
    shown = [layer for layer in maps if layer.visible]
    if not shown or active in maps:
        return False
    viewer.layers.selection.active = max(shown, key=viewer.layers.index)
    return True


def show_only(viewer: Viewer, scan: Scan, kinds: Iterable[str], keys: set[tuple[str, str]]) -> None:
    """Among the maps of some kinds show only those of some keys."""
    for _ in iter_show_only(viewer, scan, kinds, keys):
        pass


def iter_show_only(
    viewer: Viewer, scan: Scan, kinds: Iterable[str], keys: set[tuple[str, str]]
) -> Iterator[None]:
    """The same in steps, one layer that changes between two ``yield``."""
    for key, layer in map_layers(viewer, scan, kinds).items():
        if key in keys and layer in viewer.layers:
            viewer.layers.selection.active = layer
        # This is a choice, even where nothing changes: see show_maps.
        update_info(layer, assigned_visible=None)
        # napari does all its work for a layer that is shown or hidden already, too.
        if layer.visible != (key in keys):
            layer.visible = key in keys
            yield
