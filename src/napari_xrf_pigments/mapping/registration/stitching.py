"""Sections of one painting joined to one scan.

Sections are placed at whole pixels, so that joining resamples nothing.  Where they
overlap, maps are averaged or taken from the first section; counts are always those of
the first section that measured the pixel, since a mean of counts would not be counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

import dask.array as da
import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_xrf_pigments.cube import XRFCube

Overlap = Literal["average", "first"]


@dataclass(frozen=True)
class Layout:
    """Where sections lie on their common canvas.

    Parameters
    ----------
    shapes : tuple of (int, int)
        (y, x) of each section.
    places : tuple of (int, int)
        Row and column of the first pixel of each; the smallest of each is 0.
    """

    shapes: tuple[tuple[int, int], ...]
    places: tuple[tuple[int, int], ...]

    @classmethod
    def of(
        cls, shapes: Sequence[tuple[int, int]], offsets: Sequence[tuple[float, float]]
    ) -> Layout:
        """A layout of offsets in pixels from any common point, rounded to whole pixels.

        Raises
        ------
        ValueError
            If there is no section, or the numbers do not fit together.
        """
        if not shapes or len(shapes) != len(offsets):
            raise ValueError("Each section needs a place.")
        whole = np.round(np.asarray(offsets, np.float64)).astype(int)
        whole -= whole.min(axis=0)
        places = tuple((int(y), int(x)) for y, x in whole)
        return cls(tuple((int(h), int(w)) for h, w in shapes), places)

    @property
    def shape(self) -> tuple[int, int]:
        """(y, x) of the canvas."""
        ends = np.array(self.shapes) + np.array(self.places)
        return int(ends[:, 0].max()), int(ends[:, 1].max())

    @property
    def windows(self) -> tuple[tuple[slice, slice], ...]:
        """Rows and columns of each section on the canvas."""
        pairs = zip(self.shapes, self.places, strict=True)
        return tuple((slice(y, y + h), slice(x, x + w)) for (h, w), (y, x) in pairs)


def join_maps(
    maps: Sequence[ArrayLike], layout: Layout, overlap: Overlap = "average"
) -> NDArray[np.float32]:
    """One map of the maps of the sections.

    Parameters
    ----------
    maps : sequence of array_like, shape (y, x)
        A map of each section; NaN = not measured.
    layout : Layout
        Where the sections lie.
    overlap : {"average", "first"}
        What to do where more than one section measured.

    Returns
    -------
    ndarray, shape (y, x), float32
        NaN where no section measured.

    Raises
    ------
    ValueError
        If maps and layout do not fit.
    """
    images = [np.asarray(image, np.float32) for image in maps]
    if [image.shape for image in images] != list(layout.shapes):
        raise ValueError("The maps do not have the shapes of their sections.")
    total, count = np.zeros(layout.shape), np.zeros(layout.shape, np.int32)
    for image, window in zip(images, layout.windows, strict=True):
        there = np.isfinite(image)
        if overlap == "first":
            there &= count[window] == 0
        total[window] += np.where(there, image, 0)
        count[window] += there
    with np.errstate(invalid="ignore", divide="ignore"):
        return (total / np.where(count, count, np.nan)).astype(np.float32)


def uncovered(layout: Layout) -> NDArray[np.bool_]:
    """Pixels of the canvas, shape (y, x), that no section covers."""
    bare = np.ones(layout.shape, bool)
    for window in layout.windows:
        bare[window] = False
    return bare


def join_cubes(cubes: Sequence[XRFCube], layout: Layout) -> XRFCube:
    """One lazy scan of the scans of the sections; the first that measured a pixel gives it.

    Parameters
    ----------
    cubes : sequence of XRFCube
        Scans with the same channels, energy axis (within half a channel) and pixel size.
    layout : Layout
        Where they lie.

    Returns
    -------
    XRFCube
        Uncovered pixels count as not measured. Energy axis and settings are the first
        scan's; settings in which the scans differ are unknown.

    Raises
    ------
    ValueError
        If the scans do not fit together.
    """
    check_joinable(cubes)
    if [cube.shape[:2] for cube in cubes] != list(layout.shapes):
        raise ValueError("The scans do not have the shapes of their sections.")
    source = _first_with_data(cubes, layout)
    first = cubes[0]
    dtype = np.result_type(*(cube.counts.dtype for cube in cubes))
    counts = _assembled([cube.counts for cube in cubes], layout, source, dtype)
    live = None
    if all(cube.live_time_s is not None for cube in cubes):
        live = np.zeros(layout.shape)
        for i, (cube, window) in enumerate(zip(cubes, layout.windows, strict=True)):
            mine = source[window] == i
            live[window][mine] = np.asarray(cube.live_time_s)[mine]
    known = {
        name: value
        for name, value in first.acquisition.known().items()
        if all(getattr(cube.acquisition, name) == value for cube in cubes)
    }
    return replace(
        first,
        counts=counts,
        acquisition=type(first.acquisition)(**known),
        live_time_s=live,
        valid=source >= 0,
        source=None,
    )


def check_joinable(cubes: Sequence[XRFCube]) -> None:
    """Complain where scans cannot be joined.

    Raises
    ------
    ValueError
        With the reason.
    """
    check_pixels(cubes)
    first = cubes[0].energies
    for cube in cubes[1:]:
        axis = cube.energies
        if axis.n_channels != first.n_channels:
            raise ValueError(
                f"The sections have {first.n_channels} and {axis.n_channels} channels: "
                "only their maps can be joined."
            )
        if np.abs(axis.kev - first.kev).max() > 0.5 * first.gain_kev:
            raise ValueError(
                "The energy axes of the sections differ by more than half a channel: "
                "only their maps can be joined."
            )


def check_pixels(cubes: Sequence[XRFCube]) -> None:
    """Complain where the pixels of scans differ by more than 1 %.

    Raises
    ------
    ValueError
        With the reason.
    """
    sizes = [cube.pixel_mm for cube in cubes if cube.pixel_mm is not None]
    if sizes and not np.allclose(sizes, sizes[0], rtol=0.01):
        raise ValueError("The sections were measured with pixels of different size.")


def _first_with_data(cubes: Sequence[XRFCube], layout: Layout) -> NDArray[np.int16]:
    """Index of the section that gives each pixel of the canvas, -1 where none does."""
    source = np.full(layout.shape, -1, np.int16)
    for i, (cube, window) in enumerate(zip(cubes, layout.windows, strict=True)):
        there = np.ones(cube.shape[:2], bool) if cube.valid is None else cube.valid
        part = source[window]
        part[there & (part < 0)] = i
    return source


def _assembled(
    counts: Sequence[da.Array], layout: Layout, source: NDArray[np.int16], dtype: Any
) -> da.Array:
    """The canvas cut along all borders of sections, each piece from the sections it needs."""
    ys, xs = (
        sorted({edge for window in layout.windows for edge in (window[k].start, window[k].stop)})
        for k in (0, 1)
    )
    bands = []
    for top, bottom in pairwise(ys):
        pieces = []
        for left, right in pairwise(xs):
            owner = source[top:bottom, left:right]
            piece = da.zeros((bottom - top, right - left, counts[0].shape[2]), dtype=dtype)
            for i in np.unique(owner[owner >= 0]):
                y, x = layout.places[i]
                part = counts[i][top - y : bottom - y, left - x : right - x].astype(dtype)
                mine = owner == i
                if mine.all():
                    piece = part
                else:
                    where = da.from_array(mine[..., None], chunks=(*part.chunks[:2], 1))
                    piece = da.where(where, part, piece.rechunk(part.chunks)).astype(dtype)
            pieces.append(piece)
        bands.append(da.concatenate(pieces, axis=1))
    whole: da.Array = da.concatenate(bands, axis=0)
    return whole
