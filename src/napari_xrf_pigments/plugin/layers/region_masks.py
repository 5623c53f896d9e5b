"""Regions drawn on Shapes and Labels layers, as masks of a scan (no Qt)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.pigments.display import rgb_to_hex

from ..state.scan import Scan
from .metadata import LayerInfo, scan_layer

if TYPE_CHECKING:
    from napari.viewer import Viewer

Points = NDArray[np.float64]
#: Largest number of regions of a scan; more could not be compared in one plot.
MAX_REGIONS = 24
#: Kinds of Labels and Shapes layers that are no drawn regions: results, and lines of profiles.
_NO_REGIONS = frozenset({"agreement", "profile"})


@dataclass(frozen=True)
class Region:
    """A region of a scan.

    Parameters
    ----------
    name : str
        Name of the layer, and number of the shape or label.
    colour : str
        ``"#rrggbb"``.
    mask : ndarray of bool, shape (y, x)
        Its pixels.
    """

    name: str
    colour: str
    mask: NDArray[np.bool_]


def regions_of(viewer: Viewer, scan: Scan) -> list[Region]:
    """Return the regions on a scan, in the order of layers and shapes.

    Layers may be scaled, shifted or rotated in the viewer. Parts outside the scan are ignored.
    """
    return prepare_regions(viewer, scan)()


def prepare_regions(viewer: Viewer, scan: Scan) -> Callable[[], list[Region]]:
    """Read the layers, and return a function that computes the regions, in any thread."""
    base = scan_layer(viewer, scan)
    shape = scan.cube.shape[:2]
    makers: list[Callable[[], Iterator[Region]]] = []
    for layer in viewer.layers if base is not None else ():
        # Compared by name: importing Shapes and Labels takes seconds.
        kind = type(layer).__name__
        if LayerInfo.of(layer).kind in _NO_REGIONS:
            continue
        if kind == "Shapes" and layer.visible:
            makers.append(_of_shapes(layer, base, shape))
        elif kind == "Labels" and layer.visible:
            makers.append(_of_labels(layer, base, shape))

    def make() -> list[Region]:
        return [region for maker in makers for region in maker()][:MAX_REGIONS]

    return make


@dataclass(frozen=True)
class DrawnLine:
    """A line or path drawn on a scan.

    Parameters
    ----------
    name : str
        Name of the layer, and number of the shape.
    vertices : ndarray, shape (vertex, 2)
        (y, x) in pixels of the scan.
    """

    name: str
    vertices: Points


def lines_of(viewer: Viewer, scan: Scan) -> list[DrawnLine]:
    """Return the lines and paths on visible Shapes layers, in the order of layers and shapes."""
    base, lines = scan_layer(viewer, scan), []
    for layer in viewer.layers if base is not None else ():
        if type(layer).__name__ != "Shapes" or not layer.visible:
            continue
        to_pixels = _mapping(layer, base)
        for index, (data, kind) in enumerate(zip(layer.data, layer.shape_type, strict=True)):
            if kind in ("line", "path"):
                vertices = to_pixels(np.asarray(data, dtype=np.float64)[:, -2:])
                lines.append(DrawnLine(f"{layer.name} {index + 1}", vertices))
    return lines


def polygon_mask(vertices: Points, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels whose centres lie in a polygon, at least the pixel at its centre.

    Parameters
    ----------
    vertices : ndarray, shape (vertex, 2)
        (y, x) in pixels.
    shape : tuple of int
        Rows and columns.
    """
    from skimage.draw import polygon2mask

    mask: NDArray[np.bool_] = polygon2mask(shape, vertices)
    if not mask.any():
        y, x = np.round(vertices.mean(0)).astype(int)
        if 0 <= y < shape[0] and 0 <= x < shape[1]:
            mask[y, x] = True
    return mask


def line_mask(vertices: Points, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels under a line or path; arguments as :func:`polygon_mask`."""
    mask = np.zeros(shape, dtype=bool)
    for start, end in pairwise(vertices):
        steps = max(2, 2 * int(np.ceil(np.abs(end - start).max())) + 1)
        points = np.round(start + np.linspace(0, 1, steps)[:, None] * (end - start)).astype(int)
        inside = ((points >= 0) & (points < shape)).all(1)
        mask[tuple(points[inside].T)] = True
    return mask


def ellipse_vertices(corners: Points) -> Points:
    """Return points on the ellipse in a box of four corners, shape (64, 2)."""
    centre = corners.mean(0)
    u, v = 0.5 * (corners[1] - corners[0]), 0.5 * (corners[2] - corners[1])
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)[:, None]
    return np.asarray(centre + np.cos(angle) * u + np.sin(angle) * v)


def _of_shapes(layer: Any, base: Any, shape: tuple[int, int]) -> Callable[[], Iterator[Region]]:
    to_pixels = _mapping(layer, base)
    drawn = []
    for index, (data, kind) in enumerate(zip(layer.data, layer.shape_type, strict=True)):
        corners = np.asarray(data, dtype=np.float64)[:, -2:]
        colour = rgb_to_hex(tuple(np.asarray(layer.edge_color[index])[:3]))
        drawn.append((f"{layer.name} {index + 1}", colour, kind, corners))

    def make() -> Iterator[Region]:
        for name, colour, kind, corners in drawn:
            vertices = to_pixels(ellipse_vertices(corners) if kind == "ellipse" else corners)
            mask = (line_mask if kind in ("line", "path") else polygon_mask)(vertices, shape)
            if mask.any():
                yield Region(name, colour, mask)

    return make


def _of_labels(layer: Any, base: Any, shape: tuple[int, int]) -> Callable[[], Iterator[Region]]:
    from_pixels = _mapping(base, layer)
    name, labels = layer.name, layer.data

    def make() -> Iterator[Region]:
        data = np.asarray(labels)
        while data.ndim > 2:
            data = data[0]
        yy, xx = np.mgrid[: shape[0], : shape[1]]
        pixels = np.column_stack([yy.ravel(), xx.ravel()]).astype(np.float64)
        indices = np.round(from_pixels(pixels)).astype(int)
        inside = ((indices >= 0) & (indices < data.shape)).all(1)
        values = np.zeros(len(indices), dtype=data.dtype)
        values[inside] = data[tuple(indices[inside].T)]
        image = values.reshape(shape)
        for value in np.unique(image)[: MAX_REGIONS + 1]:
            if value != 0:
                colour = layer.get_color(int(value))
                code = "#b0b0b0" if colour is None else rgb_to_hex(tuple(np.asarray(colour)[:3]))
                yield Region(f"{name} {int(value)}", code, image == value)

    return make


def _mapping(source: Any, target: Any) -> Callable[[Points], Points]:
    """Return the affine map from (y, x) in the data of one layer to those of another."""

    def map_point(point: tuple[float, float]) -> Points:
        leading = (0.0,) * (source.ndim - 2)
        world = np.zeros(target.ndim)
        world[-2:] = np.asarray(source.data_to_world((*leading, *point)))[-2:]
        return np.asarray(target.world_to_data(world), dtype=np.float64)[-2:]

    origin = map_point((0.0, 0.0))
    matrix = np.array([map_point((1.0, 0.0)) - origin, map_point((0.0, 1.0)) - origin])
    return lambda points: np.asarray(points @ matrix + origin)
