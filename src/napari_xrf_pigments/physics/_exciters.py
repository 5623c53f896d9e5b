"""What excites inside a sample, besides the beam: its own lines and the scattered beam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from .atomic import AtomicData, XraylibData
from .fluorescence import LineTable
from .tube import Beam

#: Lines of an element closer than this, relative, excite as one.
_MERGED = 0.015
#: Energies of the scattered beam closer than this excite as one.
_MERGED_BEAM = 0.08
#: Softer photons excite nothing that reaches a detector.
_SOFTEST_KEV = 1.7


@dataclass(frozen=True)
class ExciterTable:
    """Photons born in a sample: groups of its lines, then groups of the scattered beam.

    Parameters
    ----------
    element : Tensor of int, shape (line group,)
        Column of the element that emits it.
    emitted : Tensor, shape (line group, component)
        Production cross-sections in cm2/g at the beam's energies.
    scatter : Tensor, shape (element, component)
        Cross-sections in cm2/g of scattering the beam.
    beam_group : Tensor, shape (component, beam group)
        1 where a component of the beam belongs to a group.
    attenuation : Tensor, shape (element, exciter)
        Mass attenuation coefficients in cm2/g of all groups, lines first.
    production : Tensor, shape (line, exciter)
        Production cross-sections in cm2/g of the lines of the :class:`LineTable`.
    """

    element: torch.Tensor
    emitted: torch.Tensor
    scatter: torch.Tensor
    beam_group: torch.Tensor
    attenuation: torch.Tensor
    production: torch.Tensor


def exciter_table(
    z: tuple[int, ...], table: LineTable, beam: Beam, data: AtomicData | None = None
) -> ExciterTable:
    """Gather the constants of what excites in samples of some elements under a beam.

    Parameters
    ----------
    z : tuple of int
        Atomic numbers of the elements.
    table : LineTable
        Constants for `z` and `beam`.
    beam : Beam
        The beam.
    data : AtomicData, optional
        Source of the constants, xraylib by default.
    """
    source = data or XraylibData()
    dtype = table.production.dtype
    kev, element, emitted = [], [], []
    for index, columns in enumerate(table.slices):
        strength = table.production[columns].sum(1).double().numpy()
        for members in _close(table.kev[columns], strength, _MERGED):
            energies = table.kev[columns][members]
            kev.append(float(np.average(energies, weights=strength[members])))
            element.append(index)
            emitted.append(table.production[columns][torch.from_numpy(members)].sum(0))
    groups = _close(beam.kev, beam.flux, _MERGED_BEAM)
    member = np.zeros((len(beam.kev), len(groups)))
    for column, members in enumerate(groups):
        member[members, column] = 1
    # Averages over the components of a group, as strong as they are in the beam.
    weights = member * beam.flux[:, None]
    mean = torch.tensor(weights / weights.sum(0), dtype=dtype)
    lines = np.array(kev)
    attenuation = np.array([source.mass_attenuation(n, lines) for n in z]).reshape(len(z), -1)
    production = np.concatenate([source.production(n, lines) for n in z])
    scatter = np.array([source.scatter(n, beam.kev) for n in z])
    return ExciterTable(
        torch.tensor(element, dtype=torch.int64),
        torch.stack(emitted) if emitted else torch.zeros(0, len(beam.kev), dtype=dtype),
        torch.tensor(scatter, dtype=dtype),
        torch.tensor(member, dtype=dtype),
        torch.cat([torch.tensor(attenuation, dtype=dtype), table.mu_in @ mean], dim=1),
        torch.cat([torch.tensor(production, dtype=dtype), table.production @ mean], dim=1),
    )


def _close(kev: np.ndarray, strength: np.ndarray, relative: float) -> list[np.ndarray]:
    """Indices of energies that excite as one, softest first."""
    order = [int(i) for i in np.argsort(kev) if kev[i] > _SOFTEST_KEV and strength[i] > 0]
    groups: list[list[int]] = []
    for i in order:
        if groups and kev[i] < kev[groups[-1][0]] * (1 + relative):
            groups[-1].append(i)
        else:
            groups.append([i])
    return [np.array(group) for group in groups]
