"""Registration of an image to a scan by control points: affine or projective least squares.

Points are (row, column) of pixel centres, as in napari: in pixels of the image and in pixels of
the scan.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from scipy.optimize import least_squares
from skimage.transform import ProjectiveTransform, matrix_transform

from napari_xrf_pigments._typing import BoolArray, FloatArray

Model = Literal["affine", "projective"]

#: Fewest points that determine each model.
LEAST_POINTS: dict[Model, int] = {"affine": 3, "projective": 4}
#: A point is an outlier at this many standard deviations from the fit of the others ...
_OUTLIER_SIGMA = 4.0
#: ... and at least this many pixels of the scan.
_OUTLIER_PX = 1.0


@dataclass(frozen=True)
class Registration:
    """The transform of an image to a scan, and its residuals at the control points.

    Parameters
    ----------
    model : {"affine", "projective"}
        Kind of transform.
    matrix : ndarray, shape (3, 3)
        Maps (row, column, 1) of the image to the scan; divide by the third value.
    residuals_px : ndarray, shape (point, 2)
        Transformed minus given point, pixels of the scan (row, column).
    left_out_px : ndarray, shape (point,)
        Distance of each point from its position by the fit of the *other* points, pixels of the
        scan; NaN where they are too few.
    outlier : ndarray of bool, shape (point,)
        The point that contradicts the others most, if any does.
    pixel_mm : tuple of float or None
        Height and width of a pixel of the scan in mm.
    """

    model: Model
    matrix: FloatArray
    residuals_px: FloatArray
    left_out_px: FloatArray
    outlier: BoolArray
    pixel_mm: tuple[float, float] | None = None

    def to_picture(self, points: ArrayLike) -> FloatArray:
        """Transform points of the scan to the image, shape (point, 2)."""
        return transformed(np.linalg.inv(self.matrix), points)

    @property
    def distances_px(self) -> FloatArray:
        """Length of each residual in pixels of the scan, shape (point,)."""
        return np.asarray(np.hypot(*self.residuals_px.T))

    @property
    def distances_mm(self) -> FloatArray | None:
        """Length of each residual in mm, shape (point,); None without a pixel size."""
        if self.pixel_mm is None:
            return None
        return np.asarray(np.hypot(*(self.residuals_px * self.pixel_mm).T))

    @property
    def rms_px(self) -> float:
        """Root mean square of the residuals' lengths, pixels of the scan."""
        return float(np.sqrt(np.mean(self.distances_px**2)))

    @property
    def rms_mm(self) -> float | None:
        """Root mean square of the residuals' lengths, mm; None without a pixel size."""
        distances = self.distances_mm
        return None if distances is None else float(np.sqrt(np.mean(distances**2)))

    @property
    def exact(self) -> bool:
        """Whether there are no more points than the model needs, so that residuals are zero."""
        return len(self.residuals_px) == LEAST_POINTS[self.model]


def transformed(matrix: ArrayLike, points: ArrayLike) -> FloatArray:
    """Transform points, shape (point, 2), by a (3, 3) matrix of homogeneous coordinates."""
    rows = np.asarray(points, np.float64).reshape(-1, 2)
    return np.asarray(matrix_transform(rows, np.asarray(matrix, np.float64)))


def register(
    picture: ArrayLike,
    scan: ArrayLike,
    model: Model = "affine",
    pixel_mm: tuple[float, float] | None = None,
) -> Registration:
    """Fit the transform of control points of an image to those of a scan.

    Parameters
    ----------
    picture, scan : array_like, shape (point, 2)
        The same points, (row, column) in pixels of the image and of the scan.
    model : {"affine", "projective"}
        Affine for an image taken square on, projective for one taken at an angle.
    pixel_mm : tuple of float, optional
        Height and width of a pixel of the scan in mm.

    Returns
    -------
    Registration

    Raises
    ------
    ValueError
        If there are too few points, they are not paired, or (nearly) lie on a line.
    """
    source = np.asarray(picture, np.float64).reshape(-1, 2)
    target = np.asarray(scan, np.float64).reshape(-1, 2)
    if len(source) != len(target):
        raise ValueError(
            f"Every point needs its partner: {len(source)} points on the picture, "
            f"{len(target)} on the scan."
        )
    if not (np.isfinite(source).all() and np.isfinite(target).all()):
        raise ValueError("Control points must be finite numbers.")
    matrix = _fit(source, target, model, pixel_mm)
    residuals = transformed(matrix, source) - target
    left_out, spread = _leave_one_out(source, target, model, pixel_mm)
    with np.errstate(invalid="ignore"):
        outlier = (left_out > _OUTLIER_SIGMA * spread) & (left_out > _OUTLIER_PX)
        # An outlier distorts the fit that the others are compared with: only the worst counts.
        ratio = left_out / np.maximum(spread, 1e-9)
    if outlier.any():
        outlier &= ratio == ratio[outlier].max()
    return Registration(model, matrix, residuals, left_out, outlier, pixel_mm)


