"""Layers as RGBA images for plots outside the canvas: colours, position, values (no Qt)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.pigments.display import format_probability

from .metadata import LayerInfo
from .specs import PIGMENT_KINDS

if TYPE_CHECKING:
    from napari.layers import Layer

#: Larger images are subsampled, since a screen has fewer pixels.
MAX_PIXELS = 4_000_000
#: Pixels of the small pictures of a contact sheet.
THUMBNAIL_PIXELS = 20_000
_LEVELS = 256


@dataclass(frozen=True)
class Picture:
    """A layer as an image.

    Parameters
    ----------
    name : str
        Name of the layer.
    pixels : ndarray, shape (y, x, 4), uint8
        Red, green, blue, alpha.
    matrix : ndarray, shape (3, 3)
        From (row, column, 1) of `pixels` to world coordinates (y, x, 1).
    """

    name: str
    pixels: NDArray[np.uint8]
    matrix: NDArray[np.float64]

    @property
    def corners(self) -> NDArray[np.float64]:
        """World coordinates of the four corners, shape (4, 2)."""
        height, width = self.pixels.shape[:2]
        rows, columns = np.array([-0.5, height - 0.5]), np.array([-0.5, width - 0.5])
        corners = np.array([(y, x, 1) for y in rows for x in columns])
        return np.asarray((corners @ self.matrix.T)[:, :2])


def is_flat_image(layer: Layer) -> bool:
    """Return whether a layer is a two-dimensional Image or Labels layer, and not a legend."""
    is_map = type(layer).__name__ in ("Image", "Labels") and layer.ndim == 2
    return is_map and LayerInfo.of(layer).kind != "legend"


def render_layer(layer: Layer, at_most: int = MAX_PIXELS) -> Picture:
    """Render a layer in its own colours and contrast.

    Parameters
    ----------
    layer : Layer
        A flat layer: see :func:`is_flat_image`.
    at_most : int
        Greatest number of pixels; larger images are subsampled.
    """
    data, matrix = data_and_matrix(layer)
    step = int(np.ceil(np.sqrt(data.shape[0] * data.shape[1] / at_most)))
    if step > 1:
        data = data[::step, ::step]
        matrix = matrix @ np.diag([step, step, 1.0])
    data = np.asarray(data)
    if type(layer).__name__ == "Labels":
        pixels = (255 * np.asarray(layer.colormap.map(data))).astype(np.uint8)
    elif layer.rgb:
        pixels = to_rgba(data)
    else:
        levels = np.linspace(0, 1, _LEVELS)
        table = (255 * np.asarray(layer.colormap.map(levels**layer.gamma))).astype(np.uint8)
        pixels = apply_colours(data, table, tuple(layer.contrast_limits))
    return Picture(layer.name, np.ascontiguousarray(pixels), matrix)


def data_and_matrix(layer: Layer) -> tuple[Any, NDArray[np.float64]]:
    """Return the data of a flat layer and the matrix (3, 3) from pixels to world coordinates."""
    data = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    corner = np.asarray(layer.data_to_world((0.0, 0.0)))
    matrix = np.eye(3)
    for axis, unit in enumerate(np.eye(2)):
        matrix[:2, axis] = np.asarray(layer.data_to_world(unit)) - corner
    matrix[:2, 2] = corner
    return data, matrix


def apply_colours(
    values: NDArray[Any], table: NDArray[np.uint8], limits: tuple[float, float]
) -> NDArray[np.uint8]:
    """Return the colours of values from a table (256, 4), shape (y, x, 4); NaN is transparent."""
    low, high = limits
    finite = np.isfinite(values)
    scaled = (np.where(finite, values, low) - low) * ((_LEVELS - 1) / max(high - low, 1e-30))
    pixels: NDArray[np.uint8] = table[np.clip(np.rint(scaled), 0, _LEVELS - 1).astype(np.uint8)]
    pixels[~finite] = 0
    return pixels


def to_rgba(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return RGB or RGBA colours of any type as RGBA, uint8."""
    if np.issubdtype(values.dtype, np.floating):
        values = np.clip(np.rint(values * 255), 0, 255)
    elif values.dtype.itemsize > 1:
        values = values // 2 ** (8 * (values.dtype.itemsize - 1))
    values = values.astype(np.uint8)
    if values.shape[2] == 4:
        return values
    alpha = np.full((*values.shape[:2], 1), 255, np.uint8)
    return np.concatenate([values, alpha], axis=2)


def value_text(layer: Layer, world: tuple[float, float]) -> str:
    """Describe the value of a layer at world coordinates (y, x); empty outside the layer."""
    data, matrix = data_and_matrix(layer)
    pixel = np.linalg.solve(matrix, [*world, 1.0])[:2]
    row, column = (int(value) for value in np.rint(pixel))
    if not (0 <= row < data.shape[0] and 0 <= column < data.shape[1]):
        return ""
    value = np.asarray(data[row, column])
    if value.ndim:
        return "rgb " + " ".join(str(part) for part in value.tolist())
    number = float(value)
    if np.isnan(number):
        return "no value"
    info = LayerInfo.of(layer)
    if info.kind in PIGMENT_KINDS and info.made.get("quantity") != "signal":
        return format_probability(number)
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.3g}"
