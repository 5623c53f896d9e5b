"""Labelled spectra from sections and an instrument, in batches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from .._typing import FloatArray, IntArray
from ..cube import EnergyAxis
from ..physics.detector import FWHM_PER_SIGMA, path_transmission, pile_up, response
from ..physics.fluorescence import LineTable, line_table, primary_fluorescence
from ..physics.lines import atomic_number, line_family
from ..physics.scatter import compton_width_kev, scatter_table, single_scatter
from ..physics.secondary import COARSE, exciter_table, secondary_share
from ..pigments.catalogue import pigment_catalogue
from .instruments import Excitation, Readout
from .stratigraphy_batch import StackPool


@lru_cache
def diagnostic_families() -> tuple[str, ...]:
    """Return all line families that identify a pigment."""
    return tuple(dict.fromkeys(f for entry in pigment_catalogue() for f in entry.diagnostic))


@lru_cache
def diagnostic_index() -> torch.Tensor:
    """Return the families of each pigment as indices, shape (pigment, 3); -1 for none."""
    families = diagnostic_families()
    index = torch.full((len(pigment_catalogue()), 3), -1, dtype=torch.int64)
    for i, entry in enumerate(pigment_catalogue()):
        for j, family in enumerate(entry.diagnostic):
            index[i, j] = families.index(family)
    return index


@lru_cache
def diagnostic_kev() -> FloatArray:
    """Return the energies in keV of the main lines of :func:`diagnostic_families`."""
    return np.array([line_family(name, 60.0).main.kev for name in diagnostic_families()])


def detectability(
    emission: Emission, readout: Readout, expected: torch.Tensor, total_counts: torch.Tensor
) -> torch.Tensor:
    """Compute the sigma of each occurrence's weakest diagnostic family, (stack, occurrence)."""
    kev = diagnostic_kev()
    axis = (readout.gain_kev, readout.offset_kev, readout.n_channels)
    air = path_transmission(kev, readout.path_mm, readout.atmosphere)
    passed = torch.as_tensor(air * readout.detector.efficiency(kev), dtype=torch.float32)
    fwhm = readout.detector.sigma_kev(kev) * FWHM_PER_SIGMA
    cumulative = torch.nn.functional.pad(torch.cumsum(expected, 1), (1, 0))
    low, high = (
        torch.as_tensor((kev + side * fwhm - axis[1]) / axis[0] + 0.5).round().long()
        for side in (-1, 1)
    )
    inside = (high < axis[2]) & (low > 0) & torch.as_tensor(kev > readout.threshold_kev)
    low, high = low.clamp(0, axis[2]), high.clamp(0, axis[2])
    noise = torch.sqrt((cumulative[:, high] - cumulative[:, low]).clamp(min=1.0))
    families = diagnostic_index()[emission.pool.pigment.clamp(min=0)]
    pick = families.clamp(min=0)
    rows = torch.arange(len(expected))[:, None, None]
    scale = _scale(emission, readout, total_counts)
    counts = emission.evidence * scale[:, None, None] * passed[pick] * inside[pick]
    counts = torch.where(families < 0, torch.inf, counts)
    weakest = (counts / noise[rows, pick]).amin(dim=2)
    return torch.where(emission.pool.pigment >= 0, weakest, 0.0)


def _scale(emission: Emission, readout: Readout, total_counts: torch.Tensor) -> torch.Tensor:
    """Return the counts per emitted photon, shape (stack,)."""
    end = readout.offset_kev + readout.gain_kev * readout.n_channels
    beam = emission.excitation.beam

    def counted(kev: FloatArray, photons: torch.Tensor) -> torch.Tensor:
        passed = path_transmission(kev, readout.path_mm, readout.atmosphere)
        passed = passed * readout.detector.efficiency(kev) * (kev < end)
        return photons @ torch.as_tensor(passed, dtype=torch.float32)

    scatter = counted(emission.compton_kev, emission.compton)
    scatter = scatter + readout.rayleigh_factor * counted(beam.kev, emission.rayleigh)
    detected = counted(emission.kev, emission.lines) + readout.scatter_factor * scatter
    return total_counts / detected.clamp(min=1e-30)


#: Stacks per batch of secondary excitation, whose tensors should stay in the cache.
_STACKS_AT_ONCE = 32


@dataclass(frozen=True)
class Emission:
    """Emission of a batch of sections under one beam, before any detector.

    Parameters
    ----------
    excitation : Excitation
        The beam.
    kev : ndarray, shape (line,)
        Energies of the lines.
    lines : Tensor, shape (stack, line)
        Fluorescence.
    rayleigh, compton : Tensor, shape (stack, component)
        Scatter of each component of the beam.
    compton_kev : ndarray, shape (component,)
        Energies of the Compton photons.
    pool : StackPool
        The sections.
    evidence : Tensor, shape (stack, occurrence, 3)
        Alpha lines of each diagnostic family as emitted by the layer of the occurrence;
        infinite where a pigment has fewer families.
    """

    excitation: Excitation
    kev: FloatArray
    lines: torch.Tensor
    rayleigh: torch.Tensor
    compton: torch.Tensor
    compton_kev: FloatArray
    pool: StackPool
    evidence: torch.Tensor


