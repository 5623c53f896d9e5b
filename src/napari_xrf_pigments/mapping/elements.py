"""Elemental maps: a fit of line families to every pixel, tile by tile."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .._parallel import on_threads, split_blocks, thread_count
from ..cube import ElementMaps, XRFCube
from ..fitting.linear_fit import LineFit
from ._element_plan import ElementPlan, plan_elements
from ._journal import Journal, resumed
from ._spectra_tally import SpectraTally
from ._store import open_store
from .analysis.map_algebra import Monitor, Normalisation, monitor, normalised
from .provenance import provenance
from .run_warnings import ElementRunCheck
from .tiles import TILE_BYTES, Progress, Tile, iter_tiles, pending_slices

Floats = NDArray[np.float32]
_MONITORS = ("total", "scatter", "scatter_sigma")


@dataclass(frozen=True)
class ElementTile:
    """Net counts of a finished tile; NaN where a pixel was not measured.

    Parameters
    ----------
    rows, columns : slice
        Where it lies in the scan.
    names : tuple of str
        Line families.
    counts, sigma : ndarray, shape (line, row, column), float32
        Net counts and their standard deviation.
    total : ndarray, shape (row, column), float32
        All counts of a pixel.
    scatter, scatter_sigma : ndarray, shape (row, column), float32
        Counts of the anode's scatter and their standard deviation; NaN where none is fitted.
    warnings : tuple of str
        Plain sentences on the run, which the first and the last tile carry.
    seen : SpectraTally
        How many of its spectra are such that the run tells it.
    """

    rows: slice
    columns: slice
    names: tuple[str, ...]
    counts: Floats
    sigma: Floats
    total: Floats
    scatter: Floats
    scatter_sigma: Floats
    warnings: tuple[str, ...] = ()
    seen: SpectraTally = field(default_factory=SpectraTally)


def iter_element_tiles(
    cube: XRFCube,
    lines: Sequence[str] | None = None,
    *,
    plan: ElementPlan | None = None,
    tile_bytes: int = TILE_BYTES,
    skip: NDArray[np.bool_] | None = None,
    before: SpectraTally | None = None,
) -> Generator[ElementTile, None, None]:
    """Fit a scan tile by tile.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    lines : sequence of str, optional
        Elements (``"Fe"``) or line families (``"Fe K"``); None: those that the scan shows.
    plan : ElementPlan, optional
        A fit made before, by :func:`plan_elements`; then `lines` does not count.
    tile_bytes : int
        Most bytes of counts in a tile.
    skip : ndarray of bool, shape (y, x), optional
        Pixels that an earlier run has done: tiles of such pixels alone are left out.
    before : SpectraTally, optional
        What was counted in those, so that the last tile speaks for all.

    Yields
    ------
    ElementTile

    Raises
    ------
    ValueError
        As :func:`plan_elements`, at the first tile.
    OSError
        If the scan cannot be read to its end.
    """
    plan = plan or plan_elements(cube, lines)
    check = ElementRunCheck(cube, plan.search.seen.total)
    check.take(before or SpectraTally())
    told, left = check.at_start(), len(pending_slices(cube, tile_bytes, skip))
    try:
        for tile in iter_tiles(cube, tile_bytes, skip):
            made = fitted_tile(tile, plan.fit)
            seen = check.add(tile, made.total[tile.valid])
            left -= 1
            if not left:
                told += check.at_end()
            yield replace(made, warnings=told, seen=seen)
            told = ()
    except (OSError, ValueError) as error:
        raise check.source.explained(error) from error


def map_elements(
    cube: XRFCube,
    lines: Sequence[str] | None = None,
    *,
    out: str | PathLike[str] | None = None,
    progress: Progress | None = None,
    normalise: Normalisation | None = None,
    unfinished: Path | None = None,
) -> ElementMaps:
    """Elemental maps of a scan.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    lines : sequence of str, optional
        Elements (``"Fe"``) or line families (``"Fe K"``); None: those that the scan shows.
    out : path, optional
        Folder of a Zarr group that takes the maps as they are made, for scans whose
        maps do not fit in memory. It must not exist.
    progress : callable, optional
        Called with the pixels done and the pixels in all.
    normalise : {"live time", "scatter", "total"}, optional
        Divide the maps by it (:mod:`napari_xrf_pigments.mapping.analysis`); by default they
        are net counts as measured.
    unfinished : Path, optional
        Folder that keeps finished tiles. Those of an earlier, equal run that it holds are
        not made again. The caller removes it.

    Returns
    -------
    ElementMaps
        Arrays of numpy, or of Zarr where `out` is given. ``provenance["warnings"]`` says in
        plain sentences what to be careful about.

    Raises
    ------
    ValueError
        If a name is not an element or a family, a family cannot be seen, the scan
        is empty or cannot be normalised as asked, or `unfinished` is of another run.
    OSError
        If `out` or `unfinished` cannot be written.
    """
    plan = plan_elements(cube, lines)
    if normalise is not None:
        check_normalisation(normalise, cube, plan)
    rows, columns, _ = cube.shape
    made = provenance(cube, plan.settings)
    journal = None if unfinished is None else Journal(unfinished, made)
    if normalise is not None:
        made["settings"] = {**made["settings"], "normalised_to": normalise}
    made["warnings"] = []
    shape = (len(plan.fit.names), rows, columns)
    # The monitors stay in memory: three maps, whatever the number of lines.
    seen = {name: np.full((rows, columns), np.nan, np.float32) for name in _MONITORS}
    with open_store(out, {"counts": shape, "sigma": shape}, plan.fit.names, made) as store:
        done = 0
        for tile in resumed(
            journal,
            ElementTile,
            (rows, columns),
            lambda skip, seen: iter_element_tiles(cube, plan=plan, skip=skip, before=seen),
        ):
            store.write("counts", tile.rows, tile.columns, tile.counts)
            store.write("sigma", tile.rows, tile.columns, tile.sigma)
            for name, image in seen.items():
                image[tile.rows, tile.columns] = getattr(tile, name)
            made["warnings"] += [text for text in tile.warnings if text not in made["warnings"]]
            done += tile.total.size
            if progress is not None:
                progress(done, rows * columns)
        if normalise is not None:
            by = element_monitor(normalise, cube, **seen)
            for line in range(len(plan.fit.names)):
                counts, sigma = (store.arrays[name][line] for name in ("counts", "sigma"))
                changed = normalised(counts, sigma, by)
                store.arrays["counts"][line], store.arrays["sigma"][line] = changed
        store.describe(made)
    arrays = store.arrays
    return ElementMaps(plan.fit.names, arrays["counts"], arrays["sigma"], cube.pixel_mm, made)


def element_monitor(
    name: Normalisation, cube: XRFCube, total: Floats, scatter: Floats, scatter_sigma: Floats
) -> Monitor:
    """What elemental maps are divided by.

    Parameters
    ----------
    name : {"live time", "scatter", "total"}
        What it is.
    cube : XRFCube
        The scan.
    total, scatter, scatter_sigma : ndarray, shape (y, x)
        As in :class:`ElementTile`.

    Raises
    ------
    ValueError
        If the scan does not have it.
    """
    if name == "live time":
        return monitor(name, cube.live_time_s)
    if name == "scatter":
        return monitor(name, scatter, scatter_sigma)
    if name == "total":
        return monitor(name, total, np.sqrt(total))
    raise ValueError(f"Maps cannot be normalised to {name!r}.")


def check_normalisation(name: Normalisation, cube: XRFCube, plan: ElementPlan) -> None:
    """Complain before the work where a normalisation cannot be had.

    Raises
    ------
    ValueError
        With one plain sentence.
    """
    some = np.ones((1, 1), np.float32)
    scatter = some if plan.fit.scatter.any() else np.full_like(some, np.nan)
    element_monitor(name, cube, some, scatter, some)


def fitted_tile(tile: Tile, fit: LineFit) -> ElementTile:
    """The fit of a tile's spectra."""
    spectra = tile.spectra
    result = fit(spectra)
    return ElementTile(
        rows=tile.rows,
        columns=tile.columns,
        names=fit.names,
        counts=tile.placed(result.counts.T),
        sigma=tile.placed(result.sigma.T),
        total=tile.placed(_totals(spectra)),
        scatter=tile.placed(result.scatter),
        scatter_sigma=tile.placed(result.scatter_sigma),
    )


def _totals(spectra: NDArray[np.integer]) -> NDArray[np.integer]:
    """All counts of each spectrum."""
    found = np.empty(len(spectra), np.int64)

    def add(part: slice) -> None:
        found[part] = spectra[part].sum(1, dtype=np.int64)

    with on_threads() as spread:
        spread(add, split_blocks(len(spectra), 256, thread_count()))
    return found
