"""Maps made on a dask.distributed cluster.

The workers read the scan and write the maps themselves, so both must lie where every worker can
reach them under the same path. Little travels through the scheduler: the position of a tile and
how to read it, and the fit, once. Tiles are whole chunks of the store, so that no two workers
ever write to one file, and a tile that is repeated after its worker was lost has the same values.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dask.array as da
from dask.base import optimize

from ..cube import ElementMaps, PigmentMaps, XRFCube
from ..fitting.linear_fit import LineFit
from ._store import MapStore, open_store
from .elements import ELEMENT_FIELDS, fit_tile, plan_elements
from .pigments import pigment_maps, pigment_settings, pigment_shapes, pigment_tile
from .provenance import provenance
from .run_warnings import ElementRunCheck, PigmentRunCheck, RunCheck, SpectraTally, count_spectra
from .tiles import TILE_BYTES, Progress, Tile, read_tile

if TYPE_CHECKING:
    from distributed import Client

    from ..network import Predictor

#: Attempts at a tile whose worker was lost.
_RETRIES = 5

#: Maps of a tile by name, its tally, and notices of the network that made them.
Made = tuple[dict[str, Any], SpectraTally, tuple[str, ...]]


@dataclass(frozen=True)
class TileTask:
    """One tile of a scan for a worker.

    Parameters
    ----------
    cube : XRFCube
        The pixels of the tile.
    rows, columns : slice
        Position in the scan.
    folder : str
        Zarr group that takes the maps.
    """

    cube: XRFCube
    rows: slice
    columns: slice
    folder: str


@dataclass(frozen=True)
class ElementWork:
    """The fit of line families to the spectra of a tile."""

    fit: LineFit

    def __call__(self, tile: Tile, cube: XRFCube) -> Made:
        """Fit a tile of `cube`."""
        maps = fit_tile(tile, self.fit)
        tally = count_spectra(tile.spectra, totals=maps.total[tile.valid])
        return {name: getattr(maps, name) for name in ELEMENT_FIELDS}, tally, ()


@dataclass(frozen=True)
class PigmentWork:
    """The network on the spectra of a tile.

    Parameters
    ----------
    device : str
        Device of the network on the worker.
    weights : str or None
        File of weights; None for the bundled ones.
    weights_hash : str
        Expected SHA-256 of the weights.
    numerics : str
        Expected computation, as in :class:`napari_xrf_pigments.network.Predictor`.
    """

    device: str
    weights: str | None
    weights_hash: str
    numerics: str

    def __call__(self, tile: Tile, cube: XRFCube) -> Made:
        """Predict a tile of `cube`."""
        network = worker_network(self.device, self.weights, self.weights_hash, self.numerics)
        predictions = network.bind(cube.energies, cube.acquisition)(tile.spectra)
        maps = pigment_tile(tile, predictions)
        tally = count_spectra(tile.spectra, maps.unexplained[tile.valid], with_sum=True)
        arrays = {name: getattr(maps, name) for name in pigment_shapes(cube, network)}
        return arrays, tally, tuple(getattr(network, "notices", ()))


@lru_cache(maxsize=2)
def worker_network(device: str, weights: str | None, expected: str, numerics: str) -> Predictor:
    """Load the network of a worker, once."""
    from ..network import Predictor

    network = Predictor(device, None if weights is None else Path(weights))
    if network.weights_hash != expected:
        raise ValueError("A worker of the cluster has other weights than this computer.")
    if network.numerics != numerics:
        raise ValueError(
            "The computers of the cluster would not compute all pixels alike: on some the network "
            "runs in 8 bits, on others in single precision. Choose the device cpu-float32, or "
            "cuda where all have a GPU."
        )
    return network


def map_tile(
    task: TileTask, work: ElementWork | PigmentWork
) -> tuple[int, SpectraTally, tuple[str, ...]]:
    """Read a tile, map it and write its maps; return its pixels, tally and notices."""
    import zarr

    rows, columns, _ = task.cube.shape
    tile = read_tile(task.cube, 0, slice(0, rows), slice(0, columns))
    arrays, tally, notices = work(tile, task.cube)
    group = zarr.open_group(task.folder, mode="r+")
    for name, values in arrays.items():
        array: Any = group[name]
        array[..., task.rows, task.columns] = values
    return rows * columns, tally, notices


def map_elements_on_cluster(
    cube: XRFCube,
    scheduler: str | Client,
    out: str | PathLike[str],
    lines: Sequence[str] | None = None,
    *,
    progress: Progress | None = None,
    tile_bytes: int = TILE_BYTES,
) -> ElementMaps:
    """Map the elements of a scan on the workers of a cluster.

    Parameters
    ----------
    cube : XRFCube
        The scan, in files that the workers can read too.
    scheduler : str or distributed.Client
        Address such as ``"tcp://host:8786"``, or a client.
    out : path
        Folder of a Zarr group that takes the maps; the workers must be able to write there.
    lines : sequence of str, optional
        Elements or line families; None: those that the scan shows.
    progress : callable, optional
        Called with the pixels done and the pixels in all.
    tile_bytes : int
        Most bytes of counts in a tile.

    Returns
    -------
    ElementMaps
        Arrays of Zarr.

    Raises
    ------
    ModuleNotFoundError
        If dask.distributed is not installed.
    ValueError
        As :func:`plan_elements`.
    OSError
        If there is no scheduler at that address, or `out` cannot be written.
    """
    plan = plan_elements(cube, lines)
    names = plan.fit.names
    record = provenance(cube, plan.settings, warnings=[])
    check = ElementRunCheck(cube, plan.search.survey.total)
    shapes = dict.fromkeys(ELEMENT_FIELDS, (len(names), *cube.shape[:2]))
    size = cluster_tile(cube, tile_bytes)
    with open_store(shapes, names, record, out=out, chunk=size) as store:
        _fill(store, cube, scheduler, ElementWork(plan.fit), size, check, progress)
    return ElementMaps(names, store.arrays["counts"], store.arrays["sigma"], cube.pixel_mm, record)


def map_pigments_on_cluster(
    cube: XRFCube,
    scheduler: str | Client,
    out: str | PathLike[str],
    *,
    device: str = "auto",
    weights: Path | None = None,
    progress: Progress | None = None,
    tile_bytes: int = TILE_BYTES,
) -> PigmentMaps:
    """Map the pigments of a scan on the workers of a cluster.

    Parameters
    ----------
    cube, scheduler, out, progress, tile_bytes
        As for :func:`map_elements_on_cluster`.
    device : str
        Device of the network on each worker.
    weights : Path, optional
        Another weights file than the bundled one; the workers must be able to read it.

    Returns
    -------
    PigmentMaps
        Arrays of Zarr.

    Raises
    ------
    ModuleNotFoundError, OSError
        As for :func:`map_elements_on_cluster`.
    ValueError
        If a worker has other weights than this computer.
    """
    from ..network import Predictor
    from ..network.weights import SINGLE_PRECISION

    # A device that only the workers may have computes in single precision.
    network = Predictor(device if device in ("auto", "cpu") else SINGLE_PRECISION, weights)
    settings = pigment_settings(network, device, context=False)
    record = provenance(cube, settings, weights_hash=network.weights_hash, warnings=[])
    shapes, attributes = pigment_shapes(cube, network), {**record, "groups": list(network.groups)}
    file = None if weights is None else str(weights)
    work = PigmentWork(device, file, network.weights_hash, network.numerics)
    size = cluster_tile(cube, tile_bytes)
    with open_store(shapes, network.names, attributes, out=out, chunk=size) as store:
        _fill(store, cube, scheduler, work, size, PigmentRunCheck(cube), progress)
    return pigment_maps(cube, network, store.arrays, record)


def cluster_tile(cube: XRFCube, tile_bytes: int = TILE_BYTES) -> tuple[int, int]:
    """Return the rows and columns of the tiles of workers: whole rows where these are small."""
    rows, columns, channels = cube.shape
    pixels = max(1, tile_bytes // max(1, channels * cube.counts.dtype.itemsize))
    return (min(rows, pixels // columns), columns) if pixels >= columns else (1, pixels)


def tile_tasks(cube: XRFCube, size: tuple[int, int], folder: str) -> Iterator[TileTask]:
    """Cut a scan into the tasks of workers.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    size : (int, int)
        Rows and columns of a tile.
    folder : str
        Zarr group that takes the maps.
    """
    for y in range(0, cube.shape[0], size[0]):
        for x in range(0, cube.shape[1], size[1]):
            rows = slice(y, min(y + size[0], cube.shape[0]))
            columns = slice(x, min(x + size[1], cube.shape[1]))
            # Only the reading of this tile travels, not the graph of the whole scan; of a scan
            # in memory, the tile's own counts.
            (counts,) = optimize(cube.counts[rows, columns])
            if len(pickle.dumps(counts)) > counts.nbytes:
                counts = da.from_array(counts.compute(scheduler="synchronous"), chunks=-1)
            valid = None if cube.valid is None else cube.valid[rows, columns]
            part = replace(cube, counts=counts, valid=valid, live_time_s=None)
            yield TileTask(part, rows, columns, folder)


def _fill(
    store: MapStore,
    cube: XRFCube,
    scheduler: str | Client,
    work: ElementWork | PigmentWork,
    size: tuple[int, int],
    check: RunCheck,
    progress: Progress | None,
) -> None:
    """Let the workers of a cluster fill a store, and collect the warnings of the run."""
    pixels = cube.shape[0] * cube.shape[1]
    done, notices = 0, dict[str, None]()
    with _client(scheduler) as client:
        from distributed import as_completed

        tasks = list(tile_tasks(cube, size, str(store.folder)))
        # A task, not scattered data: it is repeated where its worker was lost.
        shared = client.submit(_identity, work, pure=False)
        futures = client.map(
            map_tile, tasks, work=shared, pure=False, retries=_RETRIES, key="map-tile"
        )
        try:
            for future in as_completed(futures, loop=client.loop):
                finished, tally, texts = future.result()
                future.release()
                check.add_counts(tally)
                notices.update(dict.fromkeys(texts))
                done += finished
                if progress is not None:
                    progress(done, pixels)
        except (OSError, ValueError) as error:
            raise check.source.explain(error) from error
        finally:
            client.cancel([shared, *futures])
    store.warnings += [*check.initial_warnings(), *check.final_warnings(), *notices]


def _identity(work: ElementWork | PigmentWork) -> ElementWork | PigmentWork:
    return work


@contextmanager
def _client(scheduler: str | Client) -> Iterator[Client]:
    try:
        from distributed import Client
    except ImportError as error:
        raise ModuleNotFoundError(
            "Clusters need dask.distributed: pip install napari-xrf-pigments[cluster]."
        ) from error
    if not isinstance(scheduler, str):
        yield scheduler
        return
    try:
        client = Client(scheduler, timeout="10s", set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise OSError(f"There is no dask scheduler at {scheduler}.") from error
    with client:
        yield client
