"""A picture laid onto a scan by control points: affine or projective least squares.

Points are (row, column) of pixel centres, as napari gives them: in pixels of the picture
and in pixels of the scan.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from scipy.optimize import least_squares

Model = Literal["affine", "projective"]
Floats = NDArray[np.float64]

#: Fewest points that fix each model.
LEAST_POINTS: dict[Model, int] = {"affine": 3, "projective": 4}
#: A point counts as an outlier this many standard deviations off the others' fit ...
_OUTLIER_SIGMA = 4.0
#: ... and at least so many pixels of the scan.
_OUTLIER_PX = 1.0


@dataclass(frozen=True)
class Registration:
    """Where a picture lies on a scan, and how well the control points agree on it.

    Parameters
    ----------
    model : {"affine", "projective"}
        Kind of transform.
    matrix : ndarray, shape (3, 3)
        Takes (row, column, 1) of the picture to the scan; divide by the third value.
    residuals_px : ndarray, shape (point, 2)
        Mapped minus wanted place, pixels of the scan (row, column).
    left_out_px : ndarray, shape (point,)
        How far each point lies from where the *other* points put it, pixels of the scan;
        NaN where they are too few to say.
    outlier : ndarray of bool, shape (point,)
        The point that the others contradict most, if they contradict any.
    pixel_mm : tuple of float or None
        Height and width of a pixel of the scan in mm.
    """

    model: Model
    matrix: Floats
    residuals_px: Floats
    left_out_px: Floats
    outlier: NDArray[np.bool_]
    pixel_mm: tuple[float, float] | None = None

    def to_scan(self, points: ArrayLike) -> Floats:
        """Places on the scan, shape (point, 2), of places on the picture."""
        return transformed(self.matrix, points)

    def to_picture(self, points: ArrayLike) -> Floats:
        """Places on the picture, shape (point, 2), of places on the scan."""
        return transformed(np.linalg.inv(self.matrix), points)

    @property
    def distances_px(self) -> Floats:
        """Length of each residual in pixels of the scan, shape (point,)."""
        return np.asarray(np.hypot(*self.residuals_px.T))

    @property
    def distances_mm(self) -> Floats | None:
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
        """Whether there are no more points than the model needs: residuals then say nothing."""
        return len(self.residuals_px) == LEAST_POINTS[self.model]


def transformed(matrix: ArrayLike, points: ArrayLike) -> Floats:
    """Points, shape (point, 2), moved by a (3, 3) matrix of homogeneous coordinates."""
    places = np.asarray(points, np.float64).reshape(-1, 2)
    moved = np.column_stack([places, np.ones(len(places))]) @ np.asarray(matrix, np.float64).T
    return np.asarray(moved[:, :2] / moved[:, 2:])


def register(
    picture: ArrayLike,
    scan: ArrayLike,
    model: Model = "affine",
    pixel_mm: tuple[float, float] | None = None,
) -> Registration:
    """Fit the transform that takes control points of a picture to those of a scan.

    Parameters
    ----------
    picture, scan : array_like, shape (point, 2)
        The same places, (row, column) in pixels of the picture and of the scan.
    model : {"affine", "projective"}
        Affine for a picture taken square on, projective for one taken at an angle.
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
    left_out, spread = _left_out(source, target, model, pixel_mm)
    with np.errstate(invalid="ignore"):
        outlier = (left_out > _OUTLIER_SIGMA * spread) & (left_out > _OUTLIER_PX)
        # A bad point spoils the fit that the others are judged by: only the worst is told.
        ratio = left_out / np.maximum(spread, 1e-9)
    if outlier.any():
        outlier &= ratio == ratio[outlier].max()
    return Registration(model, matrix, residuals, left_out, outlier, pixel_mm)


def _fit(
    source: Floats, target: Floats, model: Model, pixel_mm: tuple[float, float] | None
) -> Floats:
    least = LEAST_POINTS[model]
    if len(source) < least:
        raise ValueError(f"The {model} transform needs at least {least} pairs of points.")
    _check_spread(source, "picture", least)
    _check_spread(target, "scan", least)
    # Centred and scaled points keep the equations well behaved (Hartley 1997).
    to_source, to_target = _normaliser(source), _normaliser(target)
    a, b = transformed(to_source, source), transformed(to_target, target)
    if model == "affine":
        solution, *_ = np.linalg.lstsq(np.column_stack([a, np.ones(len(a))]), b, rcond=None)
        matrix = np.vstack([solution.T, [0, 0, 1]])
    else:
        weight = np.asarray(pixel_mm or (1.0, 1.0)) / np.max(pixel_mm or (1.0, 1.0))
        matrix = _projective(a, b, weight)
    whole = np.linalg.inv(to_target) @ matrix @ to_source
    if model == "projective":
        depth = np.column_stack([source, np.ones(len(source))]) @ whole[2]
        if np.ptp(np.sign(depth)) > 0 or np.isclose(depth, 0).any():
            raise ValueError("No view of the picture fits these points: check their order.")
    if abs(np.linalg.det(whole)) < 1e-12:
        raise ValueError("These points squeeze the picture into a line: check their order.")
    return np.asarray(whole / whole[2, 2])


def _projective(a: Floats, b: Floats, weight: Floats) -> Floats:
    """Direct linear transform, then the least squares of the real distances."""
    rows = []
    for (y, x), (v, u) in zip(a, b, strict=True):
        rows.append([y, x, 1, 0, 0, 0, -v * y, -v * x, -v])
        rows.append([0, 0, 0, y, x, 1, -u * y, -u * x, -u])
    start = np.linalg.svd(np.array(rows))[2][-1]
    if abs(start[8]) < 1e-9:
        raise ValueError("No view of the picture fits these points: check their order.")
    start = start / start[8]

    def misses(values: Floats) -> Floats:
        matrix = np.append(values, 1.0).reshape(3, 3)
        return np.asarray(((transformed(matrix, a) - b) * weight).ravel())

    if len(a) > LEAST_POINTS["projective"]:
        start = np.append(least_squares(misses, start[:8], method="lm").x, 1.0)
    return np.asarray(start).reshape(3, 3)


