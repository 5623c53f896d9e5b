"""Maps beside PyMca's fast linear fit and beside one pass over the counts; growth of the cost.

All on the same cube with the same number of threads (``OMP_NUM_THREADS``, 2 under ``tox -e
bench``), in turns. ``XRF_PIGMENTS_BENCH_SCALE=1`` carries the curve to 4 x 10^6 pixels.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from pathlib import Path

import dask.array as da
import numpy as np
import torch

from napari_xrf_pigments import XRFCube, map_elements, map_pigments
from napari_xrf_pigments.calibration.automatic import fitted_axis
from napari_xrf_pigments.cube import Acquisition
from napari_xrf_pigments.mapping import (
    ElementPlan,
    iter_element_tiles,
    iter_pigment_tiles,
    plan_elements,
)
from napari_xrf_pigments.network import Predictor

from ._pymca import FAMILIES, PyMcaFit
from ._scans import cube_of, pixels
from ._tables import Tables, in_turns, timed

#: Thirty line families: those that PyMca fits, and fourteen more.
THIRTY = (
    *FAMILIES, "Ar K", "As K", "Zr K", "Rb K", "Cd K", "Sb K", "Cl K", "P K",
    "Au L", "Se K", "Br K", "Y K", "Si K", "Al K",
)  # fmt: skip
ROWS, COLUMNS, CHANNELS, GAIN_KEV = 128, 256, 2048, 0.02
SCALE = float(os.environ.get("XRF_PIGMENTS_BENCH_SCALE", 1 / 32))
TURNS = 3


def run(tables: Tables, folder: Path) -> None:
    """Measure maps beside their peers, and how their cost grows."""
    counts, predictor = pixels(ROWS, COLUMNS, CHANNELS, GAIN_KEV), Predictor("cpu")
    _beside_pymca(counts, predictor, tables, folder)
    for count in (1e4, 1e5, 1e6, 4e6) if SCALE >= 1 else (1e4, 1e5, 1e6):
        _growth_with_pixels(counts, predictor, tables, count)
    for channels in (512, 1024, 2048, 4096):
        _growth_with_channels(predictor, tables, channels)
    if torch.cuda.is_available():
        _on_a_gpu(counts, predictor, tables)
    else:
        print("maps: there is no CUDA device, so the rows of the GPU are missing")


def forget_axis() -> None:
    """Clear the cached energy axis, as for a new scan."""
    fitted_axis.cache_clear()


def _beside_pymca(counts: np.ndarray, predictor: Predictor, tables: Tables, folder: Path) -> None:
    cube = cube_of(counts)
    plan = plan_elements(cube, THIRTY)
    peer = PyMcaFit(folder, cube.energies)
    reference = "PyMca's FastXRFLinearFit, SNIP, 16 families"
    works: dict[str, Callable[[], object]] = {
        reference: lambda: peer(counts),
        "pigment maps": lambda: (forget_axis(), map_pigments(cube, predictor=predictor)),
        "element maps, 30 families, survey included": lambda: (
            forget_axis(),
            map_elements(cube, THIRTY),
        ),
        "element maps, 30 families, the fit alone": lambda: deque(
            iter_element_tiles(cube, plan=plan), maxlen=0
        ),
        "cube.astype(float32).sum()": lambda: counts.astype(np.float32).sum(),
    }
    seconds = in_turns(works, TURNS)
    n = ROWS * COLUMNS
    title = (
        f"Pixels per second, {n} pixels of {CHANNELS} channels, {torch.get_num_threads()} threads"
    )
    for name, found in seconds.items():
        ratios = [base / one for one, base in zip(found, seconds[reference], strict=True)]
        target = "ratio 30, better 80" if "maps" in name else ""
        tables.add(title, name, [n / one for one in found], "/s", ratios=ratios, target=target)
    single_pass = seconds["cube.astype(float32).sum()"]
    for name in ("pigment maps", "element maps, 30 families, the fit alone"):
        shares = [base / one for one, base in zip(seconds[name], single_pass, strict=True)]
        tables.add(f"{title}: share of astype(float32).sum()", name, shares, "", target="1/3")


def _growth_with_pixels(
    counts: np.ndarray, predictor: Predictor, tables: Tables, count: float
) -> None:
    # The same block over and over takes no memory, and is read like a block of a file.
    part = counts[:50, :200]
    block = da.from_array(part, chunks=part.shape)
    cube = cube_of(da.concatenate([block] * round(count / 1e4), axis=0))
    n = cube.shape[0] * cube.shape[1]
    plan = plan_elements(cube_of(part), THIRTY)
    title = "Growth with pixels: us per pixel (2048 channels)"
    for name, seconds in _times(cube, plan, predictor).items():
        tables.add(title, f"{name}, {n:,} pixels", 1e6 * seconds / n, "us")


def _growth_with_channels(predictor: Predictor, tables: Tables, channels: int) -> None:
    cube = cube_of(pixels(32, 128, channels, GAIN_KEV * CHANNELS / channels))
    plan = plan_elements(cube, ["Ca K", "Fe K", "Cu K", "Pb L"])
    _times(cube, plan, predictor)
    turns = [_times(cube, plan, predictor) for _ in range(3)]
    for name in turns[0]:
        values = [1e6 * turn[name] / (32 * 128) for turn in turns]
        tables.add(
            "Growth with channels: us per pixel", f"{name}, {channels} channels", values, "us"
        )


def _times(cube: XRFCube, plan: ElementPlan, predictor: Predictor) -> dict[str, float]:
    return {
        "element maps": timed(lambda: deque(iter_element_tiles(cube, plan=plan), maxlen=0)),
        "pigment maps": timed(
            lambda: deque(iter_pigment_tiles(cube, predictor=predictor), maxlen=0)
        ),
    }


def _on_a_gpu(counts: np.ndarray, predictor: Predictor, tables: Tables) -> None:
    cube, gpu = cube_of(counts), Predictor("cuda")
    works: dict[str, Callable[[], object]] = {
        "pigment maps, processor": lambda: map_pigments(cube, predictor=predictor),
        f"pigment maps, {torch.cuda.get_device_name()}": lambda: map_pigments(cube, predictor=gpu),
    }
    tables.side_by_side("Pigment maps on a GPU", works, turns=TURNS)
    known = Acquisition(anode="Rh", tube_kv=45.0)
    spectra = counts.reshape(-1, CHANNELS)[:1024]
    one, other = (
        np.asarray(network.bind(cube.energies, known)(spectra).probability)
        for network in (predictor, gpu)
    )
    tables.add("Pigment maps on a GPU", "largest difference", float(np.abs(one - other).max()), "")
