"""Correction of the sawtooth of bidirectional scans, whose odd rows are shifted.

Maps are corrected by resampling their odd rows.  Only :func:`aligned_cube` changes counts: it
assigns each of them at random to one of the two pixels that it may belong to, so that counts stay
whole numbers with Poisson noise and their sum is preserved.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_xrf_pigments._typing import Float32Array, FloatArray
from napari_xrf_pigments.cube import XRFCube


def align_rows(image: ArrayLike, shift: float) -> Float32Array:
    """Shift the odd rows of a map back by linear interpolation.

    Parameters
    ----------
    image : array_like, shape (..., y, x)
        One map or several.
    shift : float
        As in :class:`Sawtooth`, pixels.

    Returns
    -------
    ndarray, float32
        Even rows are unchanged. Pixels whose values would come from beyond the end of a row
        are NaN, and so are the neighbours of a pixel that was not measured.
    """
    aligned = np.array(image, np.float32)
    columns = aligned.shape[-1]
    whole, part = _split(shift)
    odd = aligned[..., 1::2, :]
    near, far = (_moved(odd, whole + step, columns) for step in (0, 1))
    aligned[..., 1::2, :] = near if part == 0 else (1 - part) * near + part * far
    return aligned


def aligned_cube(cube: XRFCube, shift: float, seed: int = 0) -> XRFCube:
    """Shift the odd rows of a scan back, lazily.

    Every count of an odd row goes to one of the two pixels nearest to its position, with the
    probabilities of linear interpolation. Interpolation by a library would make fractions of
    counts, whose noise is correlated.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    shift : float
        As in :class:`Sawtooth`, pixels.
    seed : int
        The same seed assigns the counts in the same way.

    Returns
    -------
    XRFCube
        Counts of the same type. The pixels at the ends of odd rows that part of the row
        was moved away from are not measured.
    """
    counts = cube.counts.rechunk({1: -1})

    def split(block: NDArray[Any], block_info: Any = None) -> NDArray[Any]:
        if not block_info:
            return block
        top = int(block_info[0]["array-location"][0][0])
        moved = block.copy()
        for y in range(len(block)):
            if (top + y) % 2:
                moved[y] = _split_counts_binomially(
                    block[y], shift, np.random.default_rng((seed, top + y))
                )
        return moved

    moved = counts.map_blocks(split, dtype=counts.dtype, meta=np.empty((0, 0, 0), counts.dtype))
    valid = np.ones(cube.shape[:2], bool) if cube.valid is None else cube.valid
    measured = np.isfinite(align_rows(np.where(valid, 0.0, np.nan), shift))
    return replace(cube, counts=moved, valid=measured)


def _split(shift: float) -> tuple[int, float]:
    whole = int(np.floor(shift))
    return whole, float(shift - whole)


def _moved(rows: Float32Array, by: int, columns: int) -> Float32Array:
    """Shift rows left by whole pixels; NaN where nothing comes in."""
    moved = np.full_like(rows, np.nan)
    left, right = max(0, -by), min(columns, columns - by)
    if right > left:
        moved[..., left:right] = rows[..., left + by : right + by]
    return moved


def _split_counts_binomially(
    row: NDArray[Any], shift: float, rng: np.random.Generator
) -> NDArray[Any]:
    """Assign the counts of a row (column, channel) at random to whole pixels."""
    whole, part = _split(shift)
    # A count at x belongs at x - shift: with probability `part` it goes to x - whole - 1.
    further = rng.binomial(row, part).astype(row.dtype) if part else np.zeros_like(row)
    moved = np.zeros_like(row)
    for counts, by in ((row - further, whole), (further, whole + 1)):
        left, right = max(0, -by), min(len(row), len(row) - by)
        if right > left:
            moved[left:right] += counts[left + by : right + by]
    return moved


#: Largest shift that is searched for, pixels.
REACH = 4.0
_STEP = 0.01
_DRAWS = 200


@dataclass(frozen=True)
class Sawtooth:
    """The shift of the odd rows of a scan.

    Parameters
    ----------
    shift : float
        Shift of the odd rows (1, 3, ...) in pixels; right is positive.
    sigma : float
        Standard deviation of the shift, pixels, by bootstrap over rows.
    before, after : float
        Correlation of odd rows with the mean of their neighbours, without and with correction.
    """

    shift: float
    sigma: float
    before: float
    after: float

    @property
    def found(self) -> bool:
        """Whether the shift exceeds three standard deviations and a twentieth of a pixel."""
        return abs(self.shift) > max(3 * self.sigma, 0.05) and self.after > self.before


def estimate_sawtooth(maps: ArrayLike, seed: int = 0) -> Sawtooth:
    """Estimate the shift of odd rows from maps of a scan.

    Each odd row is correlated with the mean of the rows above and below it, in Fourier
    space, where a fraction of a pixel needs no interpolation, and the noise, which rows
    do not share, causes no bias.

    ``phase_cross_correlation`` of scikit-image is about as exact for one map (without its default
    normalisation, which amplifies noise), but combines no maps and gives no deviation.

    Parameters
    ----------
    maps : array_like, shape (y, x) or (map, y, x)
        Maps of one scan, weighted by the part of their variation that neighbouring rows share.
        NaN = not measured.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    Sawtooth

    Raises
    ------
    ValueError
        If there are fewer than 7 rows or 16 columns, or nothing varies along the rows.
    """
    stack = np.asarray(maps, np.float64)
    stack = stack[None] if stack.ndim == 2 else stack
    _, rows, columns = stack.shape
    if rows < 7 or columns < 16:
        raise ValueError("A sawtooth can be estimated from 7 rows and 16 columns on.")
    coarse = _best(*_products(stack, 0), seed)
    whole = round(coarse.shift)
    if whole == 0:
        return coarse
    # The tapered ends of rows bias a long shift towards zero: estimate only its remainder.
    fine = _best(*_products(stack, whole), seed)
    return replace(fine, shift=whole + fine.shift, before=coarse.before)


def _products(stack: FloatArray, lag: int) -> tuple[NDArray[Any], FloatArray, int]:
    """Compute cross spectra (row, frequency) and powers (row, 2) of odd rows and neighbours.

    Parameters
    ----------
    stack : ndarray, shape (map, y, x)
        Maps.
    lag : int
        Columns by which the odd rows are shifted left first.
    """
    _, rows, columns = stack.shape
    width = columns - abs(lag)
    cross = np.zeros(((rows - 1) // 2, width // 2 + 1), complex)
    power = np.zeros((len(cross), 2))
    for image in stack:
        odd, even = _row_pairs(image, lag)
        a, b = np.fft.rfft(odd, axis=1), np.fft.rfft(even, axis=1)
        # The shared part of the spectrum is signal, the rest is noise.
        scale = float(np.sqrt((np.abs(a) ** 2).sum() * (np.abs(b) ** 2).sum()))
        if scale == 0:
            continue
        product = a * np.conj(b)
        share = abs(float(np.real(product.sum()))) / scale
        cross += share * product / scale
        power += share * np.stack([(odd**2).sum(axis=1), (even**2).sum(axis=1)], 1) / scale
    if not np.abs(cross).sum() > 0:
        raise ValueError("No map varies along its rows: there is nothing to align.")
    return cross, power, width


def _row_pairs(image: FloatArray, lag: int) -> tuple[FloatArray, FloatArray]:
    """Return odd rows and the means of their neighbours, centred and tapered at both ends."""
    mean = np.nanmean(image) if np.isfinite(image).any() else 0.0
    whole = np.where(np.isfinite(image), image, mean)
    count = (len(whole) - 1) // 2
    odd = whole[1::2][:count]
    even = (whole[0::2][:count] + whole[2::2][:count]) / 2
    columns = whole.shape[1] - abs(lag)
    odd, even = odd[:, max(0, lag) :][:, :columns], even[:, max(0, -lag) :][:, :columns]
    fade = np.clip(np.minimum(np.arange(columns), np.arange(columns)[::-1]) / (0.1 * columns), 0, 1)
    window = 0.5 - 0.5 * np.cos(np.pi * fade)

    def centred(rows: FloatArray) -> FloatArray:
        return np.asarray((rows - rows.mean(axis=1, keepdims=True)) * window)

    return centred(odd), centred(even)


def _best(cross: NDArray[Any], power: FloatArray, columns: int, seed: int) -> Sawtooth:
    shifts = np.arange(-REACH, REACH + _STEP / 2, _STEP)
    frequency = np.arange(cross.shape[1]) / columns
    # A shift by s rotates the phase of each frequency by 2 pi f s.
    rotation = np.exp(2j * np.pi * np.outer(frequency, shifts))
    multiplicity = np.full(cross.shape[1], 2.0)
    multiplicity[0] = 1.0
    if columns % 2 == 0:
        multiplicity[-1] = 1.0
    by_row = np.real((cross * multiplicity) @ rotation) / columns
    norm = np.sqrt(power[:, 0].sum() * power[:, 1].sum())
    curve = by_row.sum(axis=0)
    best = _peak(shifts, curve)
    rng = np.random.default_rng(seed)
    resampled = [
        _peak(shifts, np.bincount(rng.integers(len(by_row), size=len(by_row)),
                                  minlength=len(by_row)) @ by_row)
        for _ in range(_DRAWS)
    ]  # fmt: skip
    at = np.interp([0.0, best], shifts, curve) / norm
    return Sawtooth(best, float(np.std(resampled)), float(at[0]), float(at[1]))


def _peak(shifts: FloatArray, curve: FloatArray) -> float:
    """Locate the maximum by the parabola through the three points around it."""
    i = int(np.clip(np.argmax(curve), 1, len(curve) - 2))
    left, top, right = curve[i - 1 : i + 2]
    bend = left - 2 * top + right
    return float(shifts[i] + (_STEP * 0.5 * (left - right) / bend if bend < 0 else 0.0))
