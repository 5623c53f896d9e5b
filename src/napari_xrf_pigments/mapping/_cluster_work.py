"""What a worker of a cluster does: it reads a tile, maps it and writes the maps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from ..cube import XRFCube
from ..fitting.linear_fit import LineFit
from ._spectra_tally import SpectraTally, counted
from .elements import fitted_tile
from .pigments import PigmentPredictor, predicted_tile
from .tiles import Tile

ELEMENT_FIELDS = ("counts", "sigma")


@dataclass(frozen=True)
class Place:
    """What a worker needs to make one tile."""

    cube: XRFCube
    rows: slice
    columns: slice
    folder: str


@dataclass(frozen=True)
class Done:
    """What a worker tells of a finished tile.

    Parameters
    ----------
    pixels : int
        How many it has.
    tally : SpectraTally
        What was counted in its spectra.
    notices : tuple of str
        Plain sentences about the worker's own network, such as that its GPU was full.
    """

    pixels: int
    tally: SpectraTally
    notices: tuple[str, ...] = ()


def _tile(place: Place) -> Tile:
    counts = np.asarray(place.cube.counts.compute(scheduler="synchronous"))
    valid = place.cube.valid
    measured = np.ones(counts.shape[:2], bool) if valid is None else np.asarray(valid, bool)
    return Tile(place.rows, place.columns, counts, measured)


def _written(place: Place, values: dict[str, NDArray[np.float32]], tally: SpectraTally) -> Done:
    group = zarr.open_group(place.folder, mode="r+")
    for name, value in values.items():
        array: Any = group[name]
        array[(*(slice(None),) * (array.ndim - 2), place.rows, place.columns)] = value
    rows, columns = place.cube.shape[:2]
    return Done(rows * columns, tally)


def fit_tile(place: Place, how: LineFit) -> Done:
    """Elemental maps of a tile."""
    tile = _tile(place)
    made = fitted_tile(tile, how)
    tally = counted(tile.spectra, totals=made.total[tile.valid])
    return _written(place, {name: getattr(made, name) for name in ELEMENT_FIELDS}, tally)


def predict_tile(place: Place, how: tuple[str, str | None, str]) -> Done:
    """Pigment maps of a tile by the network of a device, of a file of weights and their hash."""
    network = _network(*how)
    predict = network.bind(place.cube.energies, place.cube.acquisition)
    tile = _tile(place)
    made = predicted_tile(tile, network, predict(tile.spectra))
    fields = ("probability", "top", "below", "group_probability", "unexplained")
    tally = counted(tile.spectra, made.unexplained[tile.valid], with_sum=True)
    done = _written(place, {name: getattr(made, name) for name in fields}, tally)
    return replace(done, notices=tuple(getattr(network, "notices", ())))


@lru_cache(maxsize=2)
def _network(device: str, weights: str | None, expected: str) -> PigmentPredictor:
    """The network of a worker, loaded once."""
    from ..network import Predictor

    network = Predictor(device, None if weights is None else Path(weights))
    if network.weights_hash != expected:
        raise ValueError("A worker of the cluster has other weights than this computer.")
    return network
