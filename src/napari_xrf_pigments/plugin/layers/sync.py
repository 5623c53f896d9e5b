"""The one place that turns scans and results into layers, and layers into results.

Layers are recognised by their metadata, never by their name: ``xrf_cube`` (the scan),
``xrf_scan`` (its state in this viewer) and ``xrf_map`` (what the layer shows).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps
from napari_xrf_pigments.pigments.selection import Palette

from ..state.results import ElementResults, PigmentResults
from ..state.scan import Scan
from ..state.totals import TotalCounts
from .metadata import remember_name, rename
from .specs import MapSpec, PigmentView, element_specs, limits_of, pigment_specs, unexplained_spec

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_xrf_pigments.cube import XRFCube

#: How long layers are brought up to date in one turn of the event loop.
_WHILE_S = 0.02


def placement(
    pixel_mm: tuple[float, float] | None, step: int = 1, origin: tuple[float, float] = (0.0, 0.0)
) -> dict[str, Any]:
    """Keyword arguments that put a map in its place, in mm where the pixel size is known.

    Parameters
    ----------
    pixel_mm : tuple of float or None
        Height and width of a pixel of the scan in mm.
    step : int
        Side of a pixel of the map in pixels of the scan.
    origin : tuple of float
        Centre (y, x) of the map's first pixel, in pixels of the scan.
    """
    dy, dx = pixel_mm or (1.0, 1.0)
    place: dict[str, Any] = {}
    if pixel_mm is not None:
        place = {"units": ("mm", "mm"), "axis_labels": ("y", "x")}
    if pixel_mm is not None or step > 1:
        place["scale"] = (dy * step, dx * step)
    if any(origin):
        place["translate"] = (dy * origin[0], dx * origin[1])
    return place


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
        specs = list(element_specs(ElementResults.of(elements)))
        found += [(spec, elements.pixel_mm) for spec in specs]
    if pigments is not None:
        results = PigmentResults.of(pigments)
        view = PigmentView(Palette(threshold=threshold))
        specs = [unexplained_spec(results), *pigment_specs(results, view)]
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


def show_maps(
    viewer: Viewer, scan: Scan, specs: Iterable[MapSpec], kinds: Iterable[str] = ()
) -> Iterator[None]:
    """Bring the layers of maps up to date, add layers for new ones, remove those not wanted.

    A new layer costs napari up to a tenth of a second: one is added between two ``yield``.
    Layers that are there already cost little each, but a picture of the canvas after every
    single one would cost much: as many as fit into a short while are brought up to date.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    scan : Scan
        Whose maps they are.
    specs : iterable of MapSpec
        The maps; taken one at a time.
    kinds : iterable of str
        Layers of these kinds that none of the maps is for are removed.
    """
    wanted: dict[tuple[str, str], str] = {}
    kinds = set(kinds)

    def free() -> bool:
        # Asked each time: a click may come between two steps.
        return bool(kinds) and _nobody_chose(map_layers(viewer, scan, kinds).values())

    free_at_first = free()
    begun, updated = time.perf_counter(), False
    for spec in specs:
        key = (spec.kind, spec.name)
        wanted[key] = spec.title
        layer = map_layers(viewer, scan, {spec.kind}).get(key)
        if layer is None:
            if updated:
                yield
            # Who has just chosen a map is not shown others.
            hidden = free_at_first and not free()
            with unselected(viewer):
                _add(viewer, scan, replace(spec, visible=False) if hidden else spec)
            yield
        else:
            _update(layer, spec)
            if free():
                _show(layer, spec.visible)
            updated = True
            if time.perf_counter() - begun < _WHILE_S:
                continue
            yield
        begun, updated = time.perf_counter(), False
    for key, layer in map_layers(viewer, scan, kinds).items():
        if key not in wanted and layer in viewer.layers:
            viewer.layers.remove(layer)
            yield
    yield from remove_dropped(viewer, scan)
    # A layer that is gone now may have had the name.
    for key, layer in map_layers(viewer, scan, {kind for kind, _ in wanted}).items():
        if key in wanted:
            rename(layer, wanted[key])


@contextmanager
def unselected(viewer: Viewer) -> Iterator[None]:
    """Keep the selected layer selected while layers are added.

    napari selects every layer that it adds. Without a selected layer, the new one is selected.
    """
    selection = viewer.layers.selection
    active = selection.active
    if active is None:
        yield
        return
    # Without the blocker, docks would follow the new layer's scan and come back.
    with selection.events.active.blocker():
        yield
        if active in viewer.layers:
            selection.active = active


def drop_maps(viewer: Viewer, scan: Scan, kinds: Iterable[str]) -> Iterator[None]:
    """Take the layers of earlier results out: forgotten at once, removed one a ``yield``."""
    for (kind, name), layer in map_layers(viewer, scan, kinds).items():
        # No new map is ever shown on it.
        layer.metadata["xrf_map"] = ("dropped", f"{kind} {name} {id(layer)}")
    return remove_dropped(viewer, scan)


def remove_dropped(viewer: Viewer, scan: Scan) -> Iterator[None]:
    """Remove what :func:`drop_maps` has forgotten, one between two ``yield``."""
    for layer in map_layers(viewer, scan, {"dropped"}).values():
        if layer in viewer.layers:
            viewer.layers.remove(layer)
            yield


def _add(viewer: Viewer, scan: Scan, spec: MapSpec) -> None:
    settings = _settings(spec, scan.cube.pixel_mm)
    settings["metadata"].update(xrf_cube=scan.cube, xrf_scan=scan)
    remember_name(viewer.add_image(spec.data, **settings))


def _settings(spec: MapSpec, pixel_mm: tuple[float, float] | None) -> dict[str, Any]:
    settings = {
        "name": spec.title,
        "visible": spec.visible,
        "metadata": {
            "xrf_map": (spec.kind, spec.name),
            "xrf_shown": spec.visible,
            "xrf_limits": spec.limits,
            "xrf_made": dict(spec.made),
        },
        **placement(pixel_mm, spec.step, spec.origin),
    }
    if spec.colormap is None:
        return {**settings, "rgb": True}
    return {
        **settings,
        "colormap": spec.colormap,
        "contrast_limits": spec.limits,
        "blending": "additive",
    }


def _update(layer: Image, spec: MapSpec) -> None:
    # A map's array is a new view each time: compare the memory, not the object.
    if layer.data.__array_interface__["data"] != spec.data.__array_interface__["data"]:
        layer.data = spec.data
    layer.metadata["xrf_made"] = dict(spec.made)
    rename(layer, spec.title)
    if spec.colormap is not None:
        if layer.colormap.name != spec.colormap.name:
            layer.colormap = spec.colormap
        follow_limits(layer, spec.limits)
    layer.refresh(extent=False, highlight=False)


def _nobody_chose(layers: Iterable[Image]) -> bool:
    """Whether all layers are shown and hidden as this module left them."""
    return all(layer.visible == layer.metadata.get("xrf_shown") for layer in layers)


def _show(layer: Image, visible: bool) -> None:
    """Show or hide a layer: while a run goes on, what was found in its first tiles may change."""
    layer.metadata["xrf_shown"] = visible
    if layer.visible != visible:
        layer.visible = visible


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
