"""Maps beside the cheapest pass over the counts and beside two other fits, on one cube in turns.

The cheapest pass adds 16-bit counts in blocks that fit the cache, on as many threads as the maps.
The peers are PyMca's fast linear fit and a non-negative least squares fit per pixel with scipy, of
some pixels only, since it is slow.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from napari_xrf_pigments import XRFCube, map_elements, map_pigments
from napari_xrf_pigments._parallel import on_threads, split_blocks, thread_count
from napari_xrf_pigments.fitting.background import smooth_terms
from napari_xrf_pigments.fitting.conditions import Conditions
from napari_xrf_pigments.fitting.design_matrix import line_columns
from napari_xrf_pigments.mapping import iter_element_tiles, iter_pigment_tiles, plan_elements
from napari_xrf_pigments.mapping.explanation import explain_spectrum
from napari_xrf_pigments.network import Predictor

from ._pymca import FAMILIES, PyMcaFit
from ._scans import cube_of, pixels
from ._tables import Tables, in_turns
from .maps import CHANNELS, GAIN_KEV, THIRTY, forget_axis

ROWS, COLUMNS, TURNS = 256, 352, 5
#: Spectra that are added at once, and pixels that scipy fits.
_CACHED, _FITTED = 64, 300
PASS, PYMCA, NNLS = (
    "cheapest pass: sum of uint16",
    "PyMca's FastXRFLinearFit, SNIP, 16 families",
    f"scipy's nnls per pixel, 16 families ({_FITTED} pixels)",
)
PIGMENTS, REFERENCE = "pigment maps", "pigment maps, single precision"
ELEMENTS, FIT = "element maps, 30 families, survey included", "element maps, the fit alone"
BOTH = "both maps, one after the other"


def run(tables: Tables, folder: Path) -> None:
    """Measure maps, peers and the cheapest pass, then what a scan costs once."""
    counts = pixels(ROWS, COLUMNS, CHANNELS, GAIN_KEV)
    cube, predictor = cube_of(counts), Predictor("cpu")
    found = _microseconds(counts, cube, predictor, folder)
    n, threads = ROWS * COLUMNS, thread_count()
    title = f"One run, one cube: {n:,} pixels of {CHANNELS} channels, {threads} threads"
    title += f", network in {predictor.numerics}"
    for name, values in found.items():
        tables.add(f"{title}: us per pixel", name, values, "us", ratios=_over(values, found[PYMCA]))
    for name in (PIGMENTS, ELEMENTS, FIT, BOTH):
        times = _over(found[PYMCA], found[name])
        tables.add(f"{title}: times as fast as PyMca", name, times, "")
        shares = _over(found[PASS], found[name])
        tables.add(f"{title}: share of the cheapest pass", name, shares, "")
    _once_a_scan(tables, counts[:32], predictor)


def add_counts(counts: NDArray[np.uint16]) -> NDArray[np.uint32]:
    """Return the sum of spectra (spectrum, channel), added in blocks on all threads."""
    sums: list[NDArray[np.uint32]] = []

    def add(part: slice) -> None:
        total = np.zeros(counts.shape[1], np.uint32)
        for first in range(part.start, part.stop, _CACHED):
            last = min(first + _CACHED, part.stop)
            total += counts[first:last].sum(axis=0, dtype=np.uint32)
        sums.append(total)

    with on_threads() as spread:
        spread(add, split_blocks(len(counts), _CACHED, thread_count()))
    return np.sum(sums, axis=0, dtype=np.uint32)


def _microseconds(
    counts: NDArray[np.uint16], cube: XRFCube, predictor: Predictor, folder: Path
) -> dict[str, list[float]]:
    """Return microseconds per pixel of each work, turn by turn."""
    spectra = counts.reshape(-1, CHANNELS)
    plan, peer = plan_elements(cube, THIRTY), PyMcaFit(folder, cube.energies)
    single = Predictor("cpu-float32")
    conditions = Conditions("Rh", 45.0, 145.0)
    families = [
        line_columns(cube.energies.kev, name, conditions, split=False, uncertainties=False)
        for name in FAMILIES
    ]
    lines = [shape for family in families for shape in family.shapes]
    columns = np.stack([*lines, *smooth_terms(cube.energies.kev)], axis=1)
    works: dict[str, Callable[[], object]] = {
        PASS: lambda: add_counts(spectra),
        PYMCA: lambda: peer(counts),
        NNLS: lambda: [nnls(columns, each.astype(float)) for each in spectra[:_FITTED]],
        PIGMENTS: lambda: (forget_axis(), map_pigments(cube, predictor=predictor)),
        REFERENCE: lambda: (forget_axis(), map_pigments(cube, predictor=single)),
        ELEMENTS: lambda: (forget_axis(), map_elements(cube, THIRTY)),
        FIT: lambda: deque(iter_element_tiles(cube, plan=plan), maxlen=0),
        BOTH: lambda: (
            forget_axis(),
            map_elements(cube, THIRTY),
            map_pigments(cube, predictor=predictor),
        ),
    }
    seconds = in_turns(works, TURNS)
    return {
        name: [1e6 * each / (_FITTED if name == NNLS else len(spectra)) for each in turns]
        for name, turns in seconds.items()
    }


def _over(values: Sequence[float], others: Sequence[float]) -> list[float]:
    return [value / other for value, other in zip(values, others, strict=True)]


def _once_a_scan(tables: Tables, counts: NDArray[np.uint16], predictor: Predictor) -> None:
    cube = cube_of(counts)
    known = cube.acquisition
    spectrum = counts[0, 0]
    predict = predictor.bind(cube.energies, known)

    def first_tile() -> None:
        forget_axis()
        next(iter(iter_pigment_tiles(cube, predictor=predictor)))

    works: dict[str, Callable[[], object]] = {
        "axis, resolution, search for elements": lambda: (forget_axis(), plan_elements(cube)),
        "first tile of a run": first_tile,
        "click: prediction and evidence": lambda: explain_spectrum(
            spectrum, cube.energies, known, predict
        ),
    }
    for name, work in works.items():
        work()
        seconds = []
        for _ in range(TURNS):
            start = time.perf_counter()
            work()
            seconds.append(1e3 * (time.perf_counter() - start))
        tables.add(
            f"Once a scan ({counts.shape[0] * counts.shape[1]:,} pixels)", name, seconds, "ms"
        )
