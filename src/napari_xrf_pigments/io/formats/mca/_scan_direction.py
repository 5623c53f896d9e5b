"""Detection of odd rows that are shifted or reversed, as after a scan in both directions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FARTHEST = 3.0
_STEP = 0.25
_LEAST_SHIFT = 0.5
_LEAST_ROWS, _LEAST_COLUMNS = 8, 24
# Smallest gain in correlation that is more than chance.
_LEAST_GAIN = 0.02
_LEAST_AGREEMENT = 0.25
_LEAST_GAIN_REVERSED = 0.15


def direction_note(totals: NDArray[np.integer]) -> str | None:
    """Describe in a sentence that every second row is shifted or reversed; else None.

    Parameters
    ----------
    totals : ndarray, shape (y, x)
        Total counts of each pixel.
    """
    rows, columns = totals.shape
    if rows < _LEAST_ROWS or columns < _LEAST_COLUMNS:
        return None
    image = totals.astype(np.float64)
    odd = image[1:-1:2]
    even = (image[0:-2:2] + image[2::2])[: len(odd)] / 2
    shifts = np.arange(-_FARTHEST, _FARTHEST + _STEP / 2, _STEP)
    straight = np.array([_agreement(even, odd, shift) for shift in shifts])
    reversed_ = np.array([_agreement(even, odd[:, ::-1], shift) for shift in shifts])
    if reversed_.max() > straight.max() + _LEAST_GAIN_REVERSED:
        return "Every second row seems to run backwards: check the image before trusting maps."
    best = float(shifts[straight.argmax()])
    gain = straight.max() - straight[len(shifts) // 2]
    if abs(best) < _LEAST_SHIFT or gain < _LEAST_GAIN or straight.max() < _LEAST_AGREEMENT:
        return None
    return (
        f"Odd rows lie about {abs(best):.2g} pixels beside the even ones, as after a scan in "
        "both directions; nothing was moved."
    )


def _agreement(even: NDArray[np.float64], odd: NDArray[np.float64], shift: float) -> float:
    """Return the mean correlation of neighbouring rows, the odd ones moved by `shift` columns."""
    columns = np.arange(even.shape[1], dtype=np.float64)
    inner = slice(int(_FARTHEST) + 1, -int(_FARTHEST) - 1)
    moved = np.stack([np.interp(columns + shift, columns, row) for row in odd])[:, inner]
    # Differences along the row: edges count, a tilt of the whole image does not.
    a, b = np.diff(even[:, inner], axis=1), np.diff(moved, axis=1)
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0
