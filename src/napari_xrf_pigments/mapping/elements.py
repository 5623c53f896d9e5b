"""Elemental maps: a fit of line families to every pixel, tile by tile."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cube import ElementMaps, XRFCube
from ..physics.conditions import Conditions
from ..physics.detect import AIR_FAMILY, main_family, other_families
from ..physics.fit import LineFit, line_fit
from ..physics.lines import atomic_number
from .provenance import provenance
from .store import MapStore, open_store
from .survey import Survey, families_in, fit_conditions, survey
from .tiles import TILE_BYTES, Progress, Tile, iter_tiles


@dataclass(frozen=True)
class ElementTile:
    """Net counts of a finished tile.

    Parameters
    ----------
    rows, columns : slice
        Where it lies in the scan.
    names : tuple of str
        Line families.
    counts, sigma : ndarray, shape (line, row, column), float32
        Net counts and their standard deviation; NaN where a pixel was not measured.
    """

    rows: slice
    columns: slice
    names: tuple[str, ...]
    counts: NDArray[np.float32]
    sigma: NDArray[np.float32]


@dataclass(frozen=True)
class ElementPlan:
    """A fit that is ready for the pixels of a scan.

    Parameters
    ----------
    fit : LineFit
        The fit.
    conditions : Conditions
        Settings it was made with, estimated where unknown.
    lines_found : bool
        Whether the lines were found in the scan rather than named.
    """

    fit: LineFit
    conditions: Conditions
    lines_found: bool


def plan_elements(cube: XRFCube, lines: Sequence[str] | None = None) -> ElementPlan:
    """Survey a scan and prepare its fit; reads the scan once.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    lines : sequence of str, optional
        Elements (``"Fe"``) or line families (``"Fe K"``); None: those that the scan shows.

    Raises
    ------
    ValueError
        If a name is not an element or a family, a family cannot be seen in this scan,
        or the scan is empty.
    """
    wanted = None if lines is None else [_checked(name) for name in lines]
    seen = survey(cube)
    conditions = fit_conditions(cube, seen)
    found = families_in(cube, seen, conditions)
    names = list(found.families)
    nuisance = list(found.nuisance)
    if wanted is not None:
        asked = list(dict.fromkeys(_family(name, cube, conditions) for name in wanted))
        axis = cube.energies.kev
        nuisance += [
            *(n for n in names if n not in asked),
            *other_families(asked, axis, conditions),
        ]
        names = asked
    if not names:
        raise ValueError("No line of any element stands out in this scan.")
    weights = _weights(seen)
    nuisance = [n for n in dict.fromkeys(nuisance) if n not in names]
    fit = line_fit(cube.energies.kev, names, weights, conditions, nuisance=nuisance)
    return ElementPlan(fit, conditions, lines is None)


def iter_element_tiles(
    cube: XRFCube,
    lines: Sequence[str] | None = None,
    *,
    plan: ElementPlan | None = None,
    tile_bytes: int = TILE_BYTES,
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

    Yields
    ------
    ElementTile

    Raises
    ------
    ValueError
        As :func:`plan_elements`, at the first tile.
    """
    fit = (plan or plan_elements(cube, lines)).fit
    for tile in iter_tiles(cube, tile_bytes):
        yield _fitted(tile, fit)


def map_elements(
    cube: XRFCube,
    lines: Sequence[str] | None = None,
    *,
    out: str | PathLike[str] | None = None,
    progress: Progress | None = None,
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

    Returns
    -------
    ElementMaps
        Arrays of numpy, or of Zarr where `out` is given.

    Raises
    ------
    ValueError
        If a name is not an element or a family, a family cannot be seen, or the scan
        is empty.
    OSError
        If `out` cannot be written.
    """
    plan = plan_elements(cube, lines)
    rows, columns, _ = cube.shape
    made = provenance(cube, _settings(plan))
    shape = (len(plan.fit.names), rows, columns)
    with open_store(out, {"counts": shape, "sigma": shape}, plan.fit.names, made) as store:
        _fill(cube, plan, store, progress)
    arrays = store.arrays
    return ElementMaps(plan.fit.names, arrays["counts"], arrays["sigma"], cube.pixel_mm, made)


def _fill(cube: XRFCube, plan: ElementPlan, store: MapStore, progress: Progress | None) -> None:
    rows, columns, _ = cube.shape
    done = 0
    for tile in iter_element_tiles(cube, plan=plan):
        store.write("counts", tile.rows, tile.columns, tile.counts)
        store.write("sigma", tile.rows, tile.columns, tile.sigma)
        done += tile.counts.shape[1] * tile.counts.shape[2]
        if progress is not None:
            progress(done, rows * columns)


def _fitted(tile: Tile, fit: LineFit) -> ElementTile:
    shape = (len(fit.names), *tile.valid.shape)
    counts = np.full(shape, np.nan, np.float32)
    sigma = np.full(shape, np.nan, np.float32)
    if tile.valid.any():
        result = fit(tile.spectra)
        counts[:, tile.valid] = result.counts.T
        sigma[:, tile.valid] = result.sigma.T
    return ElementTile(tile.rows, tile.columns, fit.names, counts, sigma)


def _weights(seen: Survey) -> NDArray[np.float64]:
    """Reference spectrum: the mean, raised where single pixels are much brighter."""
    return seen.total / seen.pixels


def _checked(name: str) -> str:
    words = name.split()
    if not 1 <= len(words) <= 2 or (len(words) == 2 and words[1] not in ("K", "L", "M")):
        raise ValueError(f"{name!r} is neither an element nor a line family such as 'Fe K'.")
    atomic_number(words[0])
    return " ".join(words)


def _family(name: str, cube: XRFCube, conditions: Conditions) -> str:
    if " " in name:
        return name
    found = AIR_FAMILY if name == "Ar" else main_family(name, cube.energies.kev, conditions)
    if found is None:
        raise ValueError(f"No line of {name} lies on the energy axis of this scan.")
    return found


def _settings(plan: ElementPlan) -> dict[str, Any]:
    return {
        "kind": "elements",
        "lines": "found in the scan" if plan.lines_found else "named",
        "fitted_columns": sorted(set(plan.fit.labels)),
        "conditions": asdict(plan.conditions),
    }
