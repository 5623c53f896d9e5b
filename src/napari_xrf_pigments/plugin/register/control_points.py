"""Control points as two Points layers, numbered and paired by their order (no Qt)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..layers.adding import add_layer
from ..layers.metadata import LayerInfo
from ..layers.rendering import data_and_matrix

if TYPE_CHECKING:
    from napari.layers import Image, Layer, Points
    from napari.viewer import Viewer

    from napari_xrf_pigments.mapping.registration.registration import Model, Registration

    from ..state.scan import Scan

_KIND = "control points"
_COLOURS = {"picture": "#ffb000", "scan": "#33d6ff"}


@dataclass(frozen=True)
class PointRow:
    """A pair of control points.

    Parameters
    ----------
    number : int
        Number of the pair, from 1.
    residual_px, residual_mm : float or None
        Distance from the fitted position to the point on the scan; None without a fit or without
        the size of a pixel.
    left_out_px : float or None
        Distance from the position predicted by all other points (leave-one-out residual).
    outlier : bool
        Whether the point is inconsistent with the others.
    missing_on : str
        Layer on which its partner is missing: ``"picture"``, ``"scan"``, or empty.

    """

    number: int
    residual_px: float | None = None
    residual_mm: float | None = None
    left_out_px: float | None = None
    outlier: bool = False
    missing_on: str = ""


def existing_points(viewer: Viewer, picture: Image | None) -> dict[str, Points]:
    """Return the layers of control points of an image that exist, by "picture" and "scan"."""
    layers: dict[str, Any] = {}
    for layer in viewer.layers:
        info = LayerInfo.of(layer)
        if info.kind == _KIND and info.picture is picture:
            layers[info.name] = layer
    return layers


def point_layers(viewer: Viewer, picture: Image, scan_map: Image) -> tuple[Points, Points]:
    """Return the layers of control points on an image and on a map; add missing ones."""
    layers = existing_points(viewer, picture)
    for key, image in (("picture", picture), ("scan", scan_map)):
        if key in layers:
            match_affine(layers[key], image)
            continue
        _, matrix = data_and_matrix(image)
        layers[key] = add_layer(
            viewer,
            "points",
            np.zeros((0, 2)),
            LayerInfo(_KIND, key, picture=picture),
            name=f"Control points on {image.name}",
            affine=matrix,
            units=image.units,
            face_color="transparent",
            border_color=_COLOURS[key],
            border_width=0.15,
            symbol="ring",
            size=point_size(viewer),
            features={"number": np.zeros(0, int)},
            text={"string": "{number}", "color": _COLOURS[key], "size": 12,
                  "anchor": "upper_left"},
        )  # fmt: skip
    return layers["picture"], layers["scan"]


def point_size(viewer: Viewer) -> float:
    """Return the size of a point in world units: a fortieth of the extent of all layers."""
    extent = np.ptp(viewer.layers.extent.world[:, -2:], axis=0).max() if viewer.layers else 1.0
    return max(float(extent) / 40, 1e-3)


def match_affine(points: Layer, image: Layer) -> None:
    """Apply the affine transform of an image to the points on it."""
    _, matrix = data_and_matrix(image)
    if not np.allclose(points.affine.affine_matrix, matrix):
        points.affine = matrix


def number_points(points: Points) -> None:
    """Assign numbers to points, from 1 in their order."""
    numbers = np.arange(1, len(points.data) + 1)
    present = points.features.get("number")
    if present is None or not np.array_equal(np.asarray(present), numbers):
        points.features = {"number": numbers}
        points.refresh_text()


def fit_to_scan_extent(picture: Image, scan_map: Image) -> None:
    """Scale and centre an image over the scan, as a starting position for control points."""
    shape = np.array(data_and_matrix(picture)[0].shape[:2], float)
    data, matrix = data_and_matrix(scan_map)
    size = np.array(data.shape[:2], float)
    # Height or width equal that of the scan, and the centres coincide.
    pixel = np.abs(np.diag(matrix)[:2])
    scale = float(np.min(size * pixel / shape))
    centre = (matrix @ [*(size - 1) / 2, 1.0])[:2]
    start = np.diag([scale, scale, 1.0])
    start[:2, 2] = centre - scale * (shape - 1) / 2
    set_affine(picture, start, scan_map)


def set_affine(layer: Image, matrix: NDArray[np.float64], like: Layer) -> None:
    """Set the matrix of a layer from pixels to world coordinates, in the units of ``like``."""
    layer.scale, layer.translate = (1.0, 1.0), (0.0, 0.0)
    layer.rotate, layer.shear = 0.0, [0.0]
    layer.units = like.units
    layer.affine = matrix


def registered_matrix(registration: Registration, scan_map: Layer) -> NDArray[np.float64]:
    """Return the matrix from pixels of a registered image to world coordinates, shape (3, 3)."""
    _, matrix = data_and_matrix(scan_map)
    return np.asarray(matrix @ registration.matrix)


def fit_points(
    picture: NDArray[np.float64], on_scan: NDArray[np.float64], model: Model, scan: Scan
) -> tuple[Registration | None, list[PointRow], str]:
    """Fit a transform to the pairs of points.

    Returns
    -------
    registration : Registration or None
        The registration; None if there are too few points.
    rows : list of PointRow
        One row per point.
    sentence : str
        Quality of the fit, or the reason why there is none.
    """
    from napari_xrf_pigments.mapping.registration.registration import LEAST_POINTS, register

    pairs, most = min(len(picture), len(on_scan)), max(len(picture), len(on_scan))
    shorter = "scan" if len(on_scan) < len(picture) else "picture"
    unpaired = [PointRow(i + 1, missing_on=shorter) for i in range(pairs, most)]
    try:
        fit = register(picture[:pairs], on_scan[:pairs], model, scan.cube.pixel_mm)
    except ValueError as error:
        rows = [PointRow(i + 1) for i in range(pairs)]
        return None, rows + unpaired, str(error)
    in_mm = fit.distances_mm
    rows = [
        PointRow(
            i + 1,
            float(fit.distances_px[i]),
            None if in_mm is None else float(in_mm[i]),
            None if np.isnan(fit.left_out_px[i]) else float(fit.left_out_px[i]),
            bool(fit.outlier[i]),
        )
        for i in range(pairs)
    ]
    if fit.exact:
        text = f"{LEAST_POINTS[model]} points fit exactly; add more to see how well they agree."
    else:
        text = f"Root mean square residual: {fit.rms_px:.2f} pixels of the scan"
        text += "." if fit.rms_mm is None else f", {fit.rms_mm:.2f} mm."
        if fit.outlier.any():
            bad = int(np.argmax(fit.outlier)) + 1
            text += f" Point {bad} does not fit the others; check it."
    return fit, rows + unpaired, text
