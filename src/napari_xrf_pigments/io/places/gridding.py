"""Pixels of a scan whose spectra are a list: by the shape of the scan, or by positions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import XRFCube, choose_chunks

from .._reader import ReadOptions
from .positions import read_positions

# Steps that differ by more than this factor are those between rows, not noise within one.
_GAP = 4.0
# A step fits clearly better if it leaves less than this share of the squared misfit.
_CLEARLY = 0.6
# No stage reaches so far, in any unit.
_FAR = 1e12
#: Scans have more measured pixels than this share, or their positions are no grid.
LEAST_FILLED = 0.6


@dataclass(frozen=True)
class Grid:
    """The place of each spectrum of a list.

    Parameters
    ----------
    index : ndarray, shape (y, x)
        Number of the spectrum of each pixel, counted from 0; -1 where there is none.
    pixel_mm : tuple of float or None
        Height and width of a pixel in mm.
    notes : tuple of str
        Sentences on how the spectra were placed.
    """

    index: NDArray[np.int64]
    pixel_mm: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


def grid_of_shape(count: int, shape: tuple[int, int], snake: bool = False) -> Grid:
    """Place spectra row after row.

    Parameters
    ----------
    count : int
        Number of spectra.
    shape : tuple of int
        Rows and columns.
    snake : bool
        Whether every second row was measured backwards.

    Raises
    ------
    ValueError
        If there are more spectra than pixels, or hardly any.
    """
    rows, columns = shape
    if count > rows * columns or count < LEAST_FILLED * rows * columns:
        raise ValueError(
            f"There are {count:,} spectra, which do not fill {rows} x {columns} = "
            f"{rows * columns:,} pixels: give another shape."
        )
    index = np.arange(rows * columns, dtype=np.int64).reshape(rows, columns)
    index[index >= count] = -1
    if snake:
        index[1::2] = index[1::2, ::-1]
    notes = [f"The {count:,} spectra were placed in {rows} rows of {columns}"]
    notes[0] += ", every second one backwards." if snake else "."
    if count < rows * columns:
        notes.append(f"Pixels without a spectrum: {rows * columns - count:,}.")
    return Grid(index, None, tuple(notes))


def grid_of_positions(
    x: NDArray[np.float64], y: NDArray[np.float64], unit_mm: float | None = 1.0
) -> Grid:
    """Place spectra on the grid that their positions form, in any order.

    Rows and columns may miss points, and positions may be off by up to half a step.

    Parameters
    ----------
    x, y : ndarray, shape (spectrum,)
        Positions in the order of the measurement; NaN where unknown.
    unit_mm : float or None
        Their unit in mm; None where unknown.

    Returns
    -------
    Grid
        Rows by rising y, columns by rising x.

    Raises
    ------
    ValueError
        If the positions form no grid.
    """
    known = np.flatnonzero((np.abs(x) < _FAR) & (np.abs(y) < _FAR))
    if known.size < 2:
        raise ValueError("The positions of the spectra are not known.")
    slow_is_y = _order_correlation(y[known]) >= _order_correlation(x[known])
    slow, fast = (y[known], x[known]) if slow_is_y else (x[known], y[known])
    if _is_line(slow, fast):
        zero = np.zeros(fast.size, np.int64)
        (row, slow_step), (column, fast_step) = _columns(slow, zero), (zero, 0.0)
    else:
        row, column, slow_step, fast_step = _best_grid(slow, fast)
    rows, columns = int(row.max()) + 1, int(column.max()) + 1
    index = np.full((rows, columns), -1, np.int64)
    # In reverse, so that the first of several spectra at one place stays.
    index[row[::-1], column[::-1]] = known[::-1]
    twice = known.size - int(np.count_nonzero(index >= 0))
    if not slow_is_y:
        index = index.T
    steps = (slow_step, fast_step) if slow_is_y else (fast_step, slow_step)
    notes = [
        f"The spectra were placed by their positions in {index.shape[0]} rows of {index.shape[1]}."
    ]
    missing, unknown = int(np.count_nonzero(index < 0)), x.size - known.size
    if missing:
        notes.append(f"Pixels without a spectrum: {missing:,}.")
    if twice:
        notes.append(f"Spectra at the place of an earlier one, left out: {twice:,}.")
    if unknown:
        notes.append(f"Spectra without a position, left out: {unknown:,}.")
    pixel = None
    if unit_mm is not None and max(steps) > 0:
        # A single row or column has pixels as high as they are wide.
        height, width = (step or max(steps) for step in steps)
        pixel = (height * unit_mm, width * unit_mm)
    return Grid(index, pixel, tuple(notes))


def place_as_requested(cube: XRFCube, options: ReadOptions) -> XRFCube:
    """Bring the spectra of one row to the places that the user gives; none given, leave them.

    Raises
    ------
    ValueError
        If the scan has rows and columns already, or the spectra do not fit their places.
    OSError
        If the table of positions cannot be read.
    """
    if options.shape is None and options.positions is None:
        if options.snake:
            raise ValueError("Backward rows need the shape of the scan (rows and columns), too.")
        return cube
    rows, columns, _ = cube.shape
    if min(rows, columns) > 1:
        raise ValueError(
            f"It states that it has {rows} x {columns} pixels, so it takes no shape or positions."
        )
    if columns == 1:
        cube = _as_row(cube)
    if options.positions is None:
        grid = grid_of_shape(rows * columns, options.shape or (rows, columns), options.snake)
        return place(cube, grid)
    names = cube.source.points if cube.source is not None else ()
    names = names or tuple(str(number + 1) for number in range(rows * columns))
    found = read_positions(options.positions).of(names)
    return place(cube, grid_of_positions(found.x, found.y, found.unit_mm))


def _as_row(cube: XRFCube) -> XRFCube:
    """Turn one column of pixels into one row."""
    live, valid = cube.live_time_s, cube.valid
    return replace(
        cube,
        counts=cube.counts.transpose(1, 0, 2),
        pixel_mm=None if cube.pixel_mm is None else cube.pixel_mm[::-1],
        live_time_s=None if live is None else live.T,
        valid=None if valid is None else valid.T,
    )


def place(cube: XRFCube, grid: Grid) -> XRFCube:
    """Bring the spectra of a cube of one row to the places of a grid."""
    rows, columns = grid.index.shape
    flat = np.maximum(grid.index.reshape(-1), 0)
    valid = grid.index >= 0
    if cube.valid is not None:
        valid = valid & cube.valid[0][flat].reshape(rows, columns)
    channels = cube.shape[2]
    height = choose_chunks((rows, columns, channels), cube.counts.dtype)[0]
    picked = cube.counts[0][flat].rechunk((height * columns, channels))
    counts = picked.reshape(rows, columns, channels)
    if not valid.all():
        mask = da.from_array(valid, chunks=counts.chunks[:2])[..., None]
        counts = da.where(mask, counts, np.zeros((), cube.counts.dtype))
    live = cube.live_time_s
    source = cube.source
    if source is not None:
        source = replace(source, notes=(*source.notes, *grid.notes), points=())
    return replace(
        cube,
        counts=counts,
        pixel_mm=grid.pixel_mm or cube.pixel_mm,
        live_time_s=None if live is None else live[0][flat].reshape(rows, columns),
        valid=None if valid.all() else valid,
        source=source,
    )


def _order_correlation(values: NDArray[np.float64]) -> float:
    """Return how steadily values change in the order of the measurement, 0-1."""
    spread = float(values.std())
    if spread == 0:
        return 1.0
    order = np.arange(values.size) - (values.size - 1) / 2
    return abs(float(order @ (values - values.mean()))) / (
        values.size * spread * max(float(order.std()), 1e-12)
    )


def _is_line(along: NDArray[np.float64], across: NDArray[np.float64]) -> bool:
    """Return whether the spectra follow one another along one line, noise aside."""
    ahead = np.sign(along[2:] - along[:-2])
    steady = ahead.size > 0 and abs(float(ahead.sum())) == ahead.size
    return steady and float(np.ptp(across)) < 0.2 * float(np.ptp(along))


def _best_grid(
    slow: NDArray[np.float64], fast: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], float, float]:
    """Return row and column of each spectrum, and their distances, on the grid filled best."""
    best, most = None, 0.0
    for groups in (_clusters(slow), _passes(fast), np.zeros(fast.size, np.int64)):
        if groups is None:
            continue
        row, slow_step = _rows(slow, groups)
        column, fast_step = _columns(fast, row)
        if row.max() == 0 and np.ptp(slow) > max(fast_step, 1e-6 * np.ptp(fast)):
            continue
        pixels = float(row.max() + 1) * float(column.max() + 1)
        filled = np.unique(np.stack([row, column]), axis=1).shape[1] / max(pixels, fast.size)
        if filled > most + 1e-9:
            best, most = (row, column, slow_step, fast_step), filled
    if best is None or most < LEAST_FILLED:
        raise ValueError(
            f"The positions of the {fast.size:,} spectra form no grid: give the shape of the scan."
        )
    return best


def _rows(slow: NDArray[np.float64], groups: NDArray[np.int64]) -> tuple[NDArray[np.int64], float]:
    """Return the row of each spectrum, given groups of one row each, and their distance."""
    count = int(groups.max()) + 1
    if count == 1:
        return groups, 0.0
    centres = np.bincount(groups, slow) / np.bincount(groups)
    steps = np.diff(np.sort(centres))
    step = float(np.median(steps[steps > 0])) if np.any(steps > 0) else 0.0
    if step <= 0:
        return np.zeros_like(groups), 0.0
    # Further rows than this would hold hardly any point.
    row = np.minimum(np.rint((centres - centres.min()) / step), 4.0 * slow.size)
    return row.astype(np.int64)[groups], step


def _clusters(values: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """Return the group of each value, split at gaps; None where noise fills the gaps."""
    order = np.argsort(values, kind="stable")
    gaps = np.diff(values[order])
    scale = float(values[order[-1]] - values[order[0]])
    if scale <= 0:
        return np.zeros(values.size, np.int64)
    ranked = np.sort(gaps)
    floor = np.maximum(ranked[:-1], 1e-6 * scale)
    ratios = ranked[1:] / floor
    if not ratios.size or ratios.max() < _GAP:
        # All gaps are alike: every value is a row, or noise fills the gaps.
        alone = ranked.size and ranked[0] > 0 and ranked[-1] < _GAP * ranked[0]
        limit = 0.0 if alone else np.inf
    else:
        # The last clear increase: above it are the steps between rows.
        limit = float(ranked[np.flatnonzero(ratios >= _GAP)[-1]])
    if limit == np.inf:
        return None
    group = np.concatenate([[0], np.cumsum(gaps > limit)])
    result = np.empty(values.size, np.int64)
    result[order] = group
    return result


def _passes(fast: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the pass of each spectrum: a row ends where the motion turns or flies back."""
    if fast.size < 4:
        return np.zeros(fast.size, np.int64)
    ahead = np.sign(fast[2:] - fast[:-2])
    turns = np.flatnonzero(ahead[1:] * ahead[:-1] < 0) + 1
    ends: list[int] = []
    for turn in turns.tolist():
        # A snake changes its direction once per row; a return to the start, twice in a row.
        if ends and turn - ends[-1] <= 2:
            ends[-1] = turn - 1
        else:
            ends.append(turn)
    group = np.zeros(fast.size, np.int64)
    group[np.array(ends, dtype=np.int64) + 1] = 1
    return np.cumsum(group)


