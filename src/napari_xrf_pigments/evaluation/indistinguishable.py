"""Study of missed groups: whether paint without a group gives the spectrum of paint with it.

A network misses a group of pigments where its elements are weak, or where other materials bring
them. To separate the network's own misses from those, each spectrum is fitted twice with the
forward model that simulated it, for an ideal and fully known instrument: by paint that may hold
the group, and by paint without it but with pigments of the same elements, common impurities and
foreign elements in the support. Where both fit equally well, the spectrum cannot distinguish them,
and only the frequency of each paint decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from .._typing import FloatArray
from ..cube import Acquisition, EnergyAxis
from ..inversion.fit import log_likelihood_ratios
from ..inversion.model import ForwardModel
from ..physics.detector import DetectorModel
from ..physics.layered_samples import Geometry
from ..physics.tube import tube_beam
from ..pigments.catalogue import pigment_catalogue
from ..simulation.instruments import Excitation, Readout
from ..simulation.materials import ELEMENTS
from ..simulation.spectra import emit, measure
from ..simulation.stratigraphy import Stratigraphy, random_stratigraphy
from ..simulation.stratigraphy_batch import StackPool, pool_of

#: Significance of the weakest diagnostic element from which a group counts as detectable.
DETECTABLE_SIGMA = 5.0
#: Log likelihood ratio that noise alone causes.
NOISE_RATIO = 3.0
_COUNTS = (3_000.0, 60_000.0)
_STEPS = 600
_TRACES, _CONTAMINATED = 0.5, 0.3
_BATCH = 64

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class GroupRatio:
    """Comparison of fits with and without a group for one spectrum.

    Parameters
    ----------
    group : str
        Ambiguity group that is present.
    probability : float
        Probability of the network, 0-1.
    sigma : float
        Significance of the weakest diagnostic element.
    ratio : float
        Log likelihood ratio of the best paint with and without the group, nats.
    """

    group: str
    probability: float
    sigma: float
    ratio: float


@dataclass(frozen=True)
class SimulatedPixels:
    """Simulated spectra of one ideal instrument with their layers.

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
        Significance of the weakest diagnostic element; 0 where no pigment of the group is present.
    """

    sections: tuple[Stratigraphy, ...]
    pool: StackPool
    counts: torch.Tensor
    groups: tuple[str, ...]
    sigma: FloatArray


def ideal_instrument() -> tuple[Excitation, Readout]:
    """Make an Rh tube at 50 kV and a detector of 140 eV and 20 eV per channel without artefacts."""
    geometry = Geometry(90.0, 45.0)
    excitation = Excitation("Rh", 50.0, (), geometry, tube_beam("Rh", 50.0))
    return excitation, Readout(DetectorModel(140.0), "air", 10.0, 2200, 0.02, 0.0)


def known_instrument() -> tuple[EnergyAxis, Acquisition]:
    """Describe the ideal instrument to the network, with all its settings."""
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


def draw_pixels(groups: Sequence[str], count: int, seed: int = 0) -> SimulatedPixels:
    """Draw paintings as in training and simulate spectra of 3,000 to 60,000 counts."""
    rng = np.random.default_rng(seed)
    sections = [random_stratigraphy(rng, _TRACES, _CONTAMINATED) for _ in range(count)]
    low, high = np.log10(_COUNTS)
    return simulate_pixels(sections, groups, 10 ** rng.uniform(low, high, count), seed)


def simulate_pixels(
    sections: Sequence[Stratigraphy], groups: Sequence[str], total: FloatArray, seed: int
) -> SimulatedPixels:
    """Simulate one spectrum per section.

    Parameters
    ----------
    sections : sequence of Stratigraphy
        Layers of each pixel.
    groups : sequence of str
        Ambiguity groups.
    total : ndarray, shape (spectrum,)
        Counts of each spectrum.
    seed : int
        Seed of the counting noise.
    """
    pool = pool_of(sections, ELEMENTS)
    excitation, readout = ideal_instrument()
    noise = torch.Generator().manual_seed(seed)
    expected = torch.as_tensor(total, dtype=torch.float32)
    measured = measure(emit(pool, excitation), readout, expected, noise)
    group_of = [groups.index(entry.group) for entry in pigment_catalogue()]
    sigma = np.zeros((len(sections), len(groups)))
    for pixel, occurrence in zip(*np.nonzero(pool.pigment.numpy() >= 0), strict=True):
        group = group_of[int(pool.pigment[pixel, occurrence])]
        own = float(measured.sigma[pixel, occurrence])
        sigma[pixel, group] = max(sigma[pixel, group], own)
    return SimulatedPixels(tuple(sections), pool, measured.counts, tuple(groups), sigma)


def compare_groups(
    predictor: Any,
    pixels: int = 300,
    max_found: int = 200,
    seed: int = 0,
    steps: int = _STEPS,
    progress: Progress | None = None,
) -> list[GroupRatio]:
    """Compare fits for all detectable groups that a network misses, and for some that it finds.

    Parameters
    ----------
    predictor : Predictor
        The network.
    pixels : int
        Number of simulated spectra.
    max_found : int
        Largest number of groups that the network finds.
    seed : int
        Seed of the spectra.
    steps : int
        Steps of each fit.
    progress : callable, optional
        Called with the groups done and the groups in all.
    """
    drawn = draw_pixels(predictor.groups, pixels, seed)
    axis, known = known_instrument()
    maps = predictor.bind(axis, known)(drawn.counts.numpy().astype(np.int64))
    probability = np.asarray(maps.group_probability).T
    cases = np.argwhere(drawn.sigma >= DETECTABLE_SIGMA)
    found = probability[tuple(cases.T)] >= 0.5
    some = np.random.default_rng(seed).permutation(np.flatnonzero(found))[:max_found]
    cases = np.concatenate([cases[~found], cases[np.sort(some)]])
    results: list[GroupRatio] = []
    for start in range(0, len(cases), _BATCH):
        part = cases[start : start + _BATCH].tolist()
        ratios = fit_cases(drawn, part, steps)
        for (pixel, group), ratio in zip(part, ratios.tolist(), strict=True):
            sigma, value = float(drawn.sigma[pixel, group]), float(probability[pixel, group])
            results.append(GroupRatio(drawn.groups[group], value, sigma, ratio))
        if progress is not None:
            progress(len(results), len(cases))
    return results


def fit_cases(
    drawn: SimulatedPixels, cases: Sequence[Sequence[int]], steps: int = _STEPS
) -> torch.Tensor:
    """Compute log likelihood ratios of pairs of spectrum and group.

    Parameters
    ----------
    drawn : SimulatedPixels
        Spectra.
    cases : sequence of (int, int)
        Spectrum and group of each case.
    steps : int
        Steps of each fit.

    Returns
    -------
    Tensor, shape (case,)
        See :func:`napari_xrf_pigments.inversion.fit.log_likelihood_ratios`.
    """
    pixels = torch.tensor([pixel for pixel, _ in cases])
    return log_likelihood_ratios(
        drawn.counts[pixels],
        [drawn.sections[pixel] for pixel, _ in cases],
        drawn.pool.take(pixels).stacks,
        [drawn.groups[group] for _, group in cases],
        _model(),
        steps,
    )


@lru_cache(maxsize=1)
def _model() -> ForwardModel:
    return ForwardModel(*ideal_instrument())


def ratio_table(results: Sequence[GroupRatio]) -> str:
    """Format the share of indistinguishable groups, missed and found, as a markdown table."""
    lines = [
        "| groups over 5 sigma | number | ratio under 1 | under 3 | under 10 |",
        "|---|---|---|---|---|",
    ]
    for name, missed in (("missed by the network", True), ("found by it", False)):
        values = np.array([one.ratio for one in results if (one.probability < 0.5) == missed])
        if values.size:
            limits = (1, NOISE_RATIO, 10)
            shares = " | ".join(f"{100 * (values < limit).mean():.0f}%" for limit in limits)
            lines.append(f"| {name} | {values.size} | {shares} |")
    return "\n".join(lines)
