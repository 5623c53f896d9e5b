"""What a fit of control points does to the viewer, and how to take it back (no Qt)."""

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

Back = Callable[[], None]


def pictures(viewer: Viewer) -> list[Image]:
    """Flat images that are no maps of a scan."""
    return [
        layer
        for layer in viewer.layers
        if type(layer).__name__ == "Image"
        and is_flat_image(layer)
        and LayerInfo.of(layer).scan is None
    ]


def scan_layer(viewer: Viewer, scan: Scan | None) -> Image | None:
    """A layer that shows where the scan lies, one that is visible if there is any."""
    if scan is None:
        return None
    found = map_layers(viewer, scan, {"counts", "element", "pigment"})
    visible = [layer for layer in found.values() if layer.visible]
    return next(iter([*visible, *found.values()]), None)


def lay_on(picture: Image, below: Image, found: Registration) -> Back:
    """Give a picture the affine transform of a fit; returns what takes it back."""
    before = data_and_matrix(picture)[1]
    control.set_place(picture, control.placed_matrix(found, below), below)
    update_info(picture, made={"registration": made(found)})

    def back() -> None:
        control.set_place(picture, before, below)
        update_info(picture, made={})

    return back


def add_resampled(
    viewer: Viewer, picture: Image, scan: Scan, pixels: Any, found: Registration
) -> Back:
    """Show a resampled picture instead of the picture; returns what takes it back.

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
    # Its pixels are finer: their first centre lies before the scan's.
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
        LayerInfo(made={"registration": made(found)}),
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


def made(found: Registration) -> dict[str, Any]:
    """How a picture was registered, as plain values."""
    return {
        "model": found.model,
        "matrix": found.matrix.tolist(),
        "points": len(found.residuals_px),
        "rms_px": found.rms_px,
        "rms_mm": found.rms_mm,
    }


def places(points: tuple[Points, Points]) -> tuple[Any, Any]:
    """Points on the picture and on the scan, (row, column) in pixels of each."""
    one, other = (np.asarray(layer.data, float)[:, -2:] for layer in points)
    return one, other


def save_points(
    points: tuple[Points, Points], picture: Image, scan: Scan, model: str, path: Path
) -> None:
    """Write the pairs to a file.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    from napari_xrf_pigments.io.control_points import ControlPoints, save_control_points

    one, other = places(points)
    pairs = min(len(one), len(other))
    save_control_points(
        ControlPoints(one[:pairs], other[:pairs], picture.name, scan.name, model), path
    )


def load_points(path: Path) -> ControlPoints:
    """Read pairs from a file.

    Raises
    ------
    ValueError, OSError
        If it holds none or cannot be read.
    """
    from napari_xrf_pigments.io.control_points import load_control_points

    return load_control_points(path)
