"""Show and select maps of a scan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..state.scan import Scan
from .metadata import LayerInfo, map_layers, update_info

if TYPE_CHECKING:
    from napari.viewer import Viewer


def select_visible(viewer: Viewer, scan: Scan, kinds: Iterable[str]) -> bool:
    """Select the uppermost visible map if a hidden layer of other kinds is selected.

    The layer controls would act on a layer that is not visible. A hidden map of these kinds stays
    selected, because the user selected it.

    Returns
    -------
    bool
        Whether the selection changed.
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
    """Show the maps with the given keys, and hide the other maps of the given kinds."""
    for _ in iter_show_only(viewer, scan, kinds, keys):
        pass


def iter_show_only(
    viewer: Viewer, scan: Scan, kinds: Iterable[str], keys: set[tuple[str, str]]
) -> Iterator[None]:
    """Do the work of :func:`show_only` in steps of one layer each."""
    for key, layer in map_layers(viewer, scan, kinds).items():
        if key in keys and layer in viewer.layers:
            viewer.layers.selection.active = layer
        # From here on the user decides, even if nothing changes now: see show_maps.
        update_info(layer, assigned_visible=None)
        # napari spends as much time on a layer whose visibility does not change.
        if layer.visible != (key in keys):
            layer.visible = key in keys
            yield


def release_visibility(viewer: Viewer, scan: Scan, kinds: Iterable[str]) -> None:
    """Let the program decide again which maps of the given kinds are visible."""
    for layer in map_layers(viewer, scan, kinds).values():
        update_info(layer, assigned_visible=layer.visible)