def _alpha_lines(table: LineTable) -> torch.Tensor:
    """Return the mask of the alpha lines of each diagnostic family, shape (line, family)."""
    chosen = torch.zeros(len(table.lines), len(diagnostic_families()))
    for column, name in enumerate(diagnostic_families()):
        symbol, family = name.split()
        alphas = (f"{family}a1", f"{family}a2")
        for row, line in enumerate(table.lines):
            if line.symbol == symbol and line.siegbahn in alphas:
                chosen[row, column] = 1.0
    return chosen


def emit(
    pool: StackPool,
    excitation: Excitation,
    rng: np.random.Generator | None = None,
    *,
    secondary: bool = False,
) -> Emission:
    """Compute fluorescence and scatter of a batch of sections.

    Parameters
    ----------
    pool : StackPool
        The sections.
    excitation : Excitation
        The beam and its angles.
    rng : numpy.random.Generator, optional
        If given, the L and M lines get rates within the spread of the atomic libraries.
    secondary : bool
        Whether lines and the scattered beam excite other lines.
    """
    beam, geometry = excitation.beam, excitation.geometry
    table = line_table(pool.stacks.z, beam)
    by_layer = primary_fluorescence(pool.stacks, beam, geometry, table)
    if secondary:
        exciters = exciter_table(pool.stacks.z, table, beam)
        for part in torch.arange(len(pool)).split(_STACKS_AT_ONCE):
            some = pool.take(part).stacks
            share = secondary_share(some, beam, geometry, table, exciters, COARSE)
            by_layer[part] *= 1 + share
    if rng is not None:
        by_layer = by_layer * _rate_spread(rng, table)
    scatter = scatter_table(pool.stacks.z, beam, geometry)
    rayleigh, compton = single_scatter(pool.stacks, beam, geometry, scatter)
    alphas = by_layer @ _alpha_lines(table)
    known = pool.pigment.clamp(min=0)
    families = diagnostic_index()[known]
    rows = torch.arange(len(pool))[:, None, None]
    evidence = alphas[rows, pool.layer[..., None], families.clamp(min=0)]
    evidence = torch.where(families < 0, torch.inf, evidence)
    total = by_layer.sum(1)
    # Lines below one count in all spectra only cost time.
    relevant = (total / total.sum(1, keepdim=True).clamp(min=1e-30)).amax(0) > 1e-6
    return Emission(
        excitation,
        table.kev[relevant.numpy()],
        total[:, relevant],
        rayleigh,
        compton,
        scatter.compton_kev,
        pool,
        evidence,
    )


def _rate_spread(rng: np.random.Generator, table: LineTable) -> torch.Tensor:
    """Draw factors on the lines for the uncertainty of atomic data.

    Atomic libraries disagree on L and M rates (docs/physics), and secondary excitation,
    where it is not simulated, adds a few per cent to most lines.
    """
    factor = np.ones(len(table.lines))
    for columns in table.slices:
        common = {"K": rng.normal(1, 0.04), "L": rng.normal(1, 0.06), "M": rng.uniform(0.75, 1.15)}
        shell = {
            "L1": rng.uniform(0.65, 1.05), "L2": rng.normal(1, 0.03), "L3": rng.normal(1, 0.03),
        }  # fmt: skip
        for row in range(columns.start, columns.stop):
            line = table.lines[row]
            factor[row] = common[line.family] * shell.get(line.iupac[:2], 1.0)
    return torch.tensor(factor, dtype=torch.float32)


@dataclass(frozen=True)
class Measured:
    """Simulated spectra of one instrument with their labels.

    Parameters
    ----------
    counts : Tensor, shape (spectrum, channel), float32
        Whole counts.
    energies : EnergyAxis
        The axis as written in the file (slightly wrong).
    excitation, readout : Excitation, Readout
        The instrument.
    pool : StackPool
        The sections.
    sigma : Tensor, shape (spectrum, occurrence)
        Detectability of every pigment in every layer: its weakest diagnostic element, as
        emitted by that layer, over the noise of the whole spectrum.
    """

    counts: torch.Tensor
    energies: EnergyAxis
    excitation: Excitation
    readout: Readout
    pool: StackPool
    sigma: torch.Tensor


