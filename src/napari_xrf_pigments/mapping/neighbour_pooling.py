"""Spatial context: spectra pooled with those of similar neighbours.

Neighbouring pixels share paint, while their noise is independent. So the spectra of neighbours
that do not differ significantly from that of a pixel are added to it before the prediction.
Similarity is tested in two rounds, first between single spectra, then, with four times the power,
between the sums of the first round (structural adaptive smoothing: Polzehl and Spokoiny, Probab.
Theory Relat. Fields 135 (2006) 335). A neighbour of other paint fails the test, so that
edges are preserved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .._typing import BoolArray, Float32Array, FloatArray
from ..cube import EnergyAxis, PigmentMaps, XRFCube, combine_maps
from ..network.encoding import rebin_counts
from ..network.out_of_distribution import saturated_share
from .tiles import Tile, read_tile

Window = tuple[slice, slice]

#: Largest distance of neighbours that are compared, in the first and in the second round, pixels.
_RADII = (1, 2)
#: Pixels around a tile that its predictions depend on.
MARGIN_PX = sum(_RADII)
#: Bands in which spectra are compared: no narrower than the lines of a detector.
_BANDS_KEV = (*np.arange(0.8, 20.0, 0.25).tolist(), *np.arange(20.0, 45.1, 1.0).tolist())
#: Chi-squared, in standard deviations above its mean, up to which the weight of a neighbour is 1,
#: and from which it is 0.
_CHI_SQUARED = (1.0, 3.0)
#: The same for the largest difference of a single band, in its standard deviations.
_ONE_BAND = (3.5, 4.5)


@dataclass(frozen=True)
class Pooled:
    """Spectra with those of similar neighbours added.

    Parameters
    ----------
    counts : ndarray, shape (row, column, channel), float32
        The sums.
    pixels : ndarray, shape (row, column), float32
        Sum of the weights: 1 where no neighbour is similar.
    """

    counts: Float32Array
    pixels: Float32Array


def pool_neighbours(
    counts: NDArray[Any],
    usable: BoolArray,
    energies: EnergyAxis,
    inner: Window = (slice(None), slice(None)),
) -> Pooled:
    """Add the spectra of similar neighbours to each spectrum.

    Parameters
    ----------
    counts : ndarray, shape (row, column, channel)
        Counts.
    usable : ndarray of bool, shape (row, column)
        Pixels that may be compared and added, none of them with negative counts; the others
        are not pooled.
    energies : EnergyAxis
        The axis of the counts.
    inner : (slice, slice)
        Rows and columns of the result.
    """
    spectra = counts.reshape(-1, counts.shape[-1])
    bands = rebin_counts(np.where(usable.reshape(-1, 1), spectra, 0), energies, _BANDS_KEV)
    images = bands.reshape(*usable.shape, -1)
    first = _weights(images, _RADII[0], independent=True) @ bands
    weights = _weights(first.reshape(images.shape), _RADII[1], independent=False)
    weights = weights[np.arange(usable.size).reshape(usable.shape)[inner].ravel()]
    shape = usable[inner].shape
    pooled = weights @ spectra.astype(np.float32)
    pixels = np.asarray(weights.sum(axis=1), np.float32)
    return Pooled(pooled.reshape(*shape, -1), pixels.reshape(shape))


def _weights(images: Float32Array, radius: int, *, independent: bool) -> sparse.csr_array:
    """Compute the weight of each pixel for each other one, shape (pixel, pixel); 1 for itself.

    Parameters
    ----------
    images : ndarray, shape (row, column, band)
        Spectra to compare; a pixel of zeros is similar to no other.
    radius : int
        Largest distance along each axis, pixels.
    independent : bool
        Whether these are single spectra rather than sums over neighbours of the first round.
    """
    number = np.arange(images[..., 0].size).reshape(images.shape[:2])
    ones, others, weights = [number.ravel()], [number.ravel()], [np.ones(number.size, np.float32)]
    for a, b in _neighbours(number.shape, radius):
        weight = _similarity_weight(images[a], images[b], 0.0 if independent else _shared(a, b))
        some = weight > 0
        for one, other in ((a, b), (b, a)):
            ones.append(number[one][some])
            others.append(number[other][some])
            weights.append(weight[some])
    place = np.concatenate(ones), np.concatenate(others)
    return sparse.csr_array((np.concatenate(weights), place), shape=(number.size, number.size))


def _neighbours(shape: tuple[int, ...], radius: int) -> Iterator[tuple[Window, Window]]:
    """Iterate over the pairs of neighbours, each once: windows of the one and of the other."""
    rows, columns = shape
    for dy in range(radius + 1):
        for dx in range(-radius, radius + 1):
            if (dy, dx) > (0, 0) and dy < rows and abs(dx) < columns:
                yield (
                    (slice(0, rows - dy), slice(max(0, -dx), columns - max(0, dx))),
                    (slice(dy, rows), slice(max(0, dx), columns + min(0, dx))),
                )


def _shared(a: Window, b: Window) -> float:
    """Return the share of the neighbours of one pixel that the other one has too."""
    side = 2 * _RADII[0] + 1
    apart = [abs(one.start - other.start) for one, other in zip(a, b, strict=True)]
    return float(max(0, side - apart[0]) * max(0, side - apart[1])) / side**2


def _similarity_weight(one: Float32Array, other: Float32Array, shared: float) -> Float32Array:
    """Weight the similarity of two spectra, 0 to 1.

    Chi-squared of two histograms with totals of their own (Press et al., Numerical Recipes,
    "Are two distributions different?"); shared counts do not contribute to the difference.
    """
    totals = one.sum(-1, keepdims=True), other.sum(-1, keepdims=True)
    ratio = np.sqrt(np.maximum(totals[1], 1e-9) / np.maximum(totals[0], 1e-9))
    variance = (one + other) * np.float32(1 - shared)
    difference = one * ratio - other / ratio
    squares = np.divide(difference**2, variance, out=np.zeros_like(one), where=variance > 0)
    freedom = np.maximum((variance > 0).sum(-1) - 1, 1)
    excess = (squares.sum(-1) - freedom) / np.sqrt(2.0 * freedom)
    largest = np.sqrt(squares.max(-1))
    weight = _ramp(excess, *_CHI_SQUARED) * _ramp(largest, *_ONE_BAND)
    weight[(totals[0] <= 0)[..., 0] | (totals[1] <= 0)[..., 0]] = 0
    return np.asarray(weight, np.float32)


def _ramp(value: NDArray[Any], full: float, none: float) -> NDArray[Any]:
    return np.asarray(np.clip((none - value) / (none - full), 0.0, 1.0))


def predict_with_neighbours(
    tile: Tile, predict: Callable[[NDArray[Any]], PigmentMaps], energies: EnergyAxis
) -> PigmentMaps:
    """Predict the measured pixels of a tile, pooled with similar neighbours.

    Pixels without a similar neighbour, with negative counts or with saturated channels are
    predicted from their own spectrum.

    Parameters
    ----------
    tile : Tile
        Tile with its surroundings.
    predict : callable
        From counts (spectrum, channel) to maps of shape (pigment, spectrum).
    energies : EnergyAxis
        The axis of the counts.
    """
    sums = _pool_tile(tile, energies)
    pooled, together = sums.counts[tile.valid], sums.pixels[tile.valid] > 1
    alone, joined = predict(tile.spectra[~together]), predict(pooled[together])
    return combine_maps(partial(_mixed, together), alone, joined)


def pooled_spectrum(cube: XRFCube, y: int, x: int) -> tuple[FloatArray, float]:
    """Pool the spectrum of one pixel with those of similar neighbours.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    y, x : int
        The pixel.

    Returns
    -------
    counts : ndarray, shape (channel,)
        The spectrum with those of similar neighbours added.
    pixels : float
        Sum of the weights: 1 without a similar neighbour.
    """
    tile = read_tile(cube, MARGIN_PX, slice(y, y + 1), slice(x, x + 1))
    sums = _pool_tile(tile, cube.energies)
    return sums.counts[0, 0].astype(np.float64), float(sums.pixels[0, 0])


def _pool_tile(tile: Tile, energies: EnergyAxis) -> Pooled:
    """Pool the pixels of a tile that was read with its surroundings."""
    around = tile.around
    assert around is not None
    return pool_neighbours(
        around.counts, around.valid & _is_valid(around.counts), energies, around.inner
    )


def _is_valid(counts: NDArray[Any]) -> BoolArray:
    """Return the mask (row, column) of spectra without negative counts or saturated channels."""
    spectra = counts.reshape(-1, counts.shape[-1])
    valid = saturated_share(spectra) == 0
    if counts.dtype.kind == "i":
        valid &= ~(spectra < 0).any(axis=1)
    return np.asarray(valid.reshape(counts.shape[:2]))


def _mixed(second: BoolArray, first_values: Any, second_values: Any) -> Float32Array:
    values = np.empty((*first_values.shape[:-1], second.size), np.float32)
    values[..., ~second], values[..., second] = first_values, second_values
    return values