def _columns(fast: NDArray[np.float64], row: NDArray[np.int64]) -> tuple[NDArray[np.int64], float]:
    """Return the column of each spectrum and the distance of the columns."""
    order = np.lexsort((fast, row))
    same = np.diff(row[order]) == 0
    steps = np.diff(fast[order])[same]
    steps = steps[steps > 1e-6 * max(float(np.ptp(fast)), 1e-300)]
    if steps.size == 0:
        return np.zeros(fast.size, np.int64), 0.0
    step = float(np.median(steps))
    starts = np.flatnonzero(np.concatenate([[True], ~same]))
    sorted_fast = fast[order]
    lengths = np.diff(np.append(starts, fast.size))
    full = lengths >= 0.9 * np.median(lengths)
    first = float(np.median(sorted_fast[starts[full]]))
    last = float(np.median(sorted_fast[(starts + lengths - 1)[full]]))
    step = _refined_step(sorted_fast - first, last - first, step, int(lengths.max()))
    column = np.empty(fast.size, np.int64)
    for start, length in zip(starts, lengths, strict=True):
        part = slice(start, start + length)
        column[order[part]] = _distinct_columns((sorted_fast[part] - first) / step)
    return column - column.min(), step


def _refined_step(places: NDArray[np.float64], length: float, step: float, points: int) -> float:
    """Return the step near an estimate that divides a row evenly and fits all places best.

    Unless another one fits clearly better, it is the step between the points of the longest row.
    """
    likely = length / step
    if likely < 1:
        return step

    def misfit(intervals: int) -> float:
        off = places * intervals / length
        return float(np.mean((off - np.rint(off)) ** 2))

    tried = range(max(1, int(0.8 * likely)), int(1.25 * likely) + 2)
    best = min(tried, key=misfit)
    if points - 1 in tried and misfit(best) > _CLEARLY * misfit(points - 1):
        best = points - 1
    return length / best


def _distinct_columns(places: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round rising places to columns; points that noise moved into one column are spread.

    Two points within a tenth of a step were measured at one place and share its column.
    """
    columns = np.rint(places).astype(np.int64)
    for k in range(1, columns.size):
        if columns[k] <= columns[k - 1] and places[k] - places[k - 1] > 0.1:
            gap_before = k < 2 or columns[k - 2] < columns[k - 1] - 1
            if gap_before and places[k - 1] < columns[k - 1]:
                columns[k - 1] -= 1
            else:
                columns[k] = columns[k - 1] + 1
    return columns
