"""Simulation of the independent test sets: fisx, Ebel's tube, another detector, other paintings.

The simulator that trains the network shares the format of the table of pigments, not the table.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from napari_xrf_pigments._typing import FloatArray, IntArray

from .._cache import VERSION, load_stack
from .catalogue import set_groups, set_pigments
from .detector_response import Response, draw_response, render, true_edges
from .fisx_emission import AIR, Emission
from .instruments import INSTRUMENTS, TestInstrument
from .labels import Label, Window, diagnostic_families, label_spectrum, window_share
from .stratigraphy import Strata
from .truth import TestSet, Truth

#: Stacks of the standard sets, and spectra per stack.
STACKS = {"A": 400, "B": 400, "C": 400, "D": 600}
DRAWS = 4
COUNTS = (300.0, 60_000.0)


def make_set(
    name: str,
    *,
    stacks: int | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    secondary: int = 0,
    counts: tuple[float, float] = COUNTS,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TestSet:
    """Simulate one of the independent sets.

    Parameters
    ----------
    name : {"A", "B", "C", "D"}
        The instrument.
    stacks : int or None
        Number of stacks; None for `STACKS`.
    draws : int
        Spectra per stack, each with its own detector, counts and noise.
    seed : int
        The same seed gives the same set.
    secondary : {0, 1, 2}
        Secondary excitation: none, within layers, between layers too.
    counts : tuple of float
        Range of the counts of a spectrum, drawn log-uniformly.
    cache : Path or None
        Folder of the emissions of the stacks; None for the default.
    progress : callable or None
        Called with (stacks done, stacks in all).

    Raises
    ------
    ImportError
        If fisx or PyMca is not installed.
    """
    instrument = INSTRUMENTS[name]
    n = STACKS[name] if stacks is None else stacks
    spectra, labels, totals = [], [], []
    for index in range(n):
        strata, emission = load_stack(name, index, seed=seed, secondary=secondary, cache=cache)
        for draw in range(draws):
            rng = np.random.default_rng([seed, ord(name), index, draw])
            response = draw_response(rng, instrument)
            total = float(np.exp(rng.uniform(*np.log(counts))))
            mean, own = measure(strata, emission, instrument, response, total)
            spectra.append(rng.poisson(mean).astype(np.uint32))
            labels.append(own)
            totals.append(total)
        if progress is not None:
            progress(index + 1, n)
    made_by = {
        "set": name, "stacks": n, "draws": draws, "seed": seed, "secondary": secondary,
        "version": VERSION,
    }  # fmt: skip
    truth = _truth(labels, np.array(totals), np.repeat(np.arange(n), draws))
    table = np.array(spectra, dtype=np.uint32)
    return TestSet(name, table, instrument.energies, instrument.acquisition, truth, made_by)


def measure(
    strata: Strata,
    emission: Emission,
    instrument: TestInstrument,
    response: Response,
    total: float,
) -> tuple[FloatArray, Label]:
    """Compute the expected spectrum of a stack, counts of shape (channel,), and its labels."""
    rate = emission.line_rate * response.efficiency(emission.line_kev)
    rate = np.where(emission.line_layer == AIR, rate * response.air_view_mm, rate)
    scatter = emission.scatter_rate * response.scatter * response.efficiency(emission.scatter_kev)
    broad = (emission.scatter_kev, scatter, emission.scatter_width_kev)
    shape, peak = render(response, instrument, (emission.line_kev, rate), broad)
    mean, counts = shape * total, rate * peak * total
    windows = _windows(len(strata.layers), emission, counts, instrument, response, mean)
    return mean, label_spectrum(strata, windows, instrument.anode)


def _windows(
    n_layers: int,
    emission: Emission,
    counts: FloatArray,
    instrument: TestInstrument,
    response: Response,
    mean: FloatArray,
) -> dict[str, Window]:
    edges = true_edges(response, instrument)
    cumulative = np.concatenate([[0.0], np.cumsum(mean)])
    families = np.array(emission.line_family)
    windows = {}
    for family in diagnostic_families():
        rows = np.flatnonzero(families == family)
        if not rows.size:
            continue
        kev = emission.line_kev[rows]
        main = kev[np.argmax(counts[rows])]
        half = 2.3548 * float(response.sigma_kev(np.array([main]))[0])
        low, high = main - half, main + half
        if high > edges[-1] or low < response.threshold_kev:
            continue
        inside = counts[rows] * window_share(kev, response.sigma_kev(kev), low, high)
        layer = emission.line_layer[rows]
        by_layer = np.bincount(layer[layer >= 0], inside[layer >= 0], n_layers).astype(np.float64)
        other = float(inside[layer == AIR].sum())
        for e, part in response.lines:
            width = response.sigma_kev(np.array([e]))
            other += part * mean.sum() * float(window_share(np.array([e]), width, low, high)[0])
        total = float(np.diff(np.interp([low, high], edges, cumulative))[0])
        windows[family] = Window(by_layer, other, total)
    return windows


def _truth(labels: list[Label], totals: FloatArray, stacks: IntArray) -> Truth:
    entries = set_pigments()
    groups = tuple(set_groups())

    def column(key: str, kind: type) -> Any:
        return np.array([getattr(entry, key) for entry in labels]).astype(kind)

    real = {key: column(key, np.float32) for key in ("sigma", "cover_um", "weight")}
    return Truth(
        names=tuple(entry.id for entry in entries),
        groups=groups,
        member=np.array([groups.index(entry.group) for entry in entries]),
        where=column("where", np.uint8),
        shared=column("shared", np.bool_),
        blind=column("blind", np.bool_),
        counts=totals.astype(np.float32),
        stack=stacks,
        **real,
    )
