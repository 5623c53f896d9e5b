"""Pigment maps: the network on every pixel, tile by tile."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._typing import BoolArray, Float32Array
from ..cube import PigmentMaps, XRFCube
from ..cube.maps import channel_names, pigment_arrays
from ._store import open_store
from .neighbour_pooling import MARGIN_PX, predict_with_neighbours
from .provenance import provenance
from .run_warnings import PigmentRunCheck, SpectraTally
from .tiles import TILE_BYTES, Progress, Tile

if TYPE_CHECKING:
    from ..network import Predictor


@dataclass(frozen=True)
class PigmentTile:
    """Results of a finished tile; NaN where a pixel was not measured.

    Parameters
    ----------
    rows, columns : slice
        Position in the scan.
    names : tuple of str
        Pigment ids.
    probability, top, below : ndarray, shape (pigment, row, column), float32
        P(in any layer), P(in the top paint layer), P(in a layer under it).
    groups : tuple of str
        Ambiguity groups.
    group_probability : ndarray, shape (group, row, column), float32
        P(at least one member is present).
    unexplained : ndarray, shape (row, column), float32
        Share of the counts above background that nothing accounts for.
    warnings : tuple of str
        Sentences about the run, on the first and the last tile.
    tally : SpectraTally
        Numbers of its spectra that the run warns of.
    signal, signal_sigma, unsupported, depth_known : ndarray or None
        As in :class:`napari_xrf_pigments.PigmentMaps`; None where the network does not give them.
    """

    rows: slice
    columns: slice
    names: tuple[str, ...]
    probability: Float32Array
    top: Float32Array
    below: Float32Array
    groups: tuple[str, ...]
    group_probability: Float32Array
    unexplained: Float32Array
    warnings: tuple[str, ...] = ()
    tally: SpectraTally = field(default_factory=SpectraTally)
    signal: Float32Array | None = None
    signal_sigma: Float32Array | None = None
    unsupported: Float32Array | None = None
    depth_known: Float32Array | None = None


def iter_pigment_tiles(
    cube: XRFCube,
    *,
    device: str = "auto",
    predictor: Predictor | None = None,
    context: bool = False,
    tile_bytes: int = TILE_BYTES,
    skip: BoolArray | None = None,
    before: SpectraTally | None = None,
) -> Generator[PigmentTile, None, None]:
    """Run the network over a scan tile by tile.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` ...; a given predictor uses its own.
    predictor : Predictor, optional
        A network that is loaded already.
    context : bool
        Whether to pool each spectrum with similar neighbours (:mod:`.neighbour_pooling`).
    tile_bytes : int
        Most bytes of counts in a tile.
    skip : ndarray of bool, shape (y, x), optional
        Pixels that an earlier run finished: tiles of such pixels alone are left out.
    before : SpectraTally, optional
        Tally of those pixels, so that the warnings of the last tile cover the whole scan.

    Yields
    ------
    PigmentTile

    Raises
    ------
    OSError
        If the scan cannot be read to its end.
    """
    network = predictor or load_predictor(device)
    predict = network.bind(cube.energies, cube.acquisition)

    def make_maps(tile: Tile) -> PigmentTile:
        if context:
            return pigment_tile(tile, predict_with_neighbours(tile, predict, cube.energies))
        return pigment_tile(tile, predict(tile.spectra))

    check = PigmentRunCheck(cube, getattr(network, "notices", ()))
    margin = MARGIN_PX if context else 0
    yield from check.iter_maps(make_maps, tile_bytes, skip, before, margin)


def map_pigments(
    cube: XRFCube,
    *,
    device: str = "auto",
    predictor: Predictor | None = None,
    context: bool = False,
    out: str | PathLike[str] | None = None,
    progress: Progress | None = None,
    unfinished: Path | None = None,
) -> PigmentMaps:
    """Map the pigments of a scan.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` ...; a given predictor uses its own.
    predictor : Predictor, optional
        A network that is loaded already.
    context : bool
        Whether to pool each spectrum with similar neighbours (:mod:`.neighbour_pooling`).
    out : path, optional
        Folder of a Zarr group that takes the maps as they are made. It must not exist.
    progress : callable, optional
        Called with the pixels done and the pixels in all.
    unfinished : Path, optional
        Folder of a Zarr group, instead of `out`, that keeps its finished pixels when the run is
        stopped: the next equal run continues it. The caller removes it.

    Returns
    -------
    PigmentMaps
        Arrays of numpy, or of Zarr with `out`, or if `unfinished` maps are large.

    Raises
    ------
    ValueError
        If `unfinished` belongs to another run.
    OSError
        If `out` or `unfinished` cannot be written.
    """
    network = predictor or load_predictor(device)
    settings = pigment_settings(network, str(network.device), context)
    record = provenance(cube, settings, weights_hash=network.weights_hash, warnings=[])
    shapes, attributes = pigment_shapes(cube, network), {**record, "groups": list(network.groups)}
    with open_store(shapes, network.names, attributes, out=out, unfinished=unfinished) as store:
        tiles = iter_pigment_tiles(
            cube, predictor=network, context=context, skip=store.finished.copy(), before=store.tally
        )
        store.fill(tiles, progress)
    return pigment_maps(cube, network, store.arrays, record)


def pigment_settings(network: Predictor, device: str, context: bool) -> dict[str, Any]:
    """Return the settings of a run for its provenance.

    A run is only resumed with the same settings but for the device. Those hold whether the
    network is computed in 8 bits or in single precision.
    """
    return {
        "kind": "pigments",
        "device": device,
        "numerics": network.numerics,
        "context": context,
    }


def pigment_shapes(cube: XRFCube, network: Predictor) -> dict[str, tuple[int, ...]]:
    """Return the shape of each array of the results, by field."""
    shapes = {}
    for name in network.fields:
        channels = channel_names(name, tuple(network.names), tuple(network.groups))
        shapes[name] = (*(() if channels is None else (len(channels),)), *cube.shape[:2])
    return shapes


def pigment_maps(
    cube: XRFCube, network: Predictor, arrays: dict[str, Any], record: dict[str, Any]
) -> PigmentMaps:
    """Make the results of a run from the arrays of its store and its provenance."""
    return PigmentMaps(
        names=tuple(network.names),
        groups=tuple(network.groups),
        pixel_mm=cube.pixel_mm,
        provenance=record,
        **arrays,
    )


def load_predictor(device: str = "auto") -> Predictor:
    """Load the bundled network on a device."""
    from ..network import Predictor

    return Predictor(device)


def pigment_tile(tile: Tile, maps: PigmentMaps) -> PigmentTile:
    """Make images of the predictions (pigment, spectrum) for the measured pixels of a tile."""
    images: dict[str, Any] = {n: tile.to_image(getattr(maps, n)) for n in pigment_arrays(maps)}
    return PigmentTile(tile.rows, tile.columns, names=maps.names, groups=maps.groups, **images)
