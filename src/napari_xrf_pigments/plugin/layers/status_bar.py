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

    from ..state.results import PigmentResults
    from ..state.scan import Scan

_KINDS = PIGMENT_KINDS - {"unexplained"}
#: Greatest number of pigments that are named for the overview.
_MOST = 4


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
    if kind == "overview":
        return "; ".join(_present(results, y, x, scan.palette.threshold)[:_MOST])
    if kind == "group":
        return _group_text(results, name, y, x) if name in results.groups else ""
    if name not in results.names:
        return ""
    index = results.names.index(name)
    fields = (results.probability, results.top, results.below)
    present, top, below = (format_probability(float(maps[index, y, x])) for maps in fields)
    text = f"{display.pigment_title(name)} {present}, top {top}, below {below}"
    return text + _alternatives(name) + _counts(scan, name, y, x)


def _group_text(results: PigmentResults, group: str, y: int, x: int) -> str:
    """Describe a group: ``"Copper pigments 100 %: azurite, malachite or verdigris"``."""
    value = float(results.group_probability[results.groups.index(group), y, x])
    members = [name for name in display.group_members(group) if name in results.names]
    return f"{display.group_title(group)} {format_probability(value)}: {display.one_of(members)}"


def _present(results: PigmentResults, y: int, x: int, threshold: float) -> list[str]:
    """Describe what a pixel contains, the most probable first; groups where no member is sure."""
    pigments = dict(zip(results.names, results.probability[:, y, x].tolist(), strict=True))
    entries = [
        (value, f"{display.pigment_title(name)} {format_probability(value)}")
        for name, value in pigments.items()
        if value > threshold
    ]
    for group, value in zip(
        results.groups, results.group_probability[:, y, x].tolist(), strict=True
    ):
        members = [pigments[name] for name in display.group_members(group) if name in pigments]
        if len(members) > 1 and value > threshold >= max(members):
            entries.append((value, _group_text(results, group, y, x)))
    return [text for _, text in sorted(entries, reverse=True)]


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
