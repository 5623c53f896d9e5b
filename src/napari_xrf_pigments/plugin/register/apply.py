"""Registration applied to layers of the viewer, with undo (no Qt)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..layers.adding import add_layer, placement
from ..layers.metadata import LayerInfo, map_layers, update_info
from ..layers.rendering import data_and_matrix, is_flat_image
from . import control_points as control

if TYPE_CHECKING:
    from napari.layers import Image, Points
    from napari.viewer import Viewer

    from napari_xrf_pigments.io.control_points import ControlPoints
    from napari_xrf_pigments.mapping.registration.registration import Registration

    from ..state.scan import Scan

Undo = Callable[[], None]


def pictures(viewer: Viewer) -> list[Image]:
    """Return the two-dimensional images that are not maps of a scan."""
    return [
        layer
        for layer in viewer.layers
        if type(layer).__name__ == "Image"
        and is_flat_image(layer)
        and LayerInfo.of(layer).scan is None
    ]


def scan_layer(viewer: Viewer, scan: Scan | None) -> Image | None:
    """Return a map layer of the scan, a visible one if there is any."""
    if scan is None:
        return None
    found = map_layers(viewer, scan, {"counts", "element", "pigment"})
    visible = [layer for layer in found.values() if layer.visible]
    return next(iter([*visible, *found.values()]), None)


def apply_affine(picture: Image, below: Image, found: Registration) -> Undo:
    """Apply the affine transform of a fit to an image; return a function that undoes it."""
    before = data_and_matrix(picture)[1]
    control.set_affine(picture, control.placed_matrix(found, below), below)
    update_info(picture, made={"registration": registration_metadata(found)})

    def back() -> None:
        control.set_affine(picture, before, below)
        update_info(picture, made={})

    return back


def add_resampled(
    viewer: Viewer, picture: Image, scan: Scan, pixels: Any, found: Registration
) -> Undo:
    """Add a resampled image and hide the original; return a function that undoes it.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    picture : Image
        The picture.
    scan : Scan
        The scan whose grid, some times finer, the pixels lie on.
    pixels : ndarray
        As :func:`napari_xrf_pigments.mapping.registration.registration.resample` gives them.
    found : Registration
        The fit.
    """
    dy, dx = scan.cube.pixel_mm or (1.0, 1.0)
    factor = len(pixels) // scan.cube.shape[0]
    # The pixels are finer, so the first centre lies before that of the scan.
    first = (1 / factor - 1) / 2
    settings: dict[str, Any] = {
        **placement(scan.cube.pixel_mm),
        "scale": (dy / factor, dx / factor),
        "translate": (first * dy, first * dx),
    }
    if pixels.ndim == 2:
        settings["contrast_limits"] = tuple(picture.contrast_limits)
    layer = add_layer(
        viewer,
        "image",
        pixels,
        LayerInfo(made={"registration": registration_metadata(found)}),
        name=f"{picture.name} on {scan.name}",
        rgb=pixels.ndim == 3,
        **settings,
    )
    picture.visible = False

    def back() -> None:
        if layer in viewer.layers:
            viewer.layers.remove(layer)
        picture.visible = True

    return back


def registration_metadata(found: Registration) -> dict[str, Any]:
    """Return the registration of an image as plain values."""
    return {
        "model": found.model,
        "matrix": found.matrix.tolist(),
        "points": len(found.residuals_px),
        "rms_px": found.rms_px,
        "rms_mm": found.rms_mm,
    }


def point_coordinates(points: tuple[Points, Points]) -> tuple[Any, Any]:
    """Return the points on the image and on the scan, (row, column) in pixels of each."""
    one, other = (np.asarray(layer.data, float)[:, -2:] for layer in points)
    return one, other


def save_points(
    points: tuple[Points, Points], picture: Image, scan: Scan, model: str, path: Path
) -> None:
    """Save the pairs of points to a file.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    from napari_xrf_pigments.io.control_points import ControlPoints, save_control_points

    one, other = point_coordinates(points)
    pairs = min(len(one), len(other))
    save_control_points(
        ControlPoints(one[:pairs], other[:pairs], picture.name, scan.name, model), path
    )


def load_points(path: Path) -> ControlPoints:
    """Load pairs of points from a file.

    Raises
    ------
    ValueError, OSError
        If it holds none or cannot be read.
    """
    from napari_xrf_pigments.io.control_points import load_control_points

    return load_control_points(path)
