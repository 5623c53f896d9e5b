"""Apply a registration to layers of the viewer, with undo; files of control points (no Qt)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..layers.adding import add_layer, placement
from ..layers.metadata import LayerInfo, map_layers, update_info
from ..layers.rendering import data_and_matrix, is_flat_image
from .control_points import registered_matrix, set_affine

if TYPE_CHECKING:
    from napari.layers import Image, Points
    from napari.viewer import Viewer

    from napari_xrf_pigments.io.control_points import ControlPoints
    from napari_xrf_pigments.mapping.registration.registration import Registration

    from ..state.scan import Scan

Undo = Callable[[], None]


def pictures(viewer: Viewer) -> list[Image]:
    """Return the two-dimensional image layers that are no maps, not even those of saved results.

    Colour images come last, since the dock selects the last one if the user has selected none.
    """
    images = [
        layer
        for layer in viewer.layers
        if type(layer).__name__ == "Image"
        and is_flat_image(layer)
        and LayerInfo.of(layer).scan is None
        and LayerInfo.of(layer).kind in ("", "picture")
    ]
    return sorted(images, key=lambda layer: bool(layer.rgb))


def scan_layer(viewer: Viewer, scan: Scan | None) -> Image | None:
    """Return a layer with a map of the scan, preferably a visible one."""
    if scan is None:
        return None
    layers = list(map_layers(viewer, scan, {"counts", "element", "pigment"}).values())
    visible = [layer for layer in layers if layer.visible]
    return next(iter([*visible, *layers]), None)


def apply_affine(picture: Image, scan_map: Image, registration: Registration) -> Undo:
    """Apply an affine registration to an image; return a function that undoes it."""
    before = data_and_matrix(picture)[1]
    set_affine(picture, registered_matrix(registration, scan_map), scan_map)
    update_info(picture, made={"registration": registration_metadata(registration)})

    def undo() -> None:
        set_affine(picture, before, scan_map)
        update_info(picture, made={})

    return undo


def add_resampled(
    viewer: Viewer, picture: Image, scan: Scan, pixels: Any, registration: Registration
) -> Undo:
    """Add a resampled image and hide the original; return a function that undoes it.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    picture : Image
        The image as it was opened.
    scan : Scan
        The scan that it was registered with.
    pixels : ndarray, shape (y, x) or (y, x, channel)
        The image on the grid of the scan, made finer by an integer factor, as returned by
        :func:`napari_xrf_pigments.mapping.registration.registration.resample`.
    registration : Registration
        The registration.
    """
    dy, dx = scan.cube.pixel_mm or (1.0, 1.0)
    factor = len(pixels) // scan.cube.shape[0]
    # The pixels are smaller than those of the scan, so the first centre lies before its first.
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
        LayerInfo(made={"registration": registration_metadata(registration)}),
        name=f"{picture.name} on {scan.name}",
        rgb=pixels.ndim == 3,
        **settings,
    )
    picture.visible = False

    def undo() -> None:
        if layer in viewer.layers:
            viewer.layers.remove(layer)
        picture.visible = True

    return undo


def registration_metadata(registration: Registration) -> dict[str, Any]:
    """Return a registration as plain values, for the provenance of an image."""
    return {
        "model": registration.model,
        "matrix": registration.matrix.tolist(),
        "points": len(registration.residuals_px),
        "rms_px": registration.rms_px,
        "rms_mm": registration.rms_mm,
    }


def point_coordinates(points: tuple[Points, Points]) -> tuple[Any, Any]:
    """Return the points on the image and on the scan, shape (n, 2): row, column in pixels."""
    on_picture, on_scan = (np.asarray(layer.data, float)[:, -2:] for layer in points)
    return on_picture, on_scan


def save_points(
    points: tuple[Points, Points], picture: Image, scan: Scan, model: str, path: Path
) -> None:
    """Save the pairs of points to a file.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    from napari_xrf_pigments.io.control_points import ControlPoints, save_control_points

    on_picture, on_scan = point_coordinates(points)
    pairs = min(len(on_picture), len(on_scan))
    save_control_points(
        ControlPoints(on_picture[:pairs], on_scan[:pairs], picture.name, scan.name, model), path
    )


def load_points(path: Path) -> ControlPoints:
    """Load pairs of points from a file.

    Raises
    ------
    ValueError, OSError
        If the file holds no control points or cannot be read.
    """
    from napari_xrf_pigments.io.control_points import load_control_points

    return load_control_points(path)