def _fit(
    source: FloatArray, target: FloatArray, model: Model, pixel_mm: tuple[float, float] | None
) -> FloatArray:
    least = LEAST_POINTS[model]
    if len(source) < least:
        raise ValueError(f"The {model} transform needs at least {least} pairs of points.")
    _check_spread(source, "picture", least)
    _check_spread(target, "scan", least)
    if model == "affine":
        matrix = _fit_affine(source, target)
    else:
        matrix = _fit_projective(source, target, pixel_mm or (1.0, 1.0))
        depth = np.column_stack([source, np.ones(len(source))]) @ matrix[2]
        if np.ptp(np.sign(depth)) > 0 or np.isclose(depth, 0).any():
            raise ValueError("No view of the picture fits these points: check their order.")
    if abs(np.linalg.det(matrix)) < 1e-12:
        raise ValueError("These points squeeze the picture into a line: check their order.")
    return matrix


def _fit_affine(source: FloatArray, target: FloatArray) -> FloatArray:
    """Minimise the distances on the scan.

    ``AffineTransform`` of scikit-image minimises an algebraic error instead (total least
    squares), which counts errors of both sets of points.
    """
    centre = source.mean(axis=0)
    columns = np.column_stack([source - centre, np.ones(len(source))])
    solution, *_ = np.linalg.lstsq(columns, target, rcond=None)
    matrix = np.vstack([solution.T, [0, 0, 1]])
    matrix[:2, 2] -= matrix[:2, :2] @ centre
    return np.asarray(matrix)


def _fit_projective(
    source: FloatArray, target: FloatArray, pixel: tuple[float, float]
) -> FloatArray:
    """Refine the direct linear transform to the least squares of the distances in mm."""
    estimate = ProjectiveTransform.from_estimate(source, target)
    if not estimate or abs(estimate.params[2, 2]) < 1e-12:
        raise ValueError("No view of the picture fits these points: check their order.")
    start = estimate.params / estimate.params[2, 2]
    if len(source) == LEAST_POINTS["projective"]:
        return np.asarray(start)
    weight = np.asarray(pixel) / np.max(pixel)

    def residuals(values: FloatArray) -> FloatArray:
        matrix = np.append(values, 1.0).reshape(3, 3)
        return np.asarray(((transformed(matrix, source) - target) * weight).ravel())

    fit = least_squares(
        residuals, start.ravel()[:8], method="lm", x_scale="jac", ftol=1e-12, xtol=1e-12
    )
    return np.append(fit.x, 1.0).reshape(3, 3)


def _check_spread(points: FloatArray, where: str, least: int) -> None:
    values = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    if values[0] == 0 or values[1] < 1e-3 * values[0]:
        raise ValueError(
            f"The points on the {where} lie on a line: spread at least {least} over the picture."
        )


def _leave_one_out(
    source: FloatArray, target: FloatArray, model: Model, pixel_mm: tuple[float, float] | None
) -> tuple[FloatArray, FloatArray]:
    """Compute the distance of each point from the fit of the others, and its expected deviation."""
    count = len(source)
    distance, spread = np.full(count, np.nan), np.full(count, np.nan)
    for i in range(count):
        others = np.arange(count) != i
        try:
            matrix = _fit(source[others], target[others], model, pixel_mm)
        except ValueError:
            continue
        distance[i] = np.hypot(*(transformed(matrix, source[i]) - target[i])[0])
        residuals = transformed(matrix, source[others]) - target[others]
        freedom = 2 * (count - 1 - LEAST_POINTS[model])
        if freedom > 0:
            # The error of a predicted point grows with its distance from the others.
            columns = np.column_stack([source[others], np.ones(count - 1)])
            new = np.append(source[i], 1.0)
            leverage = float(new @ np.linalg.pinv(columns.T @ columns) @ new)
            variance = float((residuals**2).sum()) / freedom
            spread[i] = np.sqrt(2 * variance * (1 + leverage))
    return distance, spread


