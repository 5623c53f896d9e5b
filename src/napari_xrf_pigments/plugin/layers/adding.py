"""Create layers of scans and results, and add them to a viewer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps
from napari_xrf_pigments.pigments.selection import Palette

from ..preferences import preferences
from ..state.results import ElementResults, PigmentResults
from ..state.scan import Scan
from ..state.totals import TotalCounts
from .metadata import LayerInfo
from .specs import (
    MapSpec,
    PigmentView,
    element_specs,
    limits_of,
    overview_spec,
    pigment_specs,
    unexplained_spec,
)

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

    from napari_xrf_pigments.cube import XRFCube

LayerData = tuple[Any, dict[str, Any], str]
LayerKind = Literal["image", "labels", "points", "shapes"]


def placement(
    pixel_mm: tuple[float, float] | None, step: int = 1, origin: tuple[float, float] = (0.0, 0.0)
) -> dict[str, Any]:
    """Return the keyword arguments for the position of a map, in mm if the pixel size is known.

    Parameters
    ----------
    pixel_mm : tuple of float or None
        Height and width of a pixel of the scan, mm.
    step : int
        Side of a pixel of the map in pixels of the scan.
    origin : tuple of float
        Centre (y, x) of the map's first pixel, in pixels of the scan.
    """
    dy, dx = pixel_mm or (1.0, 1.0)
    settings: dict[str, Any] = {}
    if pixel_mm is not None:
        settings = {"units": ("mm", "mm"), "axis_labels": ("y", "x")}
    if pixel_mm is not None or step > 1:
        settings["scale"] = (dy * step, dx * step)
    if any(origin):
        settings["translate"] = (dy * origin[0], dx * origin[1])
    return settings


def counts_layer_data(
    cube: XRFCube, totals: TotalCounts, name: str, **fields: Any
) -> tuple[Any, dict[str, Any], str]:
    """Return the layer data tuple of the total counts of a scan that is opened.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    totals : TotalCounts
        Its sums, which may be incomplete.
    name : str
        Name of scan and layer.
    **fields
        Further fields of the :class:`LayerInfo`.
    """
    scan = Scan(cube, name, totals)
    scan.palette = Palette(threshold=preferences().threshold)
    settings = {
        "name": name,
        "colormap": "gray",
        "contrast_limits": limits_of(totals.image),
        "metadata": LayerInfo("counts", "total", scan=scan, **fields).as_metadata(),
        **placement(cube.pixel_mm),
    }
    return totals.image, settings, "image"


def results_layer_data(
    elements: ElementMaps | None,
    pigments: PigmentMaps | None,
    threshold: float = 0.5,
    **fields: Any,
) -> list[LayerData]:
    """Return the layer data tuples of results that were saved earlier.

    Parameters
    ----------
    elements, pigments : ElementMaps, PigmentMaps or None
        The results.
    threshold : float
        Probability above which a pigment is shown.
    **fields
        Further fields of the :class:`LayerInfo` of each layer.
    """
    maps: list[tuple[MapSpec, Any]] = []
    if elements is not None:
        specs = list(element_specs(ElementResults.from_maps(elements)))
        if pigments is not None:
            # The overview of the pigments is shown.
            specs = [replace(spec, visible=False) for spec in specs]
        maps += [(spec, elements.pixel_mm) for spec in specs]
    if pigments is not None:
        results = PigmentResults.from_maps(pigments)
        view = PigmentView(Palette(threshold=threshold))
        specs = [
            unexplained_spec(results),
            *pigment_specs(results, view),
            overview_spec(results, view),
        ]
        maps += [(spec, pigments.pixel_mm) for spec in specs]
    return [(spec.data, map_settings(spec, pixel_mm, **fields), "image") for spec, pixel_mm in maps]


def map_settings(
    spec: MapSpec, pixel_mm: tuple[float, float] | None, **fields: Any
) -> dict[str, Any]:
    """Return the keyword arguments of the layer of a map.

    Parameters
    ----------
    spec : MapSpec
        The map.
    pixel_mm : tuple of float or None
        Height and width of a pixel of the scan, mm.
    **fields
        Further fields of the :class:`LayerInfo`.
    """
    info = LayerInfo(
        spec.kind,
        spec.name,
        made=dict(spec.made),
        assigned_limits=spec.limits,
        assigned_visible=spec.visible,
        **fields,
    )
    settings = {
        "name": spec.title,
        "visible": spec.visible,
        "metadata": info.as_metadata(),
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


def add_layer(
    viewer: Viewer,
    kind: LayerKind,
    data: Any,
    info: LayerInfo | None = None,
    *,
    select: bool = True,
    **settings: Any,
) -> Any:
    """Add a layer to a viewer.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    kind : {"image", "labels", "points", "shapes"}
        The kind of layer.
    data : array_like
        Its data, in the form that napari expects.
    info : LayerInfo, optional
        The record of what it shows.
    select : bool
        Whether it becomes the selected layer.
    **settings
        Keyword arguments of the layer.

    Returns
    -------
    Layer
        The layer.
    """
    if info is not None:
        settings["metadata"] = info.as_metadata()
    add = getattr(viewer, f"add_{kind}")
    if select:
        return add(data, **settings)
    with unselected(viewer):
        return add(data, **settings)


def insert_layer(viewer: Viewer, layer: Layer, index: int | None = None) -> None:
    """Add an existing layer without selecting it, uppermost or with `index` layers below it."""
    with unselected(viewer):
        if index is None:
            viewer.add_layer(layer)
        else:
            viewer.layers.insert(index, layer)


def add_scan(
    viewer: Viewer, cube: XRFCube, name: str, made: Mapping[str, Any] | None = None
) -> None:
    """Add a layer of the total counts of a scan, which is updated while they are summed.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    cube : XRFCube
        The scan.
    name : str
        Its name.
    made : mapping, optional
        How it was derived from other scans.
    """
    data, settings, _ = counts_layer_data(cube, TotalCounts(cube), name, made=made or {})
    viewer.add_image(data, **settings)


def resize_layers(
    viewer: Viewer,
    scan: Scan,
    before: tuple[float, float] | None,
    after: tuple[float, float],
    others: bool,
) -> None:
    """Place layers for another size of the pixels of a scan.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    scan : Scan
        The scan.
    before, after : tuple of float
        Height and width of a pixel (dy, dx), mm; None if it was unknown.
    others : bool
        Whether drawings and pictures that belong to no scan lie on this one.
    """
    ratio = np.divide(after, before or (1.0, 1.0))
    for layer in viewer.layers:
        owner = LayerInfo.of(layer).scan
        factors = np.ones(layer.ndim)
        factors[-2:] = ratio
        if owner is scan:
            layer.scale = np.multiply(layer.scale, factors)
            layer.translate = np.multiply(layer.translate, factors)
        elif owner is None and others:
            layer.affine = np.diag([*factors, 1.0]) @ layer.affine.affine_matrix
        else:
            continue
        layer.units = ("mm",) * layer.ndim


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
    # Without the blocker, docks would switch to the scan of the new layer and back.
    with selection.events.active.blocker():
        yield
        if active in viewer.layers:
            selection.active = active
