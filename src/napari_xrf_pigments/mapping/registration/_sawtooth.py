"""The sawtooth of bidirectional scans: every other row is shifted by part of a pixel.

The stage measures odd rows on its way back, so that a lag between motion and readout
moves them the other way.  This module finds by how much; :mod:`.row_alignment` corrects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

#: Largest shift that is looked for, pixels.
REACH = 4.0
_STEP = 0.01
_DRAWS = 200


@dataclass(frozen=True)
class Sawtooth:
    """How far the odd rows of a scan lie off.

    Parameters
    ----------
    shift : float
        What belongs in column x of an odd row (1, 3, ...) was written ``shift`` columns
        further right, in pixels.
    sigma : float
        Standard deviation of the shift, pixels, by drawing rows anew.
    before, after : float
        Correlation of odd rows with the mean of their neighbours without and with it.
    """

    shift: float
    sigma: float
    before: float
    after: float

    @property
    def found(self) -> bool:
        """Whether it stands out: three deviations, and a twentieth of a pixel at least."""
        return abs(self.shift) > max(3 * self.sigma, 0.05) and self.after > self.before


def estimate_sawtooth(maps: ArrayLike, seed: int = 0) -> Sawtooth:
    """Estimate the shift of odd rows from maps of a scan.

    Each odd row is correlated with the mean of the rows above and below it, in Fourier
    space, where a shift of part of a pixel needs no interpolation and noise, which rows
    do not share, does not pull it to either side.

    Parameters
    ----------
    maps : array_like, shape (y, x) or (map, y, x)
        Maps of one scan; each counts by how much of it neighbouring rows share. NaN = not
        measured.
    seed : int
        Of the rows that are drawn for the deviation.

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
        raise ValueError("A sawtooth can be found from 7 rows and 16 columns on.")
    coarse = _best(*_products(stack, 0), seed)
    whole = round(coarse.shift)
    if whole == 0:
        return coarse
    # The faded ends of rows pull a long shift towards zero: only what is left of it counts.
    fine = _best(*_products(stack, whole), seed)
    return replace(fine, shift=whole + fine.shift, before=coarse.before)


def _products(stack: Floats, lag: int) -> tuple[NDArray[Any], Floats, int]:
    """Cross spectra (row, frequency) and powers (row, 2) of odd rows and their neighbours.

    Parameters
    ----------
    stack : ndarray, shape (map, y, x)
        Maps.
    lag : int
        Columns that the odd rows are moved left before.
    """
    _, rows, columns = stack.shape
    width = columns - abs(lag)
    cross = np.zeros(((rows - 1) // 2, width // 2 + 1), complex)
    power = np.zeros((len(cross), 2))
    for image in stack:
        odd, even = _row_pairs(image, lag)
        a, b = np.fft.rfft(odd, axis=1), np.fft.rfft(even, axis=1)
        # The shared part of the spectrum is signal, the rest noise.
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


def _row_pairs(image: Floats, lag: int) -> tuple[Floats, Floats]:
    """Odd rows, and the mean of the rows around each, without mean, faded at both ends."""
    mean = np.nanmean(image) if np.isfinite(image).any() else 0.0
    whole = np.where(np.isfinite(image), image, mean)
    count = (len(whole) - 1) // 2
    odd = whole[1::2][:count]
    even = (whole[0::2][:count] + whole[2::2][:count]) / 2
    columns = whole.shape[1] - abs(lag)
    odd, even = odd[:, max(0, lag) :][:, :columns], even[:, max(0, -lag) :][:, :columns]
    fade = np.clip(np.minimum(np.arange(columns), np.arange(columns)[::-1]) / (0.1 * columns), 0, 1)
    window = 0.5 - 0.5 * np.cos(np.pi * fade)

    def levelled(rows: Floats) -> Floats:
        return np.asarray((rows - rows.mean(axis=1, keepdims=True)) * window)

    return levelled(odd), levelled(even)


def _best(cross: NDArray[Any], power: Floats, columns: int, seed: int) -> Sawtooth:
    shifts = np.arange(-REACH, REACH + _STEP / 2, _STEP)
    frequency = np.arange(cross.shape[1]) / columns
    # A shift by s turns the phase of each frequency by 2 pi f s.
    turning = np.exp(2j * np.pi * np.outer(frequency, shifts))
    twice = np.full(cross.shape[1], 2.0)
    twice[0] = 1.0
    if columns % 2 == 0:
        twice[-1] = 1.0
    by_row = np.real((cross * twice) @ turning) / columns
    norm = np.sqrt(power[:, 0].sum() * power[:, 1].sum())
    curve = by_row.sum(axis=0)
    best = _peak(shifts, curve)
    drawing = np.random.default_rng(seed)
    drawn = [
        _peak(shifts, np.bincount(drawing.integers(len(by_row), size=len(by_row)),
                                  minlength=len(by_row)) @ by_row)
        for _ in range(_DRAWS)
    ]  # fmt: skip
    at = np.interp([0.0, best], shifts, curve) / norm
    return Sawtooth(best, float(np.std(drawn)), float(at[0]), float(at[1]))


def _peak(shifts: Floats, curve: Floats) -> float:
    """Place of the maximum, by the parabola through the three points around it."""
    i = int(np.clip(np.argmax(curve), 1, len(curve) - 2))
    left, top, right = curve[i - 1 : i + 2]
    bend = left - 2 * top + right
    return float(shifts[i] + (_STEP * 0.5 * (left - right) / bend if bend < 0 else 0.0))
