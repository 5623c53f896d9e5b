"""Elemental maps: a fit of line families to every pixel, tile by tile."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._parallel import on_threads, split_blocks, thread_count
from .._typing import BoolArray, Float32Array
from ..cube import ElementMaps, XRFCube
from ..fitting.conditions import Conditions
from ..fitting.line_search import AIR_FAMILY, Found, main_family, other_families
from ..fitting.linear_fit import LineFit, line_fit
from ..physics.lines import atomic_number
from ._store import open_store
from .analysis.map_algebra import Monitor, Normalisation, monitor, normalised
from .provenance import provenance
from .run_warnings import ElementRunCheck, SpectraTally
from .survey import Survey, families_in, fit_conditions, survey
from .tiles import TILE_BYTES, Progress, Tile

#: Maps of the results with one image per line family.
ELEMENT_FIELDS = ("counts", "sigma")
_MONITORS = ("total", "scatter", "scatter_sigma")


@dataclass(frozen=True)
class ElementSearch:
    """Line families that one pass over a scan shows.

    Parameters
    ----------
    survey : Survey
        Spectra that represent the scan.
    conditions : Conditions
        Settings of a fit, estimated where unknown.
    lines : Found
        The line families and their significance.
    """

    survey: Survey
    conditions: Conditions
    lines: Found


@dataclass(frozen=True)
class ElementPlan:
    """A fit that is ready for the pixels of a scan.

    Parameters
    ----------
    fit : LineFit
        The fit.
    conditions : Conditions
        Settings of the fit, estimated where unknown.
    lines_found : bool
        Whether the lines were found in the scan rather than named.
    search : ElementSearch
        Line families that the scan shows.
    """

    fit: LineFit
    conditions: Conditions
    lines_found: bool
    search: ElementSearch

    @property
    def significance(self) -> dict[str, float]:
        """Significance of each family (sigma) where it stands out most, best first."""
        significance = self.search.lines.significance
        return dict(sorted(significance.items(), key=lambda entry: -entry[1]))

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the plan, for the provenance of maps."""
        return {
            "kind": "elements",
            "lines": "found in the scan" if self.lines_found else "named",
            "fitted_columns": sorted(set(self.fit.labels)),
            "conditions": asdict(self.conditions),
        }


def search_elements(cube: XRFCube) -> ElementSearch:
    """Search a scan for line families; reads it once.

    Raises
    ------
    ValueError
        If no pixel was measured, or the scan holds next to no counts.
    """
    summary = survey(cube)
    conditions = fit_conditions(cube, summary)
    return ElementSearch(summary, conditions, families_in(cube, summary, conditions))


def plan_elements(
    cube: XRFCube, lines: Sequence[str] | None = None, *, search: ElementSearch | None = None
) -> ElementPlan:
    """Survey a scan and prepare its fit.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    lines : sequence of str or str, optional
        Elements (``"Fe"``) or line families (``"Fe K"``), or one text with commas between them;
        None: those that the scan shows.
    search : ElementSearch, optional
        A search of the same scan on the same energy axis; without it the scan is read once.

    Raises
    ------
    ValueError
        If a name is not an element or a family, this scan cannot show a family,
        or the scan is empty.
    """
    if isinstance(lines, str):
        lines = [name.strip() for name in lines.split(",")]
    requested = None if lines is None else [_checked(name) for name in lines]
    search = search or search_elements(cube)
    conditions = search.conditions
    names = list(search.lines.families)
    nuisance = list(search.lines.nuisance)
    if requested is not None:
        families = list(dict.fromkeys(_family(name, cube, conditions) for name in requested))
        nuisance += [
            *(n for n in names if n not in families),
            *other_families(families, cube.energies.kev, conditions),
        ]
        names = families
    if not names:
        raise ValueError("No line of any element stands out in this scan.")
    nuisance = [n for n in dict.fromkeys(nuisance) if n not in names]
    mean = search.survey.total / search.survey.pixels
    fit = line_fit(cube.energies.kev, names, mean, conditions, nuisance=nuisance)
    return ElementPlan(fit, conditions, lines is None, search)


def families_of_element(cube: XRFCube, name: str, conditions: Conditions) -> tuple[str, ...]:
    """Return the K, L and M families of a family's element that a scan can show.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    name : str
        A line family such as ``"Pb L"``; it comes first.
    conditions : Conditions
        Settings of the fit.
    """
    return (name, *other_families([name], cube.energies.kev, conditions))


def _checked(name: str) -> str:
    words = name.split()
    if not 1 <= len(words) <= 2 or (len(words) == 2 and words[1] not in ("K", "L", "M")):
        raise ValueError(f"{name!r} is neither an element nor a line family such as 'Fe K'.")
    atomic_number(words[0])
    return " ".join(words)


def _family(name: str, cube: XRFCube, conditions: Conditions) -> str:
    if " " in name:
        return name
    family = AIR_FAMILY if name == "Ar" else main_family(name, cube.energies.kev, conditions)
    if family is None:
        raise ValueError(f"No line of {name} lies on the energy axis of this scan.")
    return family