def measure(
    emission: Emission,
    readout: Readout,
    total_counts: torch.Tensor,
    generator: torch.Generator | None = None,
) -> Measured:
    """Simulate the spectra of a batch with one detector.

    Parameters
    ----------
    emission : Emission
        Photons that leave the samples.
    readout : Readout
        Path, detector and electronics.
    total_counts : Tensor, shape (stack,)
        Expected total counts of each spectrum.
    generator : torch.Generator, optional
        Source of the counting noise.
    """
    expected = _expected(emission, readout, total_counts)
    zero = -readout.offset_kev / readout.gain_kev
    rate = total_counts / total_counts.mean()
    expected = pile_up(expected, (readout.pile_up * rate).clamp(max=0.1), zero)
    axis = readout.offset_kev + readout.gain_kev * np.arange(readout.n_channels)
    expected[:, torch.from_numpy(axis < readout.threshold_kev)] = 0
    counts = torch.poisson(expected, generator=generator)
    stated = EnergyAxis(
        readout.n_channels,
        readout.gain_kev * (1 + readout.gain_error),
        readout.offset_kev + readout.offset_error_kev,
    )
    sigma = detectability(emission, readout, expected, total_counts)
    return Measured(counts, stated, emission.excitation, readout, emission.pool, sigma)


@dataclass(frozen=True)
class Responses:
    """Detector response as matrices (line or component, channel).

    Parameters
    ----------
    shown : ndarray of int, shape (line,)
        Lines on the axis, or near enough to contribute to it.
    lines : Tensor, shape (line, channel)
        Of those lines.
    compton, rayleigh : Tensor, shape (component, channel)
        Of scattered photons of the beam's components.
    """

    shown: IntArray
    lines: torch.Tensor
    compton: torch.Tensor
    rayleigh: torch.Tensor


def responses(
    excitation: Excitation,
    readout: Readout,
    line_kev: FloatArray,
    compton_kev: FloatArray,
) -> Responses:
    """Compute the response of an instrument to lines and Compton photons of given energies, keV."""
    beam, angle = excitation.beam, excitation.geometry.scattering_deg
    axis = (readout.gain_kev, readout.offset_kev, readout.n_channels)
    end = readout.offset_kev + readout.gain_kev * readout.n_channels + 1.5
    shown = np.nonzero((line_kev < end) & (line_kev > 0.9))[0]

    def detected(kev: FloatArray, spread: FloatArray) -> torch.Tensor:
        air = path_transmission(kev, readout.path_mm, readout.atmosphere)
        matrix = response(readout.detector, kev, spread, *axis)
        return matrix * torch.as_tensor(air, dtype=torch.float32)[:, None]

    kev = line_kev[shown]
    lines = detected(kev, np.zeros(len(kev)))
    bins = beam.width_kev * 0.42  # neighbouring bins blend into a smooth continuum
    doppler = compton_width_kev(beam.kev, angle)
    loss = beam.kev - compton_kev
    again = detected(compton_kev - 0.45 * loss, np.hypot(bins, doppler + 0.6 * loss))
    once = detected(compton_kev, np.hypot(bins, doppler))
    compton = once * (1 - readout.multiple_scatter) + again * readout.multiple_scatter
    return Responses(shown, lines, compton, detected(beam.kev, bins) * readout.rayleigh_factor)


def _expected(emission: Emission, readout: Readout, total_counts: torch.Tensor) -> torch.Tensor:
    """Compute expected spectra before pile-up and threshold, scaled to the total counts."""
    made = responses(emission.excitation, readout, emission.kev, emission.compton_kev)
    spectra = emission.lines[:, made.shown] @ made.lines
    scatter = emission.compton @ made.compton + emission.rayleigh @ made.rayleigh
    spectra = spectra + readout.scatter_factor * scatter
    spectra = spectra / spectra.sum(1, keepdim=True).clamp(min=1e-30) * total_counts[:, None]
    return spectra + total_counts.mean() * _instrument_spectrum(readout)


def _instrument_spectrum(readout: Readout) -> torch.Tensor:
    """Compute the background that the instrument adds to every pixel, per count, (channel,)."""
    axis = (readout.gain_kev, readout.offset_kev, readout.n_channels)
    parts = [*readout.housing, ("Ar", readout.argon_share)]
    own = torch.zeros(readout.n_channels)
    for symbol, share in parts:
        if share > 0:
            heavy = atomic_number(symbol) > 55
            lines = line_family(f"{symbol} {'L' if heavy else 'K'}", 40.0)
            shape = response(readout.detector, lines.kev, np.zeros(len(lines.kev)), *axis)
            weights = torch.as_tensor(lines.strength, dtype=torch.float32)
            own += share * (weights[:, None] * shape).sum(0)
    kev = readout.offset_kev + readout.gain_kev * torch.arange(readout.n_channels)
    for share, decay in readout.background:
        shape = torch.exp(-(kev - kev[-1] / 2) / decay) * (kev > 0)
        own += share * shape / shape.sum()
    return own


def random_counts(rng: np.random.Generator, size: int) -> torch.Tensor:
    """Draw total counts of pixels: 200 to 80,000, log-uniform, alike within a scan."""
    middle = 10 ** rng.uniform(2.4, 4.8)
    spread = 10 ** rng.normal(0, 0.2, size)
    return torch.as_tensor(np.clip(middle * spread, 100, 1e5), dtype=torch.float32)
