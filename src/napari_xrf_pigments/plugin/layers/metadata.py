"""What layers of maps are called, and that the user may call them otherwise (no Qt)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..state.scan import Scan
from .specs import PIGMENT_KINDS

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer


def remember_name(layer: Layer) -> None:
    """Keep what a new layer is called: napari numbers names that are there already."""
    layer.metadata["xrf_name"] = layer.name


def rename(layer: Layer, name: str) -> None:
    """Give a layer its name unless the user has given it another."""
    last, why = layer.metadata.get("xrf_name"), layer.metadata.get("xrf_outdated", "")
    told = f" ({why})" if why else ""
    if last is None or layer.name != last + told:
        return
    if layer.name != name + told:
        layer.name = name + told
    layer.metadata["xrf_name"] = layer.name.removesuffix(told)


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
        why = scan.outdated(_result_of(kind))
        before = layer.metadata.get("xrf_outdated", "")
        old += bool(why)
        if why == before:
            continue
        name = layer.name.removesuffix(f" ({before})") if before else layer.name
        layer.metadata["xrf_outdated"] = why
        layer.name = f"{name} ({why})" if why else name
    return old


def _result_of(kind: str) -> str:
    """The result that a kind of layer belongs to."""
    if kind in PIGMENT_KINDS:
        return "pigments"
    return "trial" if kind == "trial" else "elements"
