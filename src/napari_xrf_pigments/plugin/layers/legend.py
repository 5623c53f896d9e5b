"""The legend of an overview: a layer beside it, so that exported pictures contain it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_xrf_pigments.reporting.composite import Item
from napari_xrf_pigments.reporting.legend import draw_legend

from ..state.scan import Scan
from .adding import add_layer
from .metadata import LayerInfo, map_layers, update_info

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

#: Height of a line of the legend, pixels of its image.
_LINE = 48
#: Smallest and largest line as shares of the picture's width and height.
_SMALLEST, _LARGEST = 1 / 32, 1 / 10
_GAP = 0.03
HEADING = "share of the area"


def legend_of(viewer: Viewer, scan: Scan) -> Image | None:
    """Return the layer of the legend of a scan; None if there is none."""
    return next(iter(map_layers(viewer, scan, {"legend"}).values()), None)


def update_legend(viewer: Viewer, scan: Scan) -> bool:
    """Draw the legend of the overview of a scan; remove it if there is no overview.

    Returns
    -------
    bool
        Whether the legend is new or has another size.
    """
    overview = next(iter(map_layers(viewer, scan, {"overview"}).values()), None)
    legend = legend_of(viewer, scan)
    items = () if overview is None else items_of_layer(overview)
    if overview is None or not items:
        if legend is not None:
            viewer.layers.remove(legend)
        return False
    pixels = draw_legend(items, _LINE, ink=ink_on(viewer), heading=HEADING)
    placement = _placement(overview, pixels.shape[0])
    if legend is None:
        settings = {
            "name": "Legend", "rgb": True, "visible": overview.visible,
            "interpolation2d": "linear", **placement,
        }  # fmt: skip
        info = LayerInfo("legend", "pigments", scan=scan)
        layer = add_layer(viewer, "image", pixels, info, select=False, **settings)
        update_info(layer, assigned_name=layer.name)
        return True
    resized = bool(legend.data.shape != pixels.shape)
    if resized or (legend.data != pixels).any():
        legend.data = pixels
    for name, value in placement.items():
        setattr(legend, name, value)
    legend.visible = overview.visible
    return resized


def items_of_layer(overview: Image) -> tuple[Item, ...]:
    """Return the items that an overview shows."""
    entries = LayerInfo.of(overview).made.get("items", ())
    return tuple(Item(**{**entry, "members": tuple(entry["members"])}) for entry in entries)


def ink_on(viewer: Viewer) -> str:
    """Return the colour of text that can be read on the canvas of a viewer."""
    light = float(np.mean(np.asarray(viewer.canvas.background_color)[:3])) > 0.5
    return "#202020" if light else "#ffffff"


def _placement(overview: Image, rows: int) -> dict[str, Any]:
    """Return scale and position of a legend to the right of an overview."""
    height, width = (n * s for n, s in zip(overview.data.shape[:2], overview.scale, strict=True))
    lines = rows / _LINE
    line = float(np.clip(height / lines, _SMALLEST * width, _LARGEST * height))
    # A pixel of the legend is square, whatever a pixel of the scan is.
    pixel = line / _LINE
    top, left = (t - s / 2 for t, s in zip(overview.translate, overview.scale, strict=True))
    return {
        "scale": (pixel, pixel),
        "translate": (top + pixel / 2, left + (1 + _GAP) * width + pixel / 2),
        "affine": overview.affine.affine_matrix,
        "units": overview.units,
        "axis_labels": overview.axis_labels,
    }
