"""Maps made on a dask.distributed cluster.

The workers read the scan and write the maps themselves, so both must lie where every
worker can reach them under the same path. What travels through the scheduler is small: a
tile's place and how to read it, and the fit, once. Tiles are whole chunks of the store, so
that no two workers ever write to one file, and one that is done again - its worker was
lost - writes the same values.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dask.array as da
from dask.base import optimize

from ..cube import ElementMaps, PigmentMaps, XRFCube
from ._cluster_work import ELEMENT_FIELDS, Done, Place, fit_tile, predict_tile
from ._element_plan import plan_elements
from ._store import open_store
from .provenance import provenance
from .run_warnings import ElementRunCheck, RunCheck
from .tiles import TILE_BYTES, Progress

if TYPE_CHECKING:
    from distributed import Client

#: How often a tile is tried whose worker was lost.
_RETRIES = 5


def map_elements_on_cluster(
    cube: XRFCube,
    scheduler: str | Client,
    out: str | PathLike[str],
    lines: Sequence[str] | None = None,
    *,
    progress: Progress | None = None,
    tile_bytes: int = TILE_BYTES,
) -> ElementMaps:
    """Elemental maps of a scan, fitted by the workers of a cluster.

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
    made = provenance(cube, plan.settings)
    names = plan.fit.names
    shape = (len(names), *cube.shape[:2])
    shapes = dict.fromkeys(ELEMENT_FIELDS, shape)
    check = ElementRunCheck(cube, plan.search.seen.total)
    about = (names, made)
    arrays = _run(
        cube, scheduler, out, shapes, about, fit_tile, plan.fit, progress, tile_bytes, check
    )
    return ElementMaps(names, arrays["counts"], arrays["sigma"], cube.pixel_mm, made)


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
    """Pigment maps of a scan, made by the workers of a cluster.

    Parameters
    ----------
    cube, scheduler, out, progress, tile_bytes
        As for :func:`map_elements_on_cluster`.
    device : str
        Where each worker runs the network.
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

    network = Predictor("cpu", weights)
    size = cube.shape[:2]
    shapes: dict[str, tuple[int, ...]] = {
        **{name: (len(network.names), *size) for name in ("probability", "top", "below")},
        "group_probability": (len(network.groups), *size),
        "unexplained": size,
    }
    settings = {"kind": "pigments", "device": device, "context": False}
    made = provenance(cube, settings, weights_hash=network.weights_hash)
    check = RunCheck(cube)
    how = (device, None if weights is None else str(weights), network.weights_hash)
    about = (network.names, {**made, "groups": list(network.groups)})
    arrays = _run(
        cube, scheduler, out, shapes, about, predict_tile, how, progress, tile_bytes, check
    )
    made["warnings"] = about[1]["warnings"]
    return PigmentMaps(
        names=network.names,
        groups=network.groups,
        pixel_mm=cube.pixel_mm,
        provenance=made,
        **arrays,
    )


def _run(
    cube: XRFCube,
    scheduler: str | Client,
    out: str | PathLike[str],
    shapes: Mapping[str, tuple[int, ...]],
    about: tuple[Sequence[str], dict[str, Any]],
    work: Callable[[Place, Any], Done],
    how: Any,
    progress: Progress | None,
    tile_bytes: int,
    check: RunCheck | ElementRunCheck,
) -> dict[str, Any]:
    """Let the workers fill a store; returns its arrays. What the run noticed joins `about`."""
    rows, columns, _ = cube.shape
    size = cluster_tile(cube, tile_bytes)
    with _client(scheduler) as client, open_store(out, shapes, *about, chunk=size) as store:
        folder = str(Path(store.folder or "").absolute())
        places = [_place(cube, y, x, size, folder) for y, x in _corners(rows, columns, size)]
        # A task, not scattered data: what a lost worker held is made again.
        shared = client.submit(_keep, how, pure=False)
        futures = client.map(
            work, places, how=shared, pure=False, retries=_RETRIES, key=f"{work.__name__}-tile"
        )
        try:
            notices = _follow(client, futures, rows * columns, progress, check)
        except (OSError, ValueError) as error:
            raise check.source.explained(error) from error
        finally:
            client.cancel([shared, *futures])
        about[1]["warnings"] = [*check.at_start(), *check.at_end(), *notices]
        store.describe(about[1])
    return store.arrays


def cluster_tile(cube: XRFCube, tile_bytes: int = TILE_BYTES) -> tuple[int, int]:
    """Rows and columns of the tiles that workers get: whole rows where these are small enough."""
    rows, columns, channels = cube.shape
    pixels = max(1, tile_bytes // max(1, channels * cube.counts.dtype.itemsize))
    return (min(rows, pixels // columns), columns) if pixels >= columns else (1, pixels)


def _corners(rows: int, columns: int, size: tuple[int, int]) -> Iterator[tuple[int, int]]:
    for y in range(0, rows, size[0]):
        for x in range(0, columns, size[1]):
            yield y, x


def _place(cube: XRFCube, y: int, x: int, size: tuple[int, int], folder: str) -> Place:
    rows = slice(y, min(y + size[0], cube.shape[0]))
    columns = slice(x, min(x + size[1], cube.shape[1]))
    # Only what reads this tile travels, not the graph of the whole scan; of a scan in memory
    # the tile's own counts.
    (counts,) = optimize(cube.counts[rows, columns])
    if len(pickle.dumps(counts)) > counts.nbytes:
        counts = da.from_array(counts.compute(scheduler="synchronous"), chunks=-1)
    valid = None if cube.valid is None else cube.valid[rows, columns]
    return Place(replace(cube, counts=counts, valid=valid, live_time_s=None), rows, columns, folder)


def _follow(
    client: Client,
    futures: list[Any],
    pixels: int,
    progress: Progress | None,
    check: RunCheck | ElementRunCheck,
) -> tuple[str, ...]:
    """See all tiles done; what the workers' networks said of themselves, each sentence once."""
    from distributed import as_completed

    done = 0
    notices: dict[str, None] = {}
    for future in as_completed(futures, loop=client.loop):
        made: Done = future.result()
        done += made.pixels
        check.take(made.tally)
        notices.update(dict.fromkeys(made.notices))
        future.release()
        if progress is not None:
            progress(done, pixels)
    return tuple(notices)


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


def _keep(value: Any) -> Any:
    return value
