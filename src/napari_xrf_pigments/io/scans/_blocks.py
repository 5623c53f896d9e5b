"""Iterate over a cube in blocks, so that writing it takes bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import XRFCube

from ..outputs.atomic_write import SourceError

#: Called with the pixels done and the pixels in all.
Progress = Callable[[int, int], None]


def scan_blocks(
    cube: XRFCube, block: tuple[int, int, int], progress: Progress | None = None
) -> Iterator[tuple[slice, slice, NDArray[np.integer[Any]]]]:
    """Iterate over the counts of a cube, block by block from the upper left, row by row.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    block : tuple of int
        Lengths of a block along (y, x, channel).
    progress : callable, optional
        Called after each block with the pixels done and the pixels in all.

    Yields
    ------
    rows, columns : slice
        The rows and columns of the block.
    counts : ndarray, shape (row, column, channel), integers
        In the byte order of this machine.

    Raises
    ------
    SourceError
        If the scan cannot be read.
    """
    rows, columns, _ = cube.shape
    dtype = stored_dtype(cube)
    done = 0
    for top, left in product(range(0, rows, block[0]), range(0, columns, block[1])):
        part = slice(top, min(top + block[0], rows)), slice(left, min(left + block[1], columns))
        yield *part, np.ascontiguousarray(_counts(cube, part), dtype=dtype)
        done += (part[0].stop - top) * (part[1].stop - left)
        if progress is not None:
            progress(done, rows * columns)


def _counts(cube: XRFCube, part: tuple[slice, slice]) -> NDArray[np.integer[Any]]:
    try:
        # One thread: each block is about one chunk of the source.
        counts: NDArray[np.integer[Any]] = cube.counts[part].compute(scheduler="synchronous")
    except OSError as error:
        name = "The scan" if cube.source is None else cube.source.path.name
        reason = error.strerror.lower() if error.strerror else str(error).rstrip(".")
        raise SourceError(f"{name} could not be read to its end: {reason}.") from error
    return counts


def stored_dtype(cube: XRFCube) -> np.dtype[Any]:
    """Return the type of a count in the byte order of this machine: no value changes."""
    dtype: np.dtype[Any] = np.dtype(cube.counts.dtype).newbyteorder("=")
    return dtype
