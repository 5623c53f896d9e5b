"""An endless, reproducible stream of encoded training spectra."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ..cube import Acquisition
from ..network.encoding import SUPPORT_INPUTS, encode
from ..network.outputs import targets
from ..simulation.instruments import random_excitation, random_readout
from ..simulation.materials import ELEMENTS
from ..simulation.spectra import Measured, emit, measure, random_counts
from ..simulation.stratigraphy_batch import StackPool, random_pool

#: Share of the spectra whose support is an input.
_SUPPORT_NAMED = 0.25


@dataclass(frozen=True)
class StreamPosition:
    """Position of a chunk in its stream, from which the stream can be resumed.

    Parameters
    ----------
    numbers : dict
        State of the generator of everything but the noise before the chunk's sections were drawn.
    noise : bytes
        State of the generator of the counting noise at that time.
    beam : int
        Index of the chunk's beam among the beams of those sections.
    """

    numbers: dict[str, Any]
    noise: bytes
    beam: int


@dataclass(frozen=True)
class Chunk:
    """Encoded spectra and their training targets.

    Parameters
    ----------
    encoded : Tensor, shape (spectrum, input), float16
        See :mod:`napari_xrf_pigments.network.encoding`.
    targets : Tensor, shape (spectrum, output), int8
        See :func:`napari_xrf_pigments.network.outputs.targets`.
    position : StreamPosition, optional
        Position in the stream.
    """

    encoded: torch.Tensor
    targets: torch.Tensor
    position: StreamPosition | None = None


@dataclass(frozen=True)
class StreamSettings:
    """Distribution of the spectra of a stream.

    Parameters
    ----------
    absent_sigma : float
        A pigment of lower significance counts as absent.
    traces : float
        Factor on the chance of impurities.
    wear : float
        Chance of a worn instrument.
    contaminated : float
        Chance of a support with foreign elements.
    secondary : float
        Chance that secondary excitation is simulated for a beam.
    eras : float
        Chance that the pigments of a painting were in use at the same time.
    readouts : int
        Detectors per beam.
    swatches : float
        Share of reference samples (powders, swatches on card) instead of paintings.
    """

    absent_sigma: float = 0.0
    traces: float = 1.0
    wear: float = 0.3
    contaminated: float = 0.4
    secondary: float = 0.0
    eras: float = 0.0
    readouts: int = 2
    swatches: float = 0.0


def known_settings(measured: Measured, rng: np.random.Generator) -> Acquisition:
    """Draw the settings of a simulated instrument that a user would know."""
    excitation, readout = measured.excitation, measured.readout
    geometry = excitation.geometry
    chance = rng.random(4)
    return Acquisition(
        anode=excitation.anode if chance[0] > 0.25 else None,
        tube_kv=excitation.tube_kv if chance[0] > 0.25 and chance[1] > 0.35 else None,
        filter=excitation.filters if chance[2] > 0.65 else None,
        atmosphere=readout.atmosphere if chance[2] > 0.5 else None,  # type: ignore[arg-type]
        incidence_deg=geometry.incidence_deg if chance[3] > 0.65 else None,
        takeoff_deg=geometry.takeoff_deg if chance[3] > 0.65 else None,
    )


def training_stream(
    seed: int | tuple[int, ...],
    settings: StreamSettings | None = None,
    *,
    sections: int = 1024,
    beams: int = 2,
    position: StreamPosition | None = None,
) -> Iterator[Chunk]:
    """Generate chunks of spectra of one beam and several detectors.

    A chunk has ``sections * settings.readouts`` spectra.

    Parameters
    ----------
    seed : int or tuple of int
        The same seed gives the same stream.
    settings : StreamSettings, optional
        Distribution of the spectra.
    sections : int
        New sections drawn for every `beams` beams.
    beams : int
        Beams for the same sections.
    position : StreamPosition, optional
        Position of the first chunk; by default the start of the stream.

    Yields
    ------
    Chunk
    """
    used = settings or StreamSettings()
    rng = np.random.default_rng(seed)
    noise = torch.Generator().manual_seed(int(rng.integers(2**62)))
    first = 0
    if position is not None:
        rng.bit_generator.state = position.numbers
        noise.set_state(torch.frombuffer(bytearray(position.noise), dtype=torch.uint8))
        first = position.beam
    while True:
        state = dict(rng.bit_generator.state), noise.get_state().numpy().tobytes()
        pool = random_pool(
            rng, sections, ELEMENTS, used.traces, used.contaminated, used.eras, used.swatches
        )
        for beam in range(beams):
            chunk = _one_beam(pool, rng, noise, used)
            if beam >= first:
                yield replace(chunk, position=StreamPosition(*state, beam))
        first = 0


def _enter_supports(encoded: torch.Tensor, support: torch.Tensor, rng: np.random.Generator) -> None:
    """Enter the supports of a quarter of the spectra, as if the user had named them."""
    named = torch.from_numpy(rng.random(len(encoded)) < _SUPPORT_NAMED) & (support >= 0)
    encoded[named, SUPPORT_INPUTS.start + support[named]] = 1.0


def _one_beam(
    pool: StackPool,
    rng: np.random.Generator,
    noise: torch.Generator,
    settings: StreamSettings,
) -> Chunk:
    excitation = random_excitation(rng)
    # A chance of 0 or 1 draws no number, so that the rest of the stream stays the same.
    secondary = settings.secondary >= 1 or (
        settings.secondary > 0 and rng.random() < settings.secondary
    )
    emission = emit(pool, excitation, rng, secondary=secondary)
    encoded, wanted = [], []
    for _ in range(settings.readouts):
        readout = random_readout(rng, excitation.tube_kv, settings.wear)
        measured = measure(emission, readout, random_counts(rng, len(pool)), noise)
        # Each quarter of the batch has other known settings of the instrument.
        for part in torch.arange(len(pool)).chunk(4):
            known = known_settings(measured, rng)
            spectra = encode(measured.counts[part], measured.energies, known)
            _enter_supports(spectra, pool.support[part], rng)
            encoded.append(spectra.half())
        wanted.append(targets(measured, settings.absent_sigma))
    return Chunk(torch.cat(encoded), torch.cat(wanted))
