"""Where one section of a painting lies against another, found from what both show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

Floats = NDArray[np.float64]

#: Sections must share so many pixels, and this share of the smaller one.
LEAST_PIXELS = 64
LEAST_SHARE = 0.02
#: Correlation and its weight of evidence from which a match is believed.
_TRUSTED_R = 0.5
_TRUSTED_Z = 8.0


@dataclass(frozen=True)
class Offset:
    """Where a section lies.

    Parameters
    ----------
    rows, columns : int
        Row and column of its first pixel, in pixels of the section it is held against.
    correlation : float
        Correlation of the maps where they overlap, -1 to 1.
    pixels : int
        Pixels that both measured.
    runner_up : float
        Evidence (Fisher's z times the root of the pixels) of the next best place, as a
        share of the best one's; near 1 the place is a guess.
    """

    rows: int
    columns: int
    correlation: float
    pixels: int
    runner_up: float = 0.0

    @property
    def trusted(self) -> bool:
        """Whether the overlap itself supports this place."""
        evidence = np.arctanh(min(self.correlation, 0.999999)) * np.sqrt(max(self.pixels - 3, 1))
        return bool(
            self.correlation >= _TRUSTED_R and evidence >= _TRUSTED_Z and self.runner_up < 0.9
        )


def find_offset(fixed: ArrayLike, moving: ArrayLike) -> Offset:
    """Find where one section lies against another.

    The normalised cross-correlation over the pixels that both measured is computed for
    every place at once by Fourier transforms (Padfield, IEEE Trans. Image Process. 21
    (2012) 2706).  Of all places that share enough pixels, the one with the strongest
    evidence wins: a fair correlation of many pixels beats a high one of few.

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
        If the sections have different numbers of maps, or share too little at any place.
    """
    a, b = (_stacked(image) for image in (fixed, moving))
    if len(a) != len(b):
        raise ValueError("Both sections need the same maps to be held against each other.")
    shape = [m + n - 1 for m, n in zip(a.shape[1:], b.shape[1:], strict=True)]
    size = [fft.next_fast_len(n, real=True) for n in shape]
    products, pixels = np.zeros(shape), np.zeros(shape)
    used = 0
    for one, other in zip(a, b, strict=True):
        found = _correlations(one, other, shape, size)
        if found is None:
            continue
        products, used = products + found[0], used + 1
        pixels = np.maximum(pixels, found[1])
    least = max(LEAST_PIXELS, LEAST_SHARE * min(a[0].size, b[0].size))
    allowed = pixels >= min(least, min(a[0].size, b[0].size))
    if not used or not allowed.any():
        raise ValueError("The sections hold nothing that could be compared.")
    correlation = np.clip(products / used, -0.999999, 0.999999)
    evidence = np.arctanh(correlation) * np.sqrt(np.maximum(pixels - 3, 1))
    evidence[~allowed] = -np.inf
    y, x = np.unravel_index(int(np.argmax(evidence)), evidence.shape)
    best = float(evidence[y, x])
    around = evidence.copy()
    around[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4] = -np.inf
    second = float(around.max()) / best if best > 0 else 1.0
    return Offset(
        int(y) - (b.shape[1] - 1),
        int(x) - (b.shape[2] - 1),
        float(correlation[y, x]),
        round(float(pixels[y, x])),
        second,
    )


def _stacked(image: ArrayLike) -> Floats:
    stack = np.asarray(image, np.float64)
    return stack[None] if stack.ndim == 2 else stack


def _correlations(
    a: Floats, b: Floats, shape: list[int], size: list[int]
) -> tuple[Floats, Floats] | None:
    """Correlation and shared pixels at every place; None for a map without contrast."""
    there_a, there_b = np.isfinite(a), np.isfinite(b)
    if not there_a.any() or not there_b.any():
        return None
    # Around zero the sums of squares keep their digits.
    a = np.where(there_a, a - a[there_a].mean(), 0.0)
    b = np.where(there_b, b - b[there_b].mean(), 0.0)[::-1, ::-1]
    spread = a.std(), b.std()
    if 0 in spread:
        return None
    a, b = a / spread[0], b / spread[1]
    mask_a, mask_b = there_a.astype(float), there_b.astype(float)[::-1, ::-1]

    def spectrum(image: Floats) -> NDArray[np.complex128]:
        return np.asarray(fft.rfft2(image, size))

    fa, fb, ma, mb = (spectrum(image) for image in (a, b, mask_a, mask_b))

    def convolved(left: NDArray[np.complex128], right: NDArray[np.complex128]) -> Floats:
        return np.asarray(fft.irfft2(left * right, size)[: shape[0], : shape[1]])

    pixels = np.maximum(np.round(convolved(ma, mb)), 0)
    shared = np.maximum(pixels, 1)
    sum_a, sum_b = convolved(fa, mb), convolved(ma, fb)
    var_a = convolved(spectrum(a**2), mb) - sum_a**2 / shared
    var_b = convolved(ma, spectrum(b**2)) - sum_b**2 / shared
    cross = convolved(fa, fb) - sum_a * sum_b / shared
    # Where nothing varies there is nothing to compare: rounding errors are no pattern.
    floor = 1e-6 * shared
    flat = (var_a < floor) | (var_b < floor)
    norm = np.sqrt(np.maximum(var_a, floor) * np.maximum(var_b, floor))
    return np.where(flat, 0.0, np.clip(cross / norm, -1, 1)), pixels