def _normaliser(points: Floats) -> Floats:
    centre = points.mean(axis=0)
    size = np.sqrt(((points - centre) ** 2).sum(axis=1).mean() / 2)
    scale = 1 / max(size, 1e-12)
    return np.array([[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1]])


def _check_spread(points: Floats, where: str, least: int) -> None:
    values = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    if values[0] == 0 or values[1] < 1e-3 * values[0]:
        raise ValueError(
            f"The points on the {where} lie on a line: spread at least {least} over the picture."
        )


def _left_out(
    source: Floats, target: Floats, model: Model, pixel_mm: tuple[float, float] | None
) -> tuple[Floats, Floats]:
    """Distance of each point from the others' fit, and the deviation expected of it."""
    count = len(source)
    distance, spread = np.full(count, np.nan), np.full(count, np.nan)
    for i in range(count):
        others = np.arange(count) != i
        try:
            matrix = _fit(source[others], target[others], model, pixel_mm)
        except ValueError:
            continue
        distance[i] = np.hypot(*(transformed(matrix, source[i]) - target[i])[0])
        misses = transformed(matrix, source[others]) - target[others]
        free = 2 * (count - 1 - LEAST_POINTS[model])
        if free > 0:
            # How far a new point is guessed grows with its distance from the others.
            known = np.column_stack([source[others], np.ones(count - 1)])
            new = np.append(source[i], 1.0)
            leverage = float(new @ np.linalg.pinv(known.T @ known) @ new)
            variance = float((misses**2).sum()) / free
            spread[i] = np.sqrt(2 * variance * (1 + leverage))
    return distance, spread


#: Most pixels of a resampled picture.
MOST_PIXELS = 16_000_000
_ROWS = 256


@dataclass(frozen=True)
class Band:
    """Some finished rows of a resampled picture.

    Parameters
    ----------
    rows : slice
        Where they belong.
    pixels : ndarray, shape (row, column) or (row, column, 4)
        float32 with NaN outside of the picture, or red, green, blue, alpha (uint8).
    total : int
        Rows in all.
    """

    rows: slice
    pixels: NDArray[Any]
    total: int


def finest(registration: Registration, shape: tuple[int, int]) -> int:
    """Pixels of the result in one pixel of the scan that keep the picture's detail.

    Parameters
    ----------
    registration : Registration
        Where the picture lies.
    shape : tuple of int
        (y, x) of the scan.
    """
    centre = (np.array(shape) - 1) / 2
    corners = registration.to_picture(np.vstack([centre, centre + np.eye(2)]))
    picture_pixels = max(np.hypot(*(corners[1:] - corners[0]).T))
    most = int(np.sqrt(MOST_PIXELS / (shape[0] * shape[1])))
    return int(max(1, min(np.ceil(picture_pixels), most)))


def resampled_places(shape: tuple[int, int], factor: int) -> tuple[Floats, Floats]:
    """Rows and columns, in pixels of the scan, of the centres of `factor` times finer pixels."""
    rows, columns = ((np.arange(n * factor) + 0.5) / factor - 0.5 for n in shape)
    return rows, columns


def iter_resampled(
    picture: NDArray[Any], registration: Registration, shape: tuple[int, int], factor: int = 1
) -> Generator[Band, None, None]:
    """Resample a picture (linear interpolation), some rows at a time.

    Parameters
    ----------
    picture : ndarray, shape (y, x) or (y, x, 3 or 4)
        Grey values, or colours (uint8).
    registration : Registration
        Where the picture lies.
    shape : tuple of int
        (y, x) of the scan.
    factor : int
        Pixels of the result in one pixel of the scan, along each axis.

    Yields
    ------
    Band
        Of a result of ``shape * factor`` pixels that covers the scan exactly.
    """
    colours = picture.ndim == 3
    planes = [picture[..., i] for i in range(min(picture.shape[2], 4))] if colours else [picture]
    rows, columns = resampled_places(shape, factor)
    for top in range(0, len(rows), _ROWS):
        band = rows[top : top + _ROWS]
        grid = np.stack(np.meshgrid(band, columns, indexing="ij"), axis=-1)
        places = registration.to_picture(grid).T
        inside = np.all(
            (places >= -0.5) & (places <= np.array(picture.shape[:2])[:, None] - 0.5), axis=0
        )
        values = [
            ndimage.map_coordinates(plane, places, output=np.float32, order=1, mode="nearest")
            for plane in planes
        ]
        place = (len(band), len(columns))
        if colours:
            alpha = values[3] if len(values) == 4 else np.full(inside.shape, 255.0)
            stacked = np.stack([*values[:3], np.where(inside, alpha, 0)], axis=-1)
            pixels: NDArray[Any] = np.clip(np.round(stacked), 0, 255).astype(np.uint8)
            pixels = pixels.reshape(*place, 4)
        else:
            pixels = np.where(inside, values[0], np.float32(np.nan)).reshape(place)
        yield Band(slice(top, top + len(band)), pixels, len(rows))


def resample(
    picture: NDArray[Any], registration: Registration, shape: tuple[int, int], factor: int = 1
) -> NDArray[Any]:
    """Resample a whole picture; parameters as :func:`iter_resampled`."""
    return np.concatenate(
        [band.pixels for band in iter_resampled(picture, registration, shape, factor)]
    )
