"""One pass over a scan for its total spectrum and the spectra of blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._parallel import on_threads
from .._typing import FloatArray
from ..calibration.anode import estimate_anode
from ..calibration.automatic import calibrate
from ..cube import Detector, XRFCube
from ..fitting.conditions import Conditions
from ..fitting.line_search import Found, find_families
from .tiles import Tile, iter_tiles

_MOST_BLOCKS = 200
#: Spectra that are added up at once, which fit the cache of a core.
_CACHED = 64


@dataclass(frozen=True)
class Survey:
    """Spectra that represent a scan.

    Parameters
    ----------
    total : ndarray, shape (channel,)
        Sum over the measured pixels.
    blocks : ndarray, shape (block, channel)
        Sums over squares of pixels: lines of a single corner are significant in its block.
    pixels : int
        Number of measured pixels.
    """

    total: FloatArray
    blocks: FloatArray
    pixels: int


def survey(cube: XRFCube) -> Survey:
    """Read a scan once and sum its spectra.

    Raises
    ------
    ValueError
        If no pixel was measured.
    """
    rows, columns, channels = cube.shape
    side = max(4, int(np.ceil(np.sqrt(rows * columns / _MOST_BLOCKS))))
    blocks = np.zeros((-(-rows // side), -(-columns // side), channels))
    pixels = 0
    with on_threads() as spread:
        for tile in iter_tiles(cube):
            spread(
                partial(_add, blocks, tile),
                product(_cuts(tile.rows, side), _cuts(tile.columns, side)),
            )
            pixels += int(tile.valid.sum())
    if pixels == 0:
        raise ValueError("No pixel of the scan was measured.")
    summed = blocks.reshape(-1, channels)
    return Survey(summed.sum(0), summed[summed.any(1)], pixels)


def _cuts(span: slice, side: int) -> Iterator[tuple[int, slice]]:
    """Iterate over the blocks of a span of pixels, each with its part of the span."""
    for block in range(span.start // side, (span.stop - 1) // side + 1):
        first, last = max(span.start, block * side), min(span.stop, (block + 1) * side)
        yield block, slice(first - span.start, last - span.start)


def _add(blocks: FloatArray, tile: Tile, piece: tuple[tuple[int, slice], ...]) -> None:
    """Add the spectra of a piece, the rows and columns of one block, to their block."""
    (y, rows), (x, columns) = piece
    counts, valid = tile.counts[rows, columns], tile.valid[rows, columns]
    for row, measured in zip(counts, valid, strict=True):
        spectra = row if measured.all() else row[measured]
        for start in range(0, len(spectra), _CACHED):
            blocks[y, x] += summed(spectra[start : start + _CACHED])


def summed(spectra: NDArray[Any]) -> NDArray[Any]:
    """Sum spectra (spectrum, channel), exactly where counts are integers.

    Small numbers are added in the type of their storage, which is faster, for as many spectra as
    cannot overflow.
    """
    if spectra.dtype.kind not in "ui" or not spectra.size:
        return np.asarray(spectra.sum(0, dtype=np.float64))
    largest = max(int(spectra.max()), 1)
    if spectra.dtype.kind == "i":
        largest = max(largest, -int(spectra.min()))
    fitting = int(np.iinfo(spectra.dtype).max) // largest
    if fitting < 4:
        return np.asarray(spectra.sum(0, dtype=np.int64))
    total, small = np.zeros(spectra.shape[1], np.int64), spectra.dtype.newbyteorder("=")
    for start in range(0, len(spectra), fitting):
        part = np.add.reduce(spectra[start : start + fitting], axis=0, dtype=small)
        total += part.astype(np.int64)  # of unsigned numbers of 64 bits numpy would make floats
    return total


def fit_conditions(cube: XRFCube, summary: Survey) -> Conditions:
    """Return the settings of a fit, with anode and resolution estimated where unknown."""
    known = Conditions.of(cube.acquisition)
    detector = cube.acquisition.detector or Detector()
    if detector.fwhm_mn_ka_ev is None:
        calibration = calibrate(summary.total, cube.energies, cube.acquisition)
        if calibration.fwhm_mn_ka_ev is not None:
            known = replace(known, fwhm_mn_ka_ev=calibration.fwhm_mn_ka_ev)
    if known.anode is None:
        known = replace(known, anode=estimate_anode(summary.total, cube.energies.kev, known))
    return known


def families_in(cube: XRFCube, summary: Survey, conditions: Conditions) -> Found:
    """Find the line families of a scan."""
    return find_families(summary.blocks, cube.energies.kev, conditions)
