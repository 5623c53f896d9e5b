"""What each step of a map costs one core: processor time, so that other programs matter little."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from napari_xrf_pigments import XRFCube
from napari_xrf_pigments._parallel import on_threads
from napari_xrf_pigments.cube import Acquisition
from napari_xrf_pigments.fitting.unexplained import unexplained_share
from napari_xrf_pigments.fitting.unexplained_screening import SMALL, screening
from napari_xrf_pigments.mapping.elements import plan_elements
from napari_xrf_pigments.mapping.survey import families_in, fit_conditions, survey
from napari_xrf_pigments.network import Predictor
from napari_xrf_pigments.network._preprocess import Preprocessor, SpectrumStats
from napari_xrf_pigments.network.eight_bit import EightBitNetwork, can_use_8_bits
from napari_xrf_pigments.network.encoding import (
    BLOCK,
    GRID_EDGES_KEV,
    LOG_COUNTS_AT_ZERO,
    N_BINS,
    N_INPUTS,
    STEPS_PER_DECADE,
    STEPS_PER_ROOT,
    rebinner,
)
from napari_xrf_pigments.network.predict import BATCH

from ._scans import cube_of, pixels
from ._tables import Tables
from .maps import THIRTY, forget_axis

ROWS, COLUMNS, TURNS = 16, 256, 5
N = ROWS * COLUMNS


def run(tables: Tables, folder: Path) -> None:
    """Measure each step on one core."""
    before, threads = os.environ.get("OMP_NUM_THREADS"), torch.get_num_threads()
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    try:
        with on_threads(1):  # the linear algebra of numpy, too
            for channels in (1024, 2048, 4096):
                _pigments(tables, channels)
            _elements(tables)
    finally:
        torch.set_num_threads(threads)
        os.environ.pop("OMP_NUM_THREADS")
        if before is not None:
            os.environ["OMP_NUM_THREADS"] = before


def costs(work: Callable[[], object], spectra: int) -> list[float]:
    """Microseconds of processor time a spectrum, in turns after one that does not count."""
    work()
    found = []
    for _ in range(TURNS):
        start = time.process_time()
        work()
        found.append(1e6 * (time.process_time() - start) / spectra)
    return found


def _pigments(tables: Tables, channels: int) -> None:
    cube = cube_of(pixels(ROWS, COLUMNS, channels, 40.96 / channels))
    counts = np.asarray(cube.counts).reshape(N, channels)
    axis, known = cube.energies, Acquisition(anode="Rh", tube_kv=45.0)
    rebin, screen = rebinner(axis, GRID_EDGES_KEV), screening(axis.kev, GRID_EDGES_KEV, known)
    assert screen is not None
    preprocess, scratch = Preprocessor(axis, known), rebin.scratch()
    starts = range(0, N, BLOCK)
    bins = np.concatenate([rebin(counts[i : i + BLOCK], scratch)[1].copy() for i in starts])
    encoded, stats = (
        np.empty((N, N_INPUTS), np.float32),
        SpectrumStats.zeros(N, len(preprocess.families)),
    )

    def spread(work: Callable[[slice], None], parts: list[slice]) -> None:
        for part in parts:
            work(part)

    def encode() -> None:
        for start in range(0, N, BATCH):
            part = slice(start, start + BATCH)
            preprocess(counts[part], encoded[part], stats[part], spread)

    title = f"Costs of one core: us per spectrum of {channels} channels"
    works: dict[str, Callable[[], object]] = {
        "counts on the grid": lambda: [rebin(counts[i : i + BLOCK], scratch) for i in starts],
        "screening for the unexplained": lambda: [screen(bins[i : i + BLOCK]) for i in starts],
        "from counts to the network's input, with both": encode,
        "full search for the unexplained": lambda: unexplained_share(counts[:512], axis, known),
    }
    for name, work in works.items():
        tables.add(title, name, costs(work, 512 if "full" in name else N), "us")
    suspect = 100 * (stats.unexplained >= SMALL).mean()
    tables.add(title, "spectra that need the full search", suspect, "%")
    if channels == 2048:
        _network(encoded, tables, title)
        predict = Predictor("cpu").bind(axis, known)
        tables.add(title, "pigments: all of it", costs(lambda: predict(counts), N), "us")


def _network(encoded: np.ndarray, tables: Tables, title: str) -> None:
    network = Predictor("cpu")
    weights = sum(weight.numel() for weight in network.net.parameters()) / 1e6
    inputs = torch.from_numpy(encoded).split(BATCH)

    @torch.inference_mode()
    def run() -> None:
        for part in inputs:
            network.net(part)

    def run_bf16() -> None:
        with torch.autocast("cpu", torch.bfloat16):
            run()

    name = f"the network ({weights:.2g} million weights)"
    tables.add(title, f"{name}, single precision", costs(run, N), "us")
    if can_use_8_bits(network.net):
        eight = EightBitNetwork(network.net)
        roots, total = encoded[:, :N_BINS] * STEPS_PER_ROOT, encoded[:, N_BINS : N_BINS + 1]
        total = (total + LOG_COUNTS_AT_ZERO) * STEPS_PER_DECADE
        steps = np.rint(np.hstack([roots, total])).astype(np.uint8)
        bias = eight.instrument_bias(encoded[0, N_BINS + 1 :])

        def run_8_bits() -> None:
            for start in range(0, N, BLOCK):
                eight(steps[start : start + BLOCK], bias)

        tables.add(title, f"{name}, 8 bits", costs(run_8_bits, N), "us")
    tables.add(title, f"{name}, bf16 (off)", costs(run_bf16, N), "us")


def _elements(tables: Tables) -> None:
    cube = cube_of(pixels(ROWS, COLUMNS, 2048))
    title = "Costs of one core: elements"
    stats = survey(cube)
    conditions = fit_conditions(cube, stats)
    plan = plan_elements(cube, THIRTY)
    counts = np.asarray(cube.counts).reshape(N, -1)
    tables.add(title, "us per spectrum: survey", costs(lambda: survey(cube), N), "us")
    tables.add(
        title, "us per spectrum: fit of 30 families", costs(lambda: plan.fit(counts), N), "us"
    )
    once: dict[str, Callable[[], object]] = {
        "once a scan: anode and resolution": lambda: fit_conditions(fresh(cube), stats),
        "once a scan: search for elements": lambda: families_in(cube, stats, conditions),
    }
    for name, work in once.items():
        tables.add(title, name, [cost / 1e3 for cost in costs(work, 1)], "ms")


def fresh(cube: XRFCube) -> XRFCube:
    """Return the same scan without cached results."""
    forget_axis()
    return cube_of(np.asarray(cube.counts))
