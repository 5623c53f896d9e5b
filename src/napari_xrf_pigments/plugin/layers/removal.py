"""Remove the maps of a scan, or all of its layers, in one step (no Qt)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..state.scan import Scan
from .metadata import LayerInfo

if TYPE_CHECKING:
    from napari.viewer import Viewer

#: Kinds of layers of a scan that show no results.
_RETAINED = frozenset({"counts", "marker", "annotations", "control points"})


def remove_maps(viewer: Viewer, scan: Scan) -> int:
    """Remove all maps of a scan and their results; return the number of layers removed."""
    scan.discard_results()
    return _remove(viewer, scan, lambda info: info.kind not in _RETAINED)


def close_scan(viewer: Viewer, scan: Scan) -> int:
    """Remove all layers of a scan, which closes it; return their number."""
    return _remove(viewer, scan, lambda info: True)


def _remove(viewer: Viewer, scan: Scan, condition: Callable[[LayerInfo], bool]) -> int:
    infos = [(layer, LayerInfo.of(layer)) for layer in viewer.layers]
    removed = [layer for layer, info in infos if info.scan is scan and condition(info)]
    for layer in removed:
        viewer.layers.remove(layer)
    return len(removed)
