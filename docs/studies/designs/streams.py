"""Training spectra with one thing of the simulation left out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from napari_xrf_pigments.network import outputs as labels
from napari_xrf_pigments.network.encoding import N_BINS
from napari_xrf_pigments.simulation.stratigraphy import random_stratigraphy
from napari_xrf_pigments.simulation.stratigraphy_batch import pool_of
from napari_xrf_pigments.training import spectra_stream as stream

#: As in the last part of the released training.
FULL = stream.StreamSettings(
    absent_sigma=2.5, traces=0.5, wear=0.2, contaminated=0.3, eras=0.5, secondary=0.3, readouts=4
)
#: Inputs that tell of anode, voltage, filter, atmosphere and angles.
SETTINGS = slice(N_BINS + 3, None)
#: What each row of the table leaves out.
LEFT_OUT = {
    "": "nothing",
    "conditioning": "the known settings of the instrument",
    "secondary": "secondary excitation",
    "scatter": "scatter",
    "pile-up": "pile-up",
    "instruments": "breadth of instruments: Rh at 45 kV without a filter, in good condition",
    "compositions": "breadth of compositions: no impurities, no foreign elements",
    "layers": "layers: one paint alone",
    "masking": "masking: every pigment in the paint counts as present, detectable or not",
}


def chunks(left_out: str, seed: int, count: int, sections: int = 512) -> Iterator[stream.Chunk]:
    """So many chunks of training spectra, four a section, without one of :data:`LEFT_OUT`."""
    draws = {
        "secondary": replace(FULL, secondary=0.0),
        "compositions": replace(FULL, traces=0.0, contaminated=0.0),
        "instruments": replace(FULL, wear=0.0),
    }.get(left_out, FULL)
    with _without(left_out):
        yield from islice(stream.training_stream(seed, draws, sections=sections), count)


def seen(encoded: torch.Tensor, left_out: str) -> torch.Tensor:
    """Return the input without the parts left out."""
    if left_out == "conditioning":
        encoded = encoded.clone()
        encoded[:, SETTINGS] = 0
    return encoded


@contextmanager
def _without(left_out: str) -> Iterator[None]:
    with ExitStack() as patches:
        for where, name, value in _patches(left_out):
            patches.enter_context(patch.object(where, name, value))
        yield


def _patches(left_out: str) -> list[tuple[Any, str, Any]]:
    readout, excitation = stream.random_readout, stream.random_excitation
    if left_out == "scatter":
        return [(stream, "random_readout", _changed(readout, scatter_factor=0.0))]
    if left_out == "pile-up":
        return [(stream, "random_readout", _changed(readout, pile_up=0.0))]
    if left_out == "layers":
        return [(stream, "random_pool", _one_paint)]
    if left_out == "masking":
        return [(labels, "VISIBLE_SIGMA", 0.0)]
    if left_out == "instruments":

        def rhodium(rng: np.random.Generator) -> Any:
            while True:
                found = excitation(rng)
                if (found.anode, found.tube_kv, found.filters) == ("Rh", 45.0, ()):
                    return found

        return [(stream, "random_excitation", rhodium)]
    return []


def _changed(readout: Any, **values: float) -> Any:
    def draw(*arguments: Any) -> Any:
        return replace(readout(*arguments), **values)

    return draw


def _one_paint(
    rng: np.random.Generator,
    count: int,
    z: tuple[int, ...],
    traces: float,
    contaminated: float,
    eras: float,
) -> Any:
    sections = []
    for _ in range(count):
        section = random_stratigraphy(rng, traces, contaminated, eras)
        paints = [layer for layer in section if layer.role == "paint"]
        base = [layer for layer in section if layer.role == "support"]
        sections.append((paints[0], *base))
    return pool_of(sections, z)
