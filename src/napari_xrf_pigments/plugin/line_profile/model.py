"""Profiles of maps along a drawn line (no Qt)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from napari_xrf_pigments._typing import FloatArray
from napari_xrf_pigments.io.outputs.atomic_write import write_table

from ..layers.region_masks import DrawnLine

#: Positions per pixel along a line.
_PER_PIXEL = 2
_FIRST_COLUMN = "Distance"


@dataclass(frozen=True)
class Profiles:
    """Values of maps along a line.

    Parameters
    ----------
    distance : ndarray, shape (position,)
        Distance from the start of the line.
    unit : str
        Unit of the distance, ``"mm"`` or ``"px"``.
    values : mapping of str to ndarray, shape (position,)
        Values of each map by its name; NaN outside the map and where it is not computed.
    """

    distance: FloatArray
    unit: str
    values: Mapping[str, FloatArray]

    def csv(self) -> str:
        """Return the profiles as CSV, one row per position."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([f"{_FIRST_COLUMN} ({self.unit})", *self.values])
        columns = [self.distance, *self.values.values()]
        for row in zip(*columns, strict=True):
            writer.writerow(["" if np.isnan(value) else f"{value:.6g}" for value in row])
        return file.getvalue()

    def save(self, path: Path) -> None:
        """Write the profiles as CSV, in place of an earlier file of profiles at most.

        Raises
        ------
        OSError
            If another file has that name, or the disk fails.
        """
        write_table(path, self.csv(), f"{_FIRST_COLUMN} (")


def profiles_along(
    line: DrawnLine,
    maps: Mapping[str, Any],
    pixel_mm: tuple[float, float] | None,
    width: int = 1,
) -> Profiles:
    """Return the values of maps along a line or path.

    Parameters
    ----------
    line : DrawnLine
        The line, in pixels of the scan.
    maps : mapping of str to ndarray, shape (y, x)
        The maps.
    pixel_mm : tuple of float or None
        Height and width of a pixel, mm.
    width : int
        Pixels across the line over which the values are averaged.
    """
    points, normals = _positions(line.vertices)
    sides = np.array(pixel_mm or (1.0, 1.0))
    steps = np.linalg.norm(np.diff(points, axis=0) * sides, axis=1)
    distance = np.concatenate([[0.0], np.cumsum(steps)])
    offsets = np.arange(width) - (width - 1) / 2
    across = points[:, None, :] + offsets[None, :, None] * normals[:, None, :]
    values = {name: _mean_across(np.asarray(image), across) for name, image in maps.items()}
    return Profiles(distance, "px" if pixel_mm is None else "mm", values)


def _positions(vertices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return evenly spaced positions on a path and the direction across it, each (position, 2)."""
    pieces, normals = [], []
    for start, end in pairwise(vertices):
        length = float(np.linalg.norm(end - start))
        if length == 0:
            continue
        count = max(2, int(np.ceil(_PER_PIXEL * length)) + 1)
        pieces.append(start + np.linspace(0, 1, count)[:, None] * (end - start))
        dy, dx = (end - start) / length
        normals.append(np.tile([-dx, dy], (count, 1)))
    if not pieces:
        return np.array(vertices[:1]), np.zeros((1, 2))
    return np.concatenate(pieces), np.concatenate(normals)


def _mean_across(image: FloatArray, across: FloatArray) -> FloatArray:
    """Return the mean of the nearest pixels across a line, shape (position,)."""
    pixels = np.rint(across).astype(int)
    inside = ((pixels >= 0) & (pixels < image.shape)).all(-1)
    pixels = np.clip(pixels, 0, np.array(image.shape) - 1)
    values = np.where(inside, image[pixels[..., 0], pixels[..., 1]], np.nan).astype(np.float64)
    counted = np.isfinite(values)
    sums = np.where(counted, values, 0.0).sum(1)
    number = counted.sum(1)
    return np.where(number > 0, sums / np.maximum(number, 1), np.nan)
