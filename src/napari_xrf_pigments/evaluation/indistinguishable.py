"""Could anybody have told? Paints without a group that give the spectrum of a paint with it.

A network misses a group where its elements are weak, or where something else brings them. To see
which misses are the network's own, the very spectrum is fitted twice by the simulation that made
it, with an ideal instrument that is known in full: by paints that may hold the group, and by
paints that hold none of it but pigments with the same elements, the usual impurities, and foreign
elements in the support. Where both fit alike, nothing in the spectrum tells them apart; what is
left is how often either is painted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from .._parallel import on_one_thread
from .._typing import FloatArray, IntArray
from ..cube import Acquisition, EnergyAxis
from ..inversion.alternatives import choice
from ..inversion.fit import Instrument, best_paints, log_likelihood
from ..physics.detector import DetectorModel
from ..physics.layered_samples import Geometry
from ..physics.tube import tube_beam
from ..pigments.catalogue import pigment_catalogue
from ..simulation.instruments import Excitation, Readout
from ..simulation.materials import ELEMENTS
from ..simulation.spectra import emit, measure
from ..simulation.stratigraphy import Stratigraphy, random_stratigraphy
from ..simulation.stratigraphy_batch import StackPool, pool_of

#: A group counts as seen from so many sigma of its weakest diagnostic element on.
SEEN_SIGMA = 5.0
#: Of two explanations, so much in the logarithm of the likelihood is what noise alone does.
ALIKE = 3.0
_COUNTS = (3_000.0, 60_000.0)
_STEPS = 600
_TRACES, _CONTAMINATED = 0.5, 0.3
_GROUPS_AT_ONCE = 64

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Imitation:
    """A group in a spectrum, and how much better paints with it fit than paints without.

    Parameters
    ----------
    group : str
        Ambiguity group.
    probability : float
        What the network says of it.
    sigma : float
        Weakest diagnostic element over the noise.
    ratio : float
        Logarithm of the likelihood ratio of the best paints with and without the group.
    """

    group: str
    probability: float
    sigma: float
    ratio: float


@dataclass(frozen=True)
class Pixels:
    """Simulated spectra of one ideal instrument, and what is in them.

    Parameters
    ----------
    sections : tuple of Stratigraphy
        Layers of each pixel.
    pool : StackPool
        The same as tensors.
    counts : Tensor, shape (spectrum, channel)
        Counts.
    groups : tuple of str
        Ambiguity groups.
    sigma : ndarray, shape (spectrum, group)
        Weakest diagnostic element over the noise; 0 where no pigment of the group is there.
    """

    sections: tuple[Stratigraphy, ...]
    pool: StackPool
    counts: torch.Tensor
    groups: tuple[str, ...]
    sigma: FloatArray


def ideal_instrument() -> tuple[Excitation, Readout]:
    """Rh at 50 kV, 20 eV a channel, 140 eV, everything in order."""
    geometry = Geometry(90.0, 45.0)
    excitation = Excitation("Rh", 50.0, (), geometry, tube_beam("Rh", 50.0))
    return excitation, Readout(DetectorModel(140.0), "air", 10.0, 2200, 0.02, 0.0)


def known_instrument() -> tuple[EnergyAxis, Acquisition]:
    """What the network is told of it: all there is."""
    excitation, readout = ideal_instrument()
    axis = EnergyAxis(readout.n_channels, readout.gain_kev, readout.offset_kev)
    return axis, Acquisition(
        anode=excitation.anode,
        tube_kv=excitation.tube_kv,
        filter=excitation.filters,
        atmosphere=readout.atmosphere,  # type: ignore[arg-type]
        incidence_deg=excitation.geometry.incidence_deg,
        takeoff_deg=excitation.geometry.takeoff_deg,
    )


def random_pixels(groups: Sequence[str], count: int, seed: int = 0) -> Pixels:
    """Draw spectra of 3,000 to 60,000 counts of the paintings that the network learned from."""
    rng = np.random.default_rng(seed)
    sections = [random_stratigraphy(rng, _TRACES, _CONTAMINATED) for _ in range(count)]
    low, high = np.log10(_COUNTS)
    return pixels_of(sections, groups, 10 ** rng.uniform(low, high, count), seed)


def pixels_of(
    sections: Sequence[Stratigraphy], groups: Sequence[str], total: FloatArray, seed: int
) -> Pixels:
    """Spectra of sections, with so many counts each and the noise of a seed."""
    pool = pool_of(sections, ELEMENTS)
    excitation, readout = ideal_instrument()
    noise = torch.Generator().manual_seed(seed)
    expected = torch.as_tensor(total, dtype=torch.float32)
    measured = measure(emit(pool, excitation), readout, expected, noise)
    place = [groups.index(entry.group) for entry in pigment_catalogue()]
    sigma = np.zeros((len(sections), len(groups)))
    for pixel, occurrence in zip(*np.nonzero(pool.pigment.numpy() >= 0), strict=True):
        group = place[int(pool.pigment[pixel, occurrence])]
        own = float(measured.sigma[pixel, occurrence])
        sigma[pixel, group] = max(sigma[pixel, group], own)
    return Pixels(tuple(sections), pool, measured.counts, tuple(groups), sigma)


def imitations(
    predictor: Any,
    pixels: int = 300,
    found: int = 200,
    seed: int = 0,
    steps: int = _STEPS,
    progress: Progress | None = None,
) -> list[Imitation]:
    """Look for imitations of all groups that a network misses, and of some that it finds.

    Parameters
    ----------
    predictor : Predictor
        The network.
    pixels : int
        Simulated spectra.
    found : int
        Most groups that the network finds and that are looked at.
    seed : int
        Of the spectra.
    steps : int
        Steps of each fit.
    progress : callable, optional
        Called with groups done and groups in all.
    """
    drawn = random_pixels(predictor.groups, pixels, seed)
    axis, known = known_instrument()
    maps = predictor.bind(axis, known)(drawn.counts.numpy().astype(np.int64))
    says = np.asarray(maps.group_probability).T
    cases = np.argwhere(drawn.sigma >= SEEN_SIGMA)
    sees = says[tuple(cases.T)] >= 0.5
    some = np.random.default_rng(seed).permutation(np.flatnonzero(sees))[:found]
    cases = np.concatenate([cases[~sees], cases[np.sort(some)]])
    made: list[Imitation] = []
    for start in range(0, len(cases), _GROUPS_AT_ONCE):
        part = cases[start : start + _GROUPS_AT_ONCE]
        found_ratios = ratios(drawn, part, steps)
        for (pixel, group), ratio in zip(part.tolist(), found_ratios.tolist(), strict=True):
            sigma = float(drawn.sigma[pixel, group])
            made.append(Imitation(drawn.groups[group], float(says[pixel, group]), sigma, ratio))
        if progress is not None:
            progress(len(made), len(cases))
    return made


@on_one_thread()
def ratios(drawn: Pixels, cases: IntArray, steps: int = _STEPS) -> torch.Tensor:
    """How much better paints with a group fit than paints without it.

    Parameters
    ----------
    drawn : Pixels
        Spectra.
    cases : ndarray of int, shape (case, 2)
        Spectrum and group of each case.
    steps : int
        Steps of each fit.

    Returns
    -------
    Tensor, shape (case,)
        Logarithms of the ratios of the likelihoods, none negative.
    """
    instrument = _instrument()
    pixels = torch.from_numpy(cases[:, 0])
    stacks, counts = drawn.pool.take(pixels).stacks, drawn.counts[pixels]
    depth = stacks.mass_thickness.shape[1]

    def best(without: bool) -> torch.Tensor:
        choices = [
            choice(drawn.sections[pixel], drawn.groups[group], without=without, depth=depth)
            for pixel, group in cases.tolist()
        ]
        return best_paints(counts, choices, stacks.mass_thickness, instrument, steps).log_likelihood

    with torch.no_grad():
        truth = log_likelihood(counts, instrument(stacks.fractions, stacks.mass_thickness))
    without = best(True)
    # What may hold the group may also hold none of it.
    return torch.maximum(torch.maximum(best(False), truth), without) - without


@lru_cache(maxsize=1)
def _instrument() -> Instrument:
    return Instrument(*ideal_instrument())


def imitation_table(made: Sequence[Imitation]) -> str:
    """How many of the groups are imitated, as a table: those missed, and those found."""
    lines = [
        "| groups over 5 sigma | number | ratio under 1 | under 3 | under 10 |",
        "|---|---|---|---|---|",
    ]
    for name, missed in (("missed by the network", True), ("found by it", False)):
        values = np.array([one.ratio for one in made if (one.probability < 0.5) == missed])
        if values.size:
            shares = " | ".join(f"{100 * (values < most).mean():.0f}%" for most in (1, ALIKE, 10))
            lines.append(f"| {name} | {values.size} | {shares} |")
    return "\n".join(lines)
