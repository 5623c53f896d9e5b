"""Detectability: how far each pigment of each layer stands over the noise.

A pigment in a layer shows as far as its weakest diagnostic element, as emitted by that
layer, stands over the noise of the whole spectrum, in sigma.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ..physics.detector import FWHM_PER_SIGMA, path_transmission
from ..physics.lines import line_family
from ..pigments.catalogue import pigment_catalogue
from .instruments import Readout

if TYPE_CHECKING:
    from .spectra import Emission


@lru_cache
def diagnostic_families() -> tuple[str, ...]:
    """All line families that identify a pigment."""
    return tuple(dict.fromkeys(f for entry in pigment_catalogue() for f in entry.diagnostic))


@lru_cache
def diagnostic_index() -> torch.Tensor:
    """Families of each pigment as indices, shape (pigment, 3); -1 for none."""
    families = diagnostic_families()
    index = torch.full((len(pigment_catalogue()), 3), -1, dtype=torch.int64)
    for i, entry in enumerate(pigment_catalogue()):
        for j, family in enumerate(entry.diagnostic):
            index[i, j] = families.index(family)
    return index


@lru_cache
def diagnostic_kev() -> NDArray[np.float64]:
    """Energies in keV of the main lines of :func:`diagnostic_families`."""
    return np.array([line_family(name, 60.0).main.kev for name in diagnostic_families()])


def detectability(
    emission: Emission, readout: Readout, expected: torch.Tensor, total_counts: torch.Tensor
) -> torch.Tensor:
    """Sigma of each occurrence's weakest diagnostic family, shape (stack, occurrence)."""
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
    """Counts for each photon emitted, shape (stack,)."""
    end = readout.offset_kev + readout.gain_kev * readout.n_channels
    beam = emission.excitation.beam

    def counted(kev: NDArray[np.float64], photons: torch.Tensor) -> torch.Tensor:
        passed = path_transmission(kev, readout.path_mm, readout.atmosphere)
        passed = passed * readout.detector.efficiency(kev) * (kev < end)
        return photons @ torch.as_tensor(passed, dtype=torch.float32)

    scatter = counted(emission.compton_kev, emission.compton)
    scatter = scatter + readout.rayleigh_factor * counted(beam.kev, emission.rayleigh)
    seen = counted(emission.kev, emission.lines) + readout.scatter_factor * scatter
    return total_counts / seen.clamp(min=1e-30)
