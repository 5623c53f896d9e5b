"""One pass over a scan that says what is in it: total, maximum and block spectra."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..cube import Detector, XRFCube
from ..cube.calibration import calibrate
from ..physics.conditions import Conditions
from ..physics.detect import Found, estimate_anode, find_families
from .tiles import iter_tiles

Array = NDArray[np.float64]

_MOST_BLOCKS = 200


@dataclass(frozen=True)
class Survey:
    """Spectra that stand for a scan.

    Parameters
    ----------
    total, maximum : ndarray, shape (channel,)
        Sum over the measured pixels, and the largest count of each channel.
    blocks : ndarray, shape (block, channel)
        Sums over squares of pixels: what is there in one corner only stands out here.
    pixels : int
        Number of measured pixels.
    """

    total: Array
    maximum: Array
    blocks: Array
    pixels: int


def survey(cube: XRFCube) -> Survey:
    """Read a scan once.

    Raises
    ------
    ValueError
        If no pixel was measured.
    """
    rows, columns, channels = cube.shape
    side = max(4, int(np.ceil(np.sqrt(rows * columns / _MOST_BLOCKS))))
    across = -(-columns // side)
    blocks = np.zeros((-(-rows // side) * across, channels))
    maximum = np.zeros(channels)
    pixels = 0
    for tile in iter_tiles(cube):
        if not tile.valid.any():
            continue
        spectra = tile.spectra
        yy, xx = np.nonzero(tile.valid)
        index = (yy + tile.rows.start) // side * across + (xx + tile.columns.start) // side
        order = np.argsort(index, kind="stable")
        found, starts = np.unique(index[order], return_index=True)
        blocks[found] += np.add.reduceat(spectra[order], starts, axis=0, dtype=np.float64)
        np.maximum(maximum, spectra.max(0), out=maximum)
        pixels += len(spectra)
    if pixels == 0:
        raise ValueError("No pixel of the scan was measured.")
    return Survey(blocks.sum(0), maximum, blocks[blocks.any(1)], pixels)


def fit_conditions(cube: XRFCube, seen: Survey) -> Conditions:
    """Settings of a fit, with anode and resolution from the spectra where unknown."""
    known = Conditions.of(cube.acquisition)
    detector = cube.acquisition.detector or Detector()
    if detector.fwhm_mn_ka_ev is None:
        found = calibrate(seen.total, cube.energies, cube.acquisition)
        if found.fwhm_mn_ka_ev is not None:
            known = replace(known, fwhm_mn_ka_ev=found.fwhm_mn_ka_ev)
    if known.anode is None:
        known = replace(known, anode=estimate_anode(seen.total, cube.energies.kev, known))
    return known


def families_in(cube: XRFCube, seen: Survey, conditions: Conditions) -> Found:
    """Line families that the scan shows anywhere."""
    return find_families(seen.blocks, cube.energies.kev, conditions)
