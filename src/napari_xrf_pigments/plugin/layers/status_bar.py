"""Predictions and net counts of the pixel under the mouse, in the status bar (no Qt)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_xrf_pigments.pigments import display
from napari_xrf_pigments.pigments.display import format_probability

from .metadata import LayerInfo
from .specs import PIGMENT_KINDS

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

    from ..state.scan import Scan

_KINDS = PIGMENT_KINDS - {"unexplained"}


def show_predictions_in_status_bar(viewer: Viewer) -> None:
    """Append the predictions at the cursor to the status of pigment layers.

    Parameters
    ----------
    viewer : Viewer
        The viewer; napari computes its status in a thread and emits it.
    """
    # After the callback of the window, which shows the status of napari.
    viewer.events.status.connect(_append_prediction, position="last")


def _append_prediction(event: Any) -> None:
    viewer, status = event.source, event.value
    layer = viewer.layers.selection.active
    if layer is None or not isinstance(status, dict) or "coords" not in status:
        return
    text = text_at(layer, viewer.cursor.position)
    if text and status["value"] != text:
        viewer.status = {**status, "coordinates": f"{status['coords']}: {text}", "value": text}


def text_at(layer: Layer, position: tuple[float, ...]) -> str:
    """Describe a pixel: probability by depth, alternatives, net counts.

    Parameters
    ----------
    layer : Layer
        Any layer; the text is empty for layers that show no pigments.
    position : tuple of float
        World coordinates.
    """
    info = LayerInfo.of(layer)
    scan, kind, name = info.scan, info.kind, info.name
    if scan is None or kind not in _KINDS:
        return ""
    y, x = (int(value) for value in np.round(np.asarray(layer.world_to_data(position))[-2:]))
    rows, columns = scan.cube.shape[:2]
    results = scan.pigments
    if (
        not (0 <= y < rows and 0 <= x < columns)
        or results is None
        or not results.is_predicted(y, x)
    ):
        return ""
    if kind == "group":
        if name not in results.groups:
            return ""
        value = float(results.group_probability[results.groups.index(name), y, x])
        members = ", ".join(display.pigment_title(m) for m in display.group_members(name))
        return (
            f"{display.group_title(name)} {format_probability(value)} (one or more of: {members})"
        )
    if name not in results.names:
        return ""
    index = results.names.index(name)
    fields = (results.probability, results.top, results.below)
    present, top, below = (format_probability(float(maps[index, y, x])) for maps in fields)
    text = f"{display.pigment_title(name)} {present}, top {top}, below {below}"
    return text + _alternatives(name) + _counts(scan, name, y, x)


def _alternatives(name: str) -> str:
    try:
        from napari_xrf_pigments.pigments.catalogue import pigment

        members = display.group_members(pigment(name).group)
    except ValueError:
        return ""
    others = [display.pigment_title(member) for member in members if member != name]
    return f"; could also be {', '.join(others)}" if others else ""


def _counts(scan: Scan, name: str, y: int, x: int) -> str:
    """List the net counts of the diagnostic lines of a pigment, as far as they were mapped."""
    from napari_xrf_pigments.pigments.catalogue import pigment

    elements = scan.elements
    if elements is None:
        return ""
    parts = []
    for family in pigment(name).diagnostic:
        if family in elements.names:
            index = elements.names.index(family)
            net, sigma = elements.counts[index, y, x], elements.sigma[index, y, x]
            if np.isfinite(net):
                parts.append(f"{family} {net:,.0f} ± {sigma:,.0f}")
    return f"; {', '.join(parts)}" if parts else ""
