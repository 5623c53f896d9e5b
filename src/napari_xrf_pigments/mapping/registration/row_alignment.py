"""Odd rows of bidirectional scans moved into place.

Maps are corrected by resampling their odd rows.  Counts are never touched unless
:func:`aligned_cube` is asked for a corrected scan; it deals every count to one of the
two pixels it may belong to, so counts stay whole numbers with Poisson noise and none is
lost or made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_xrf_pigments.cube import XRFCube


def align_rows(image: ArrayLike, shift: float) -> NDArray[np.float32]:
    """A map whose odd rows are moved into place by linear interpolation.

    Parameters
    ----------
    image : array_like, shape (..., y, x)
        A map, or several.
    shift : float
        As :class:`.sawtooth.Sawtooth` has it, pixels.

    Returns
    -------
    ndarray, float32
        Even rows are unchanged. What would come from beyond the end of a row is NaN, and
        so is what lies beside a pixel that was not measured.
    """
    aligned = np.array(image, np.float32)
    columns = aligned.shape[-1]
    whole, part = _split(shift)
    odd = aligned[..., 1::2, :]
    near, far = (_moved(odd, whole + step, columns) for step in (0, 1))
    aligned[..., 1::2, :] = near if part == 0 else (1 - part) * near + part * far
    return aligned


def aligned_cube(cube: XRFCube, shift: float, seed: int = 0) -> XRFCube:
    """A scan whose odd rows are moved into place, lazily.

    Every count of an odd row goes to one of the two pixels that its place lies between,
    with the odds of linear interpolation.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    shift : float
        As :class:`.sawtooth.Sawtooth` has it, pixels.
    seed : int
        The same seed deals the counts in the same way.

    Returns
    -------
    XRFCube
        Counts of the same type. The pixels at the ends of odd rows that part of the row
        was moved away from count as not measured.
    """
    counts = cube.counts.rechunk({1: -1})

    def dealt(block: NDArray[Any], block_info: Any = None) -> NDArray[Any]:
        if not block_info:
            return block
        top = int(block_info[0]["array-location"][0][0])
        moved = block.copy()
        for y in range(len(block)):
            if (top + y) % 2:
                moved[y] = _deal(block[y], shift, np.random.default_rng((seed, top + y)))
        return moved

    moved = counts.map_blocks(dealt, dtype=counts.dtype, meta=np.empty((0, 0, 0), counts.dtype))
    valid = np.ones(cube.shape[:2], bool) if cube.valid is None else cube.valid
    kept = np.isfinite(align_rows(np.where(valid, 0.0, np.nan), shift))
    return replace(cube, counts=moved, valid=kept)


def _split(shift: float) -> tuple[int, float]:
    whole = int(np.floor(shift))
    return whole, float(shift - whole)


def _moved(rows: NDArray[np.float32], by: int, columns: int) -> NDArray[np.float32]:
    """Rows shifted left by whole pixels, NaN where nothing comes in."""
    moved = np.full_like(rows, np.nan)
    left, right = max(0, -by), min(columns, columns - by)
    if right > left:
        moved[..., left:right] = rows[..., left + by : right + by]
    return moved


def _deal(row: NDArray[Any], shift: float, drawing: np.random.Generator) -> NDArray[Any]:
    """Counts of a row (column, channel), dealt to whole pixels."""
    whole, part = _split(shift)
    # A count at x came from x - shift: the pixel x - whole - 1 takes it with odds `part`.
    further = drawing.binomial(row, part).astype(row.dtype) if part else np.zeros_like(row)
    moved = np.zeros_like(row)
    for counts, by in ((row - further, whole), (further, whole + 1)):
        left, right = max(0, -by), min(len(row), len(row) - by)
        if right > left:
            moved[left:right] += counts[left + by : right + by]
    return moved
