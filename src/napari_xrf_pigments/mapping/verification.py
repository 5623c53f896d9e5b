"""Claims tested by physics in the regions of a scan, with one instrument for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..cube import XRFCube
from ..inversion.instrument import FittedInstrument
from ..inversion.instrument_fit import fit_instrument
from ..inversion.verification import Verification
from ..inversion.verify import claimed_groups, verify_spectrum
from ..network.predict import Predictor
from .region_spectra import RegionSums, region_sums
from .tiles import Progress

#: Blocks of a scan, along each side, whose spectra the instrument is fitted to.
_BLOCKS = 3


def verify_regions(
    cube: XRFCube,
    labels: ArrayLike,
    claims: Sequence[str] | None = None,
    *,
    instrument: FittedInstrument | None = None,
    predictor: Predictor | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[int, Verification]:
    """Test claims about the summed spectrum of each region of a scan.

    Parameters
    ----------
    cube : XRFCube
        The scan, on a calibrated energy axis.
    labels : array_like of int, shape (y, x)
        Number of the region of each pixel; 0 belongs to none.
    claims : sequence of str, optional
        Ids of pigments or groups; by default those that the network claims or nearly claims.
    instrument : FittedInstrument, optional
        The instrument of the scan; by default it is fitted to the scan.
    predictor : Predictor, optional
        The network; by default the bundled one where `claims` is None.
    seed : int
        Seed of the starts of the fits.
    progress : callable, optional
        Called with the regions done and the regions in all; an exception in it cancels.

    Returns
    -------
    dict of int to Verification
        By the number of the region.

    Raises
    ------
    ValueError
        If the labels have another size than the scan or name no region, a region holds too few
        counts, or the anode is neither known nor visible.
    """
    masks = _region_masks(np.asarray(labels), cube.shape[:2])
    claimed_groups(claims, {})  # an unknown id ends the run before the scan is read
    sums = region_sums(cube, masks | ({} if instrument else _blocks(cube.shape[:2])))
    made = instrument or _fitted(cube, sums)
    network = predictor or (Predictor("cpu") if claims is None else None)
    found = {}
    for done, name in enumerate(masks):
        if progress is not None:
            progress(done, len(masks))
        total = sums[name].total
        try:
            found[int(name)] = verify_spectrum(
                total, cube.energies, cube.acquisition, claims,
                instrument=made, predictor=network, seed=seed,
            )  # fmt: skip
        except ValueError as error:
            raise ValueError(f"Region {name}: {error}") from error
    if progress is not None:
        progress(len(masks), len(masks))
    return found


def _region_masks(labels: NDArray[Any], shape: tuple[int, int]) -> dict[str, NDArray[np.bool_]]:
    """Return the pixels of each region by its number.

    Raises
    ------
    ValueError
        If the labels have another size than the scan or name no region.
    """
    if labels.shape != shape or labels.dtype.kind not in "iub":
        raise ValueError("The labels must be whole numbers, one for each pixel of the scan.")
    numbers = [int(number) for number in np.unique(labels) if number > 0]
    if not numbers:
        raise ValueError("The labels name no region: all of them are 0.")
    return {str(number): labels == number for number in numbers}


def fit_scan_instrument(cube: XRFCube) -> FittedInstrument:
    """Fit the instrument of a scan to the spectra of blocks of its pixels.

    Parameters
    ----------
    cube : XRFCube
        The scan, on a calibrated energy axis.

    Raises
    ------
    ValueError
        If the scan holds too few counts, or the anode is neither known nor visible.
    """
    return _fitted(cube, region_sums(cube, _blocks(cube.shape[:2])))


def _blocks(shape: tuple[int, ...]) -> dict[str, NDArray[np.bool_]]:
    """Return masks of blocks of a scan, by names that are no numbers."""
    rows, columns = (np.arange(size) * _BLOCKS // size for size in shape)
    block = rows[:, None] * _BLOCKS + columns
    return {f"block {number}": block == number for number in np.unique(block)}


def _fitted(cube: XRFCube, sums: dict[str, RegionSums]) -> FittedInstrument:
    blocks = [part.total for name, part in sums.items() if name.startswith("block")]
    counted = np.array([total for total in blocks if total.sum() > 0.05 * sum(map(np.sum, blocks))])
    if len(counted) == 0:
        counted = np.sum(blocks, axis=0)[None]
    return fit_instrument(counted, cube.energies, cube.acquisition)
