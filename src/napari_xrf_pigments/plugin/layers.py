"""The one place that turns scans and results into layers, and layers into results.

Layers are recognised by their metadata, never by their name: ``xrf_cube`` (the scan),
``xrf_scan`` (its state in this viewer) and ``xrf_map`` (what the layer shows).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils import Colormap
from numpy.typing import NDArray

from ..cube import ElementMaps, PigmentMaps, XRFCube
from . import colours
from .results import Depth, ElementResults, PigmentResults
from .scan import Scan
from .totals import TotalCounts

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

#: A map needs at least this share of the painting to get a layer.
MIN_SHARE = 0.002
DEPTH_TITLES: dict[Depth, str] = {
    "probability": "In any layer",
    "top": "In the top layer",
    "below": "Below the top layer",
}


@dataclass(frozen=True)
class MapSpec:
    """A map to be shown.

    Parameters
    ----------
    kind : str
        ``"element"``, ``"pigment"``, ``"group"`` or ``"unexplained"``.
    name : str
        Line family, pigment id or group.
    title : str
        Name of the layer.
    data : ndarray, shape (y, x)
        The map; NaN where not computed yet.
    colormap : Colormap
        From black or transparent to the map's own colour.
    limits : tuple of float
        Contrast limits.
    visible : bool
        Whether the layer is shown when it is new.
    """

    kind: str
    name: str
    title: str
    data: NDArray[np.float32]
    colormap: Colormap = field(compare=False)
    limits: tuple[float, float] = (0.0, 1.0)
    visible: bool = True


def placement(cube: XRFCube) -> dict[str, Any]:
    """Keyword arguments that put a map of a scan in its place, in mm where known."""
    if cube.pixel_mm is None:
        return {}
    return {"scale": cube.pixel_mm, "units": ("mm", "mm"), "axis_labels": ("y", "x")}


def counts_layer_data(cube: XRFCube, totals: TotalCounts, name: str) -> tuple[Any, dict, str]:
    """Layer data tuple of a scan's total counts."""
    settings = {
        "name": name,
        "colormap": "gray",
        "contrast_limits": limits_of(totals.image),
        "metadata": {"xrf_cube": cube, "xrf_totals": totals, "xrf_map": ("counts", "total")},
        **placement(cube),
    }
    return totals.image, settings, "image"


def limits_of(image: NDArray[np.float32], low: float | None = None) -> tuple[float, float]:
    """Contrast limits from the finite values: 0.5th to 99.5th percentile."""
    finite = image[np.isfinite(image)]
    if finite.size == 0:
        return 0.0, 1.0
    # A sample is enough and keeps large scans fluent.
    sample = finite[:: max(1, finite.size // 200_000)]
    bottom, top = np.percentile(sample, (0.5, 99.5))
    start = float(bottom) if low is None else low
    return start, max(float(top), start + 1e-6)


def element_specs(results: ElementResults) -> list[MapSpec]:
    """One map a line family; only the first is shown, the others wait in the list."""
    return [
        MapSpec(
            "element",
            name,
            name,
            image,
            colours.black_to(colours.element_colour(name)),
            limits_of(image, low=0.0),
            visible=index == 0,
        )
        for index, (name, image) in enumerate(zip(results.names, results.counts, strict=True))
    ]


def pigment_specs(results: PigmentResults, threshold: float, depth: Depth) -> list[MapSpec]:
    """Maps of what is found somewhere: ambiguous groups first, then pigments.

    A group has a map of its own where it has several members.  Whites start hidden:
    added to the others they would drown them.
    """
    shares = results.shares(threshold, depth)
    group_shares = results.group_shares(threshold) if depth == "probability" else {}
    specs = []
    for group, image in zip(results.groups, results.group_probability, strict=True):
        members = colours.group_members(group)
        if len(members) < 2 or group_shares.get(group, 0.0) < MIN_SHARE:
            continue
        told_apart = max((shares.get(name, 0.0) for name in members), default=0.0)
        colour = colours.group_colour(group)
        visible = told_apart < 0.2 * group_shares[group] and not colours.is_white(colour)
        title = colours.group_title(group)
        mapped = colours.over_threshold(colour, threshold)
        specs.append(MapSpec("group", group, title, image, mapped, visible=visible))
    for name, image in zip(results.names, results.at_depth(depth), strict=True):
        if shares[name] < MIN_SHARE:
            continue
        colour = colours.pigment_colour(name)
        mapped = colours.over_threshold(colour, threshold)
        title = colours.pigment_title(name)
        visible = not colours.is_white(colour)
        specs.append(MapSpec("pigment", name, title, image, mapped, visible=visible))
    return specs


def unexplained_spec(results: PigmentResults) -> MapSpec:
    """The share of the spectrum that nothing accounts for."""
    grey = colours.black_to("#e8e8e8")
    image = results.unexplained
    return MapSpec("unexplained", "unexplained", "Unexplained", image, grey, visible=False)


def map_layers(viewer: Viewer, scan: Scan, kinds: Iterable[str]) -> dict[tuple[str, str], Image]:
    """The layers of a scan that show maps of some kinds, by (kind, name)."""
    wanted = set(kinds)
    found: dict[tuple[str, str], Any] = {}
    for layer in viewer.layers:
        key = layer.metadata.get("xrf_map")
        if layer.metadata.get("xrf_scan") is scan and key and key[0] in wanted:
            found[tuple(key)] = layer
    return found


def show_maps(viewer: Viewer, scan: Scan, specs: Iterable[MapSpec]) -> None:
    """Add layers for new maps and bring those that exist up to date."""
    specs = list(specs)
    existing = map_layers(viewer, scan, {spec.kind for spec in specs})
    active = viewer.layers.selection.active
    for spec in specs:
        layer = existing.get((spec.kind, spec.name))
        if layer is None:
            _add(viewer, scan, spec)
        else:
            _update(layer, spec)
    if active in viewer.layers:
        viewer.layers.selection.active = active


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
    viewer.add_image(
        spec.data,
        name=spec.title,
        colormap=spec.colormap,
        contrast_limits=spec.limits,
        blending="additive",
        visible=spec.visible,
        metadata={
            "xrf_cube": scan.cube,
            "xrf_scan": scan,
            "xrf_map": (spec.kind, spec.name),
            "xrf_limits": spec.limits,
        },
        **placement(scan.cube),
    )


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
