"""An endless, reproducible stream of encoded training spectra."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ..cube import Acquisition
from ..network.encoding import encode
from ..network.outputs import targets
from ..simulation.instruments import random_excitation, random_readout
from ..simulation.materials import ELEMENTS
from ..simulation.spectra import Measured, emit, measure, random_counts
from ..simulation.stratigraphy_batch import StackPool, random_pool


@dataclass(frozen=True)
class Place:
    """Where in its stream a chunk stands, so that a stream can begin there.

    Parameters
    ----------
    numbers : dict
        State of the generator of all but the noise before the chunk's sections were drawn.
    noise : bytes
        State of the generator of the counting noise at that time.
    beam : int
        Which of the beams of those sections the chunk is from.
    """

    numbers: dict[str, Any]
    noise: bytes
    beam: int


@dataclass(frozen=True)
class Chunk:
    """Encoded spectra and their answers.

    Parameters
    ----------
    encoded : Tensor, shape (spectrum, input), float16
        See :mod:`.encoding`.
    answers : Tensor, shape (spectrum, output), int8
        See :mod:`.labels`.
    place : Place, optional
        Where in its stream it stands.
    """

    encoded: torch.Tensor
    answers: torch.Tensor
    place: Place | None = None


@dataclass(frozen=True)
class Draws:
    """How harsh a stream is.

    Parameters
    ----------
    absent_sigma : float
        A pigment that stands less than this over the noise counts as absent.
    traces : float
        Factor on the chance of impurities.
    wear : float
        Chance of a tired instrument.
    contaminated : float
        Chance of a support with foreign elements.
    secondary : float
        Chance that secondary excitation is simulated for a beam.
    eras : float
        Chance that the pigments of a painting were in use at the same time.
    readouts : int
        Detectors for each beam.
    """

    absent_sigma: float = 0.0
    traces: float = 1.0
    wear: float = 0.3
    contaminated: float = 0.4
    secondary: float = 0.0
    eras: float = 0.0
    readouts: int = 2


def known_settings(measured: Measured, rng: np.random.Generator) -> Acquisition:
    """What a user would know of an instrument: a random part of the truth."""
    excitation, readout = measured.excitation, measured.readout
    geometry = excitation.geometry
    told = rng.random(4)
    return Acquisition(
        anode=excitation.anode if told[0] > 0.25 else None,
        tube_kv=excitation.tube_kv if told[0] > 0.25 and told[1] > 0.35 else None,
        filter=excitation.filters if told[2] > 0.65 else None,
        atmosphere=readout.atmosphere if told[2] > 0.5 else None,  # type: ignore[arg-type]
        incidence_deg=geometry.incidence_deg if told[3] > 0.65 else None,
        takeoff_deg=geometry.takeoff_deg if told[3] > 0.65 else None,
    )


def training_stream(
    seed: int | tuple[int, ...],
    draws: Draws | None = None,
    *,
    sections: int = 1024,
    beams: int = 2,
    readouts: int | None = None,
    place: Place | None = None,
) -> Iterator[Chunk]:
    """Chunks of ``sections * readouts`` spectra of one beam and several detectors.

    Parameters
    ----------
    seed : int or tuple of int
        The same seed gives the same stream.
    draws : Draws, optional
        How harsh the stream is.
    sections : int
        New sections drawn for every `beams` beams.
    beams : int
        Beams for the same sections.
    readouts : int, optional
        Detectors for each beam; by default as many as `draws` says.
    place : Place, optional
        The chunk of this stream to begin with; by default the first.
    """
    how = draws or Draws()
    if readouts is not None:
        how = replace(how, readouts=readouts)
    rng = np.random.default_rng(seed)
    noise = torch.Generator().manual_seed(int(rng.integers(2**62)))
    first = 0
    if place is not None:
        rng.bit_generator.state = place.numbers
        noise.set_state(torch.frombuffer(bytearray(place.noise), dtype=torch.uint8))
        first = place.beam
    while True:
        state = dict(rng.bit_generator.state), noise.get_state().numpy().tobytes()
        pool = random_pool(rng, sections, ELEMENTS, how.traces, how.contaminated, how.eras)
        for beam in range(beams):
            chunk = _one_beam(pool, rng, noise, how)
            if beam >= first:
                yield replace(chunk, place=Place(*state, beam))
        first = 0


def _one_beam(
    pool: StackPool,
    rng: np.random.Generator,
    noise: torch.Generator,
    draws: Draws,
) -> Chunk:
    excitation = random_excitation(rng)
    # A chance of 0 or 1 draws nothing, so that the rest of the stream stays the same.
    secondary = draws.secondary >= 1 or (draws.secondary > 0 and rng.random() < draws.secondary)
    emission = emit(pool, excitation, rng, secondary=secondary)
    encoded, answers = [], []
    for _ in range(draws.readouts):
        readout = random_readout(rng, excitation.tube_kv, draws.wear)
        measured = measure(emission, readout, random_counts(rng, len(pool)), noise)
        # Parts of the batch know different things of the instrument.
        for part in torch.arange(len(pool)).chunk(4):
            known = known_settings(measured, rng)
            encoded.append(encode(measured.counts[part], measured.energies, known).half())
        answers.append(targets(measured, draws.absent_sigma))
    return Chunk(torch.cat(encoded), torch.cat(answers))
