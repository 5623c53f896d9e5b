"""Sections of one painting joined to one scan.

Sections are placed at whole pixels, so that joining resamples nothing.  Where they
overlap, maps are averaged or taken from the first section; counts are always those of
the first section that measured the pixel, since a mean of counts has no Poisson noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

import dask.array as da
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from napari_xrf_pigments._typing import BoolArray, Float32Array, FloatArray
from napari_xrf_pigments.cube import XRFCube

Overlap = Literal["average", "first"]


@dataclass(frozen=True)
class Layout:
    """Positions of sections on their common canvas.

    Parameters
    ----------
    shapes : tuple of (int, int)
        (y, x) of each section.
    places : tuple of (int, int)
        Row and column of the first pixel of each section; the smallest of each is 0.
    """

    shapes: tuple[tuple[int, int], ...]
    places: tuple[tuple[int, int], ...]

    @classmethod
    def of(
        cls, shapes: Sequence[tuple[int, int]], offsets: Sequence[tuple[float, float]]
    ) -> Layout:
        """Make a layout of offsets in pixels from any common point, rounded to whole pixels.

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
) -> Float32Array:
    """Join the maps of the sections to one map.

    Parameters
    ----------
    maps : sequence of array_like, shape (y, x)
        One map per section; NaN = not measured.
    layout : Layout
        Positions of the sections.
    overlap : {"average", "first"}
        Value where several sections measured a pixel.

    Returns
    -------
    ndarray, shape (y, x), float32
        NaN where no section measured.

    Raises
    ------
    ValueError
        If the shapes of maps and layout differ.
    """
    images = [np.asarray(image, np.float32) for image in maps]
    if [image.shape for image in images] != list(layout.shapes):
        raise ValueError("The maps do not have the shapes of their sections.")
    total, count = np.zeros(layout.shape), np.zeros(layout.shape, np.int32)
    for image, window in zip(images, layout.windows, strict=True):
        measured = np.isfinite(image)
        if overlap == "first":
            measured &= count[window] == 0
        total[window] += np.where(measured, image, 0)
        count[window] += measured
    with np.errstate(invalid="ignore", divide="ignore"):
        return (total / np.where(count, count, np.nan)).astype(np.float32)


def uncovered(layout: Layout) -> BoolArray:
    """Return the pixels of the canvas, shape (y, x), that no section covers."""
    bare = np.ones(layout.shape, bool)
    for window in layout.windows:
        bare[window] = False
    return bare


def join_cubes(cubes: Sequence[XRFCube], layout: Layout) -> XRFCube:
    """Join the scans of sections to a lazy one; the first that measured a pixel provides it.

    Parameters
    ----------
    cubes : sequence of XRFCube
        Scans with the same channels, energy axis (within half a channel) and pixel size.
    layout : Layout
        Positions of the sections.

    Returns
    -------
    XRFCube
        Uncovered pixels are not measured. Energy axis and settings are those of the first
        scan; settings in which the scans differ are unknown.

    Raises
    ------
    ValueError
        If the scans cannot be joined.
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
            own = source[window] == i
            live[window][own] = np.asarray(cube.live_time_s)[own]
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
    """Check that the channels and energy axes of scans agree.

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
    """Check that the pixel sizes of scans agree within 1 %.

    Raises
    ------
    ValueError
        With the reason.
    """
    sizes = [cube.pixel_mm for cube in cubes if cube.pixel_mm is not None]
    if sizes and not np.allclose(sizes, sizes[0], rtol=0.01):
        raise ValueError("The sections were measured with pixels of different size.")


def _first_with_data(cubes: Sequence[XRFCube], layout: Layout) -> NDArray[np.int16]:
    """Return the index of the section that provides each pixel of the canvas, or -1."""
    source = np.full(layout.shape, -1, np.int16)
    for i, (cube, window) in enumerate(zip(cubes, layout.windows, strict=True)):
        valid = np.ones(cube.shape[:2], bool) if cube.valid is None else cube.valid
        part = source[window]
        part[valid & (part < 0)] = i
    return source


def _assembled(
    counts: Sequence[da.Array], layout: Layout, source: NDArray[np.int16], dtype: Any
) -> da.Array:
    """Cut the canvas along all borders of sections, and fill each piece from its sections."""
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
                own = owner == i
                if own.all():
                    piece = part
                else:
                    where = da.from_array(own[..., None], chunks=(*part.chunks[:2], 1))
                    piece = da.where(where, part, piece.rechunk(part.chunks)).astype(dtype)
            pieces.append(piece)
        bands.append(da.concatenate(pieces, axis=1))
    whole: da.Array = da.concatenate(bands, axis=0)
    return whole


#: Sections must share so many pixels, and this share of the smaller one.
LEAST_PIXELS = 64
LEAST_SHARE = 0.02
#: Least correlation, and least evidence, of a match that is trusted.
_TRUSTED_R = 0.5
_TRUSTED_Z = 8.0


