"""Layers of maps that were made on another energy axis or with other settings say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .scan import Scan

if TYPE_CHECKING:
    from napari.viewer import Viewer

_PIGMENT_KINDS = frozenset({"pigment", "group", "unexplained"})
#: What is no result, but the scan itself or something drawn.
_NO_RESULTS = frozenset({"counts", "marker", "pins", "picture", ""})


def mark_outdated(viewer: Viewer, scan: Scan) -> int:
    """Add to the names of old maps why they are old, and take it off the others.

    Returns
    -------
    int
        How many layers are old.
    """
    old = 0
    for layer in viewer.layers:
        kind, *_ = layer.metadata.get("xrf_map", ("",))
        if layer.metadata.get("xrf_scan") is not scan or kind in _NO_RESULTS:
            continue
        why = scan.outdated("pigments" if kind in _PIGMENT_KINDS else "elements")
        before = layer.metadata.get("xrf_outdated", "")
        old += bool(why)
        if why == before:
            continue
        name = layer.name.removesuffix(f" ({before})") if before else layer.name
        layer.metadata["xrf_outdated"] = why
        layer.name = f"{name} ({why})" if why else name
    return old
