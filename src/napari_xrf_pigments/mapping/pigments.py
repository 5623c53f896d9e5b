"""Pigment maps: the network on every pixel, tile by tile."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..cube import Acquisition, EnergyAxis, PigmentMaps, XRFCube
from ._journal import Journal, resumed
from ._spectra_tally import SpectraTally
from ._store import open_store
from .neighbour_pooling import MARGIN_PX, predicted_in_context
from .provenance import provenance
from .run_warnings import RunCheck
from .tiles import TILE_BYTES, Progress, Tile, iter_tiles, pending_slices

Floats = NDArray[np.float32]

#: Fields of the results with a map a pigment, and a map a group.
_PER_PIGMENT = ("probability", "top", "below")


class PigmentPredictor(Protocol):
    """What a run needs of :class:`napari_xrf_pigments.network.Predictor`."""

    @property
    def names(self) -> tuple[str, ...]:
        """Pigment ids."""
        ...

    @property
    def groups(self) -> tuple[str, ...]:
        """Ambiguity groups."""
        ...

    @property
    def weights_hash(self) -> str:
        """Hash of the weights."""
        ...

    @property
    def device(self) -> Any:
        """Where it computes."""
        ...

    def bind(
        self, energies: EnergyAxis, acquisition: Acquisition
    ) -> Callable[[NDArray[Any]], PigmentMaps]:
        """A function from spectra (n, channel) to results with arrays (pigment, n)."""
        ...


@dataclass(frozen=True)
class PigmentTile:
    """Results of a finished tile; NaN where a pixel was not measured.

    Parameters
    ----------
    rows, columns : slice
        Where it lies in the scan.
    names : tuple of str
        Pigment ids.
    probability, top, below : ndarray, shape (pigment, row, column), float32
        P(in any layer), P(in the top paint layer), P(in a layer under it).
    groups : tuple of str
        Ambiguity groups.
    group_probability : ndarray, shape (group, row, column), float32
        P(at least one member is there).
    unexplained : ndarray, shape (row, column), float32
        Share of the counts above background that nothing accounts for.
    warnings : tuple of str
        Plain sentences on the run, which the first and the last tile carry.
    seen : SpectraTally
        How many of its spectra are such that the run tells it.
    """

    rows: slice
    columns: slice
    names: tuple[str, ...]
    probability: Floats
    top: Floats
    below: Floats
    groups: tuple[str, ...]
    group_probability: Floats
    unexplained: Floats
    warnings: tuple[str, ...] = ()
    seen: SpectraTally = field(default_factory=SpectraTally)


def iter_pigment_tiles(
    cube: XRFCube,
    *,
    device: str = "auto",
    predictor: PigmentPredictor | None = None,
    context: bool = False,
    tile_bytes: int = TILE_BYTES,
    skip: NDArray[np.bool_] | None = None,
    before: SpectraTally | None = None,
) -> Generator[PigmentTile, None, None]:
    """Run the network over a scan tile by tile.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` ...; where a predictor is given, its own.
    predictor : PigmentPredictor, optional
        A network that is loaded already.
    context : bool
        Whether neighbours whose spectra are alike speak for a pixel, see :mod:`.context`.
    tile_bytes : int
        Most bytes of counts in a tile.
    skip : ndarray of bool, shape (y, x), optional
        Pixels that an earlier run has done: tiles of such pixels alone are left out.
    before : SpectraTally, optional
        What was counted in those, so that the last tile speaks for all.

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
    check = RunCheck(cube)
    check.take(before or SpectraTally())
    ask = partial(predicted_in_context, predict=predict, energies=cube.energies)
    told, left = check.at_start(), len(pending_slices(cube, tile_bytes, skip))
    try:
        for tile in iter_tiles(cube, tile_bytes, skip, MARGIN_PX if context else 0):
            made = predicted_tile(tile, network, ask(tile) if context else predict(tile.spectra))
            seen = check.add(tile, made.unexplained[tile.valid])
            left -= 1
            if not left:
                told += check.at_end(getattr(network, "notices", ()))
            yield replace(made, warnings=told, seen=seen)
            told = ()
    except (OSError, ValueError) as error:
        raise check.source.explained(error) from error


def map_pigments(
    cube: XRFCube,
    *,
    device: str = "auto",
    predictor: PigmentPredictor | None = None,
    context: bool = False,
    out: str | PathLike[str] | None = None,
    progress: Progress | None = None,
    unfinished: Path | None = None,
) -> PigmentMaps:
    """Pigment maps of a scan.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` ...
    predictor : PigmentPredictor, optional
        A network that is loaded already.
    context : bool
        Whether neighbours whose spectra are alike speak for a pixel, see :mod:`.context`.
    out : path, optional
        Folder of a Zarr group that takes the maps as they are made. It must not exist.
    progress : callable, optional
        Called with the pixels done and the pixels in all.
    unfinished : Path, optional
        Folder that keeps finished tiles. Those of an earlier, equal run that it holds are
        not made again. The caller removes it.

    Returns
    -------
    PigmentMaps
        Arrays of numpy, or of Zarr where `out` is given.

    Raises
    ------
    ValueError
        If `unfinished` is of another run.
    OSError
        If `out` or `unfinished` cannot be written.
    """
    network = predictor or load_predictor(device)
    rows, columns, _ = cube.shape
    shapes: dict[str, tuple[int, ...]] = {
        **{name: (len(network.names), rows, columns) for name in _PER_PIGMENT},
        "group_probability": (len(network.groups), rows, columns),
        "unexplained": (rows, columns),
    }
    settings = {"kind": "pigments", "device": str(network.device), "context": context}
    made = provenance(cube, settings, weights_hash=network.weights_hash)
    # Another device gives the same answers.
    journal = None if unfinished is None else Journal(unfinished, _without_device(made))
    made["warnings"] = []
    with open_store(out, shapes, network.names, {**made, "groups": list(network.groups)}) as store:
        done = 0
        for tile in resumed(
            journal,
            PigmentTile,
            (rows, columns),
            lambda skip, seen: iter_pigment_tiles(
                cube, predictor=network, context=context, skip=skip, before=seen
            ),
        ):
            for name in shapes:
                store.write(name, tile.rows, tile.columns, getattr(tile, name))
            made["warnings"] += [text for text in tile.warnings if text not in made["warnings"]]
            done += tile.unexplained.size
            if progress is not None:
                progress(done, rows * columns)
        store.describe({**made, "groups": list(network.groups)})
    return PigmentMaps(
        names=tuple(network.names),
        groups=tuple(network.groups),
        pixel_mm=cube.pixel_mm,
        provenance=made,
        **store.arrays,
    )


def load_predictor(device: str = "auto") -> PigmentPredictor:
    """The bundled network on a device."""
    from ..network import Predictor

    loaded: PigmentPredictor = Predictor(device=device)
    return loaded


def _without_device(made: dict[str, Any]) -> dict[str, Any]:
    settings = {key: value for key, value in made["settings"].items() if key != "device"}
    return {**made, "settings": settings}


def predicted_tile(tile: Tile, network: PigmentPredictor, found: PigmentMaps) -> PigmentTile:
    """A tile of the network's answers (pigment, spectrum) for its measured pixels."""
    return PigmentTile(
        rows=tile.rows,
        columns=tile.columns,
        names=tuple(network.names),
        probability=tile.placed(found.probability),
        top=tile.placed(found.top),
        below=tile.placed(found.below),
        groups=tuple(network.groups),
        group_probability=tile.placed(found.group_probability),
        unexplained=tile.placed(found.unexplained),
    )
