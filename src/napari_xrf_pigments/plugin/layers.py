"""The one place that turns scans and results into layers, and layers into results.

Layers are recognised by their metadata, never by their name: ``xrf_cube`` (the scan),
``xrf_scan`` (its state in this viewer) and ``xrf_map`` (what the layer shows).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..cube import ElementMaps, PigmentMaps, XRFCube
from .results import ElementResults, PigmentResults
from .scan import Scan
from .specs import MapSpec, element_specs, limits_of, pigment_specs, unexplained_spec
from .totals import TotalCounts

#: Longest time that adding layers may keep the window waiting.
BUDGET_S = 0.15

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer


def placement(pixel_mm: tuple[float, float] | None) -> dict[str, Any]:
    """Keyword arguments that put a map in its place, in mm where the pixel size is known."""
    if pixel_mm is None:
        return {}
    return {"scale": pixel_mm, "units": ("mm", "mm"), "axis_labels": ("y", "x")}


def counts_layer_data(cube: XRFCube, totals: TotalCounts, name: str) -> tuple[Any, dict, str]:
    """Layer data tuple of a scan's total counts."""
    settings = {
        "name": name,
        "colormap": "gray",
        "contrast_limits": limits_of(totals.image),
        "metadata": {"xrf_cube": cube, "xrf_totals": totals, "xrf_map": ("counts", "total")},
        **placement(cube.pixel_mm),
    }
    return totals.image, settings, "image"


def results_layer_data(
    elements: ElementMaps | None, pigments: PigmentMaps | None, threshold: float = 0.5
) -> list[tuple[Any, dict[str, Any], str]]:
    """Layer data of results that were saved earlier."""
    found: list[tuple[MapSpec, Any]] = []
    if elements is not None:
        specs = element_specs(ElementResults.of(elements))
        found += [(spec, elements.pixel_mm) for spec in specs]
    if pigments is not None:
        results = PigmentResults.of(pigments)
        specs = [unexplained_spec(results), *pigment_specs(results, threshold, "probability")]
        found += [(spec, pigments.pixel_mm) for spec in specs]
    return [(spec.data, _settings(spec, pixel_mm), "image") for spec, pixel_mm in found]


def map_layers(viewer: Viewer, scan: Scan, kinds: Iterable[str]) -> dict[tuple[str, str], Image]:
    """The layers of a scan that show maps of some kinds, by (kind, name)."""
    wanted = set(kinds)
    found: dict[tuple[str, str], Any] = {}
    for layer in viewer.layers:
        key = layer.metadata.get("xrf_map")
        if layer.metadata.get("xrf_scan") is scan and key and key[0] in wanted:
            found[tuple(key)] = layer
    return found


def show_maps(viewer: Viewer, scan: Scan, specs: Iterable[MapSpec]) -> int:
    """Bring the layers of maps up to date and add layers for new ones.

    A new layer costs napari a tenth of a second: after :data:`BUDGET_S` the rest waits for
    the next call, so that the window stays fluent.

    Returns
    -------
    int
        How many maps still wait for their layer.
    """
    specs = list(specs)
    existing = map_layers(viewer, scan, {spec.kind for spec in specs})
    active = viewer.layers.selection.active
    begun, waiting = time.monotonic(), 0
    for spec in specs:
        layer = existing.get((spec.kind, spec.name))
        if layer is not None:
            _update(layer, spec)
        elif time.monotonic() - begun < BUDGET_S:
            _add(viewer, scan, spec)
        else:
            waiting += 1
    if active in viewer.layers:
        viewer.layers.selection.active = active
    return waiting


def drop_maps(viewer: Viewer, scan: Scan, kinds: Iterable[str]) -> None:
    """Remove the layers of earlier results."""
    for layer in map_layers(viewer, scan, kinds).values():
        viewer.layers.remove(layer)


def show_only(viewer: Viewer, scan: Scan, kinds: Iterable[str], keys: set[tuple[str, str]]) -> None:
    """Among the maps of some kinds show only those of some keys."""
    for key, layer in map_layers(viewer, scan, kinds).items():
        layer.visible = key in keys
        if key in keys:
            viewer.layers.selection.active = layer


def _add(viewer: Viewer, scan: Scan, spec: MapSpec) -> None:
    settings = _settings(spec, scan.cube.pixel_mm)
    settings["metadata"].update(xrf_cube=scan.cube, xrf_scan=scan)
    viewer.add_image(spec.data, **settings)


def _settings(spec: MapSpec, pixel_mm: tuple[float, float] | None) -> dict[str, Any]:
    return {
        "name": spec.title,
        "colormap": spec.colormap,
        "contrast_limits": spec.limits,
        "blending": "additive",
        "visible": spec.visible,
        "metadata": {"xrf_map": (spec.kind, spec.name), "xrf_limits": spec.limits},
        **placement(pixel_mm),
    }


def _update(layer: Image, spec: MapSpec) -> None:
    # A map's array is a new view each time: compare the memory, not the object.
    if layer.data.__array_interface__["data"] != spec.data.__array_interface__["data"]:
        layer.data = spec.data
    if layer.colormap.name != spec.colormap.name:
        layer.colormap = spec.colormap
    follow_limits(layer, spec.limits)
    layer.refresh(extent=False, highlight=False)


def follow_limits(layer: Image, limits: tuple[float, float]) -> None:
    """Set contrast limits unless the user has set others."""
    last = layer.metadata.get("xrf_limits")
    if last is not None and tuple(layer.contrast_limits) != tuple(last):
        return
    layer.contrast_limits_range = limits
    layer.contrast_limits = limits
    layer.metadata["xrf_limits"] = tuple(layer.contrast_limits)


def results_of_metadata(
    metadata: Iterable[dict[str, Any]],
) -> tuple[ElementMaps | None, PigmentMaps | None]:
    """The results behind some layers, from their metadata: the first scan that has any."""
    for entry in metadata:
        scan = entry.get("xrf_scan")
        if isinstance(scan, Scan) and (scan.elements or scan.pigments):
            pixel = scan.cube.pixel_mm
            elements = scan.elements.maps(pixel) if scan.elements else None
            pigments = scan.pigments.maps(pixel) if scan.pigments else None
            return elements, pigments
    return None, None
