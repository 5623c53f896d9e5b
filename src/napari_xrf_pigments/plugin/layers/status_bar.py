"""What the status bar says of the pixel under the mouse, for layers of results (no Qt)."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from ..spectrum.marks import percent
from . import colours
from .specs import PIGMENT_KINDS

if TYPE_CHECKING:
    from napari.layers import Layer

    from ..state.scan import Scan

_KINDS = PIGMENT_KINDS - {"unexplained"}


def tell_in_status_bar(layer: Layer) -> None:
    """Make a pigment layer say what was predicted at the cursor, once.

    napari asks the layer for its status from a thread of its own, at its own pace, so
    this does not hold the window up, and napari's own text is not written over.
    """
    key = layer.metadata.get("xrf_map")
    if not key or key[0] not in _KINDS or layer.metadata.get("xrf_status"):
        return
    layer.metadata["xrf_status"] = True
    own = weakref.ref(layer)
    original = type(layer).get_status

    def get_status(position: Any = None, **more: Any) -> dict[str, str]:
        here = own()
        if here is None:
            return {}
        status = original(here, position, **more)
        text = text_at(here, position, bool(more.get("world", False)))
        if text:
            status["coordinates"] = f"{status['coords']}: {text}"
            status["value"] = text
        return status

    layer.get_status = get_status


def text_at(layer: Layer, position: Any, world: bool = True) -> str:
    """What is known of a place: probability, top or below, alternatives, net counts."""
    scan = layer.metadata.get("xrf_scan")
    if scan is None or position is None:
        return ""
    place = layer.world_to_data(position) if world else position
    y, x = (int(value) for value in np.round(np.asarray(place, dtype=float)[-2:]))
    rows, columns = scan.cube.shape[:2]
    results = scan.pigments
    if not (0 <= y < rows and 0 <= x < columns) or results is None or not results.computed(y, x):
        return ""
    kind, name = layer.metadata["xrf_map"][:2]
    if kind == "group":
        if name not in results.groups:
            return ""
        value = float(results.group_probability[results.groups.index(name), y, x])
        members = ", ".join(colours.pigment_title(m) for m in colours.group_members(name))
        return f"{colours.group_title(name)} {percent(value)} (one or more of: {members})"
    if name not in results.names:
        return ""
    index = results.names.index(name)
    text = f"{colours.pigment_title(name)} {percent(float(results.probability[index, y, x]))}"
    text += f", top {percent(float(results.top[index, y, x]))}"
    text += f", below {percent(float(results.below[index, y, x]))}"
    return text + _alternatives(name) + _counts(scan, name, y, x)


def _alternatives(name: str) -> str:
    try:
        from napari_xrf_pigments.pigments.catalogue import pigment

        members = colours.group_members(pigment(name).group)
    except ValueError:
        return ""
    others = [colours.pigment_title(member) for member in members if member != name]
    return f"; could also be {', '.join(others)}" if others else ""


def _counts(scan: Scan, name: str, y: int, x: int) -> str:
    """Net counts of the lines that stand for a pigment, where they were mapped."""
    from napari_xrf_pigments.pigments.catalogue import pigment

    elements = scan.elements
    if elements is None:
        return ""
    told = []
    for family in pigment(name).diagnostic:
        if family in elements.names:
            index = elements.names.index(family)
            net, sigma = elements.counts[index, y, x], elements.sigma[index, y, x]
            if np.isfinite(net):
                told.append(f"{family} {net:,.0f} ± {sigma:,.0f}")
    return f"; {', '.join(told)}" if told else ""
