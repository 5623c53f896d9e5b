"""Thumbnails of hidden maps in the layer list, which napari leaves black (no Qt)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .rendering import apply_colours, to_rgba

if TYPE_CHECKING:
    from napari.layers import Image

#: Pixels of the longer side of a thumbnail.
_SIDE = 32
_LEVELS = 256


def draw_thumbnail(layer: Image) -> None:
    """Draw the thumbnail of a hidden map; napari draws those of visible layers only."""
    if layer.visible:
        return
    step = int(np.ceil(max(layer.data.shape[:2]) / _SIDE))
    data = np.asarray(layer.data[::step, ::step])
    if layer.rgb:
        layer.thumbnail = to_rgba(data)
        return
    levels = np.linspace(0, 1, _LEVELS)
    table = (255 * np.asarray(layer.colormap.map(levels**layer.gamma))).astype(np.uint8)
    layer.thumbnail = apply_colours(data, table, tuple(layer.contrast_limits))