@dataclass(frozen=True)
class ElementTile:
    """Net counts of a finished tile; NaN where a pixel was not measured.

    Parameters
    ----------
    rows, columns : slice
        Position in the scan.
    names : tuple of str
        Line families.
    counts, sigma : ndarray, shape (line, row, column), float32
        Net counts and their standard deviation.
    total : ndarray, shape (row, column), float32
        All counts of a pixel.
    scatter, scatter_sigma : ndarray, shape (row, column), float32
        Counts of the anode's scatter and their standard deviation; NaN where none is fitted.
    warnings : tuple of str
        Sentences about the run, on the first and the last tile.
    tally : SpectraTally
        Numbers of its spectra that the run warns of.
    """

    rows: slice
    columns: slice
    names: tuple[str, ...]
    counts: Float32Array
    sigma: Float32Array
    total: Float32Array
    scatter: Float32Array
    scatter_sigma: Float32Array
    warnings: tuple[str, ...] = ()
    tally: SpectraTally = field(default_factory=SpectraTally)


def iter_element_tiles(
    cube: XRFCube,
    lines: Sequence[str] | None = None,
    *,
    plan: ElementPlan | None = None,
    tile_bytes: int = TILE_BYTES,
    skip: BoolArray | None = None,
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
        A fit that :func:`plan_elements` prepared; then `lines` is ignored.
    tile_bytes : int
        Most bytes of counts in a tile.
    skip : ndarray of bool, shape (y, x), optional
        Pixels that an earlier run finished: tiles of such pixels alone are left out.
    before : SpectraTally, optional
        Tally of those pixels, so that the warnings of the last tile cover the whole scan.

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
    check, fit = ElementRunCheck(cube, plan.search.survey.total), plan.fit
    yield from check.iter_maps(lambda tile: fit_tile(tile, fit), tile_bytes, skip, before)


def map_elements(
    cube: XRFCube,
    lines: Sequence[str] | None = None,
    *,
    out: str | PathLike[str] | None = None,
    progress: Progress | None = None,
    normalise: Normalisation | None = None,
    unfinished: Path | None = None,
) -> ElementMaps:
    """Map the elements of a scan.

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
        Folder of a Zarr group, instead of `out`, that keeps its finished pixels when the run is
        stopped: the next equal run continues it. The caller removes it.

    Returns
    -------
    ElementMaps
        Arrays of numpy, or of Zarr with `out`, or if `unfinished` maps are large.
        ``provenance["warnings"]`` lists the limits of the maps, one sentence each.

    Raises
    ------
    ValueError
        If a name is not an element or a family, the scan cannot show a family, is empty or
        cannot be normalised in this way, or `unfinished` belongs to another run.
    OSError
        If `out` or `unfinished` cannot be written.
    """
    plan = plan_elements(cube, lines)
    if normalise is not None:
        check_normalisation(normalise, cube, plan)
    names, shape = plan.fit.names, cube.shape[:2]
    record = provenance(cube, plan.settings, warnings=[])
    if normalise is not None:
        record["settings"]["normalised_to"] = normalise
    with open_store(
        dict.fromkeys(ELEMENT_FIELDS, (len(names), *shape)),
        names,
        record,
        out=out,
        unfinished=unfinished,
        monitors=_MONITORS,
    ) as store:
        tiles = iter_element_tiles(cube, plan=plan, skip=store.finished.copy(), before=store.tally)
        store.fill(tiles, progress)
        if normalise is not None:
            by = element_monitor(
                normalise, cube, **{name: np.asarray(store.arrays[name]) for name in _MONITORS}
            )
            measured = store.replace_maps(ELEMENT_FIELDS)
            for line in range(len(names)):
                counts, sigma = (measured[name][line] for name in ELEMENT_FIELDS)
                changed = normalised(counts, sigma, by)
                store.arrays["counts"][line], store.arrays["sigma"][line] = changed
    arrays = store.arrays
    return ElementMaps(names, arrays["counts"], arrays["sigma"], cube.pixel_mm, record)


def element_monitor(
    name: Normalisation,
    cube: XRFCube,
    total: Float32Array,
    scatter: Float32Array,
    scatter_sigma: Float32Array,
) -> Monitor:
    """Make the divisor of elemental maps.

    Parameters
    ----------
    name : {"live time", "scatter", "total"}
        Which one.
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
    """Raise before the work where the maps cannot be normalised.

    Raises
    ------
    ValueError
        With one plain sentence.
    """
    some = np.ones((1, 1), np.float32)
    scatter = some if plan.fit.scatter.any() else np.full_like(some, np.nan)
    element_monitor(name, cube, some, scatter, some)


def fit_tile(tile: Tile, fit: LineFit) -> ElementTile:
    """Fit the spectra of a tile."""
    spectra = tile.spectra
    result = fit(spectra)
    return ElementTile(
        rows=tile.rows,
        columns=tile.columns,
        names=fit.names,
        counts=tile.to_image(result.counts.T),
        sigma=tile.to_image(result.sigma.T),
        total=tile.to_image(_totals(spectra)),
        scatter=tile.to_image(result.scatter),
        scatter_sigma=tile.to_image(result.scatter_sigma),
    )


def _totals(spectra: NDArray[np.integer]) -> NDArray[np.integer]:
    """Sum the counts of each spectrum."""
    totals = np.empty(len(spectra), np.int64)

    def add(part: slice) -> None:
        totals[part] = spectra[part].sum(1, dtype=np.int64)

    with on_threads() as spread:
        spread(add, split_blocks(len(spectra), 256, thread_count()))
    return totals