@dataclass(frozen=True)
class Offset:
    """The position of a section against another one.

    Parameters
    ----------
    rows, columns : int
        Row and column of its first pixel, in pixels of the other section.
    correlation : float
        Correlation of the maps where they overlap, -1 to 1.
    pixels : int
        Pixels that both measured.
    runner_up : float
        Evidence (Fisher's z times the root of the pixels) of the next best position, as a
        share of the best one's; near 1 the position is a guess.
    """

    rows: int
    columns: int
    correlation: float
    pixels: int
    runner_up: float = 0.0

    @property
    def trusted(self) -> bool:
        """Whether the overlap itself supports this position."""
        evidence = np.arctanh(min(self.correlation, 0.999999)) * np.sqrt(max(self.pixels - 3, 1))
        return bool(
            self.correlation >= _TRUSTED_R and evidence >= _TRUSTED_Z and self.runner_up < 0.9
        )


def find_offset(fixed: ArrayLike, moving: ArrayLike) -> Offset:
    """Find the position of one section against another.

    The normalised cross-correlation over the pixels that both measured is computed for
    every position at once by Fourier transforms (Padfield, IEEE Trans. Image Process. 21
    (2012) 2706).  Of all positions that share enough pixels, the one with the strongest
    evidence wins: a fair correlation of many pixels beats a high one of few.

    ``phase_cross_correlation`` of scikit-image, which follows the same paper, returns the shift
    of the highest correlation alone: it cannot add up several maps, nor compare the best
    position with the next one.

    Parameters
    ----------
    fixed, moving : array_like, shape (y, x) or (map, y, x)
        The same maps of both sections, in the same order; NaN = not measured. The pixels
        must be of the same size.

    Returns
    -------
    Offset

    Raises
    ------
    ValueError
        If the sections have different numbers of maps, or share too little at any position.
    """
    a, b = (_stacked(image) for image in (fixed, moving))
    if len(a) != len(b):
        raise ValueError("Both sections need the same maps to be compared.")
    shape = [m + n - 1 for m, n in zip(a.shape[1:], b.shape[1:], strict=True)]
    size = [fft.next_fast_len(n, real=True) for n in shape]
    total, pixels = np.zeros(shape), np.zeros(shape)
    used = 0
    for one, other in zip(a, b, strict=True):
        result = _correlations(one, other, shape, size)
        if result is None:
            continue
        total, used = total + result[0], used + 1
        pixels = np.maximum(pixels, result[1])
    least = max(LEAST_PIXELS, LEAST_SHARE * min(a[0].size, b[0].size))
    allowed = pixels >= min(least, min(a[0].size, b[0].size))
    if not used or not allowed.any():
        raise ValueError("The sections hold nothing that could be compared.")
    correlation = np.clip(total / used, -0.999999, 0.999999)
    evidence = np.arctanh(correlation) * np.sqrt(np.maximum(pixels - 3, 1))
    evidence[~allowed] = -np.inf
    y, x = np.unravel_index(int(np.argmax(evidence)), evidence.shape)
    best = float(evidence[y, x])
    others = evidence.copy()
    others[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4] = -np.inf
    second = float(others.max()) / best if best > 0 else 1.0
    return Offset(
        int(y) - (b.shape[1] - 1),
        int(x) - (b.shape[2] - 1),
        float(correlation[y, x]),
        round(float(pixels[y, x])),
        second,
    )


def _stacked(image: ArrayLike) -> FloatArray:
    stack = np.asarray(image, np.float64)
    return stack[None] if stack.ndim == 2 else stack


def _correlations(
    a: FloatArray, b: FloatArray, shape: list[int], size: list[int]
) -> tuple[FloatArray, FloatArray] | None:
    """Correlate two maps at every position, with the shared pixels; None without contrast."""
    known_a, known_b = np.isfinite(a), np.isfinite(b)
    if not known_a.any() or not known_b.any():
        return None
    # Sums of squares of values near zero lose the fewest digits.
    a = np.where(known_a, a - a[known_a].mean(), 0.0)
    b = np.where(known_b, b - b[known_b].mean(), 0.0)[::-1, ::-1]
    spread = a.std(), b.std()
    if 0 in spread:
        return None
    a, b = a / spread[0], b / spread[1]
    mask_a, mask_b = known_a.astype(float), known_b.astype(float)[::-1, ::-1]

    def spectrum(image: FloatArray) -> NDArray[np.complex128]:
        return np.asarray(fft.rfft2(image, size))

    fa, fb, ma, mb = (spectrum(image) for image in (a, b, mask_a, mask_b))

    def convolved(left: NDArray[np.complex128], right: NDArray[np.complex128]) -> FloatArray:
        return np.asarray(fft.irfft2(left * right, size)[: shape[0], : shape[1]])

    pixels = np.maximum(np.round(convolved(ma, mb)), 0)
    shared = np.maximum(pixels, 1)
    sum_a, sum_b = convolved(fa, mb), convolved(ma, fb)
    var_a = convolved(spectrum(a**2), mb) - sum_a**2 / shared
    var_b = convolved(ma, spectrum(b**2)) - sum_b**2 / shared
    cross = convolved(fa, fb) - sum_a * sum_b / shared
    # Without variation, rounding errors would pass for a pattern.
    floor = 1e-6 * shared
    flat = (var_a < floor) | (var_b < floor)
    norm = np.sqrt(np.maximum(var_a, floor) * np.maximum(var_b, floor))
    return np.where(flat, 0.0, np.clip(cross / norm, -1, 1)), pixels