#: Most pixels of a resampled image.
MOST_PIXELS = 16_000_000
_ROWS = 256


@dataclass(frozen=True)
class Band:
    """Finished rows of a resampled image.

    Parameters
    ----------
    rows : slice
        Position in the result.
    pixels : ndarray, shape (row, column) or (row, column, 4)
        float32 with NaN outside of the image, or red, green, blue, alpha (uint8).
    total : int
        Rows in all.
    """

    rows: slice
    pixels: NDArray[Any]
    total: int


def finest(registration: Registration, shape: tuple[int, int]) -> int:
    """Return the pixels per pixel of the scan that keep the detail of the image.

    Parameters
    ----------
    registration : Registration
        The transform of the image.
    shape : tuple of int
        (y, x) of the scan.
    """
    centre = (np.array(shape) - 1) / 2
    corners = registration.to_picture(np.vstack([centre, centre + np.eye(2)]))
    picture_pixels = max(np.hypot(*(corners[1:] - corners[0]).T))
    most = int(np.sqrt(MOST_PIXELS / (shape[0] * shape[1])))
    return int(max(1, min(np.ceil(picture_pixels), most)))


def resampled_centres(shape: tuple[int, int], factor: int) -> tuple[FloatArray, FloatArray]:
    """Return the rows and columns, in pixels of the scan, of `factor` times finer pixel centres."""
    rows, columns = ((np.arange(n * factor) + 0.5) / factor - 0.5 for n in shape)
    return rows, columns


def iter_resampled(
    picture: NDArray[Any], registration: Registration, shape: tuple[int, int], factor: int = 1
) -> Generator[Band, None, None]:
    """Resample an image to the grid of a scan (linear interpolation), band by band.

    ``skimage.transform.warp`` would convert the whole image to float64 for each band.

    Parameters
    ----------
    picture : ndarray, shape (y, x) or (y, x, 3 or 4)
        Grey values, or colours (uint8).
    registration : Registration
        The transform of the image.
    shape : tuple of int
        (y, x) of the scan.
    factor : int
        Pixels of the result per pixel of the scan, along each axis.

    Yields
    ------
    Band
        Rows of a result of ``shape * factor`` pixels that covers the scan exactly.
    """
    colours = picture.ndim == 3
    planes = [picture[..., i] for i in range(min(picture.shape[2], 4))] if colours else [picture]
    rows, columns = resampled_centres(shape, factor)
    for top in range(0, len(rows), _ROWS):
        band = rows[top : top + _ROWS]
        grid = np.stack(np.meshgrid(band, columns, indexing="ij"), axis=-1)
        points = registration.to_picture(grid).T
        limits = np.array(picture.shape[:2])[:, None] - 0.5
        inside = np.all((points >= -0.5) & (points <= limits), axis=0)
        values = [
            ndimage.map_coordinates(plane, points, output=np.float32, order=1, mode="nearest")
            for plane in planes
        ]
        size = (len(band), len(columns))
        if colours:
            alpha = values[3] if len(values) == 4 else np.full(inside.shape, 255.0)
            stacked = np.stack([*values[:3], np.where(inside, alpha, 0)], axis=-1)
            pixels: NDArray[Any] = np.clip(np.round(stacked), 0, 255).astype(np.uint8)
            pixels = pixels.reshape(*size, 4)
        else:
            pixels = np.where(inside, values[0], np.float32(np.nan)).reshape(size)
        yield Band(slice(top, top + len(band)), pixels, len(rows))


def resample(
    picture: NDArray[Any], registration: Registration, shape: tuple[int, int], factor: int = 1
) -> NDArray[Any]:
    """Resample a whole image; parameters as :func:`iter_resampled`."""
    return np.concatenate(
        [band.pixels for band in iter_resampled(picture, registration, shape, factor)]
    )
