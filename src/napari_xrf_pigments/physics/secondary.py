"""Secondary fluorescence: lines excited by other lines and by the scattered beam, in batches.

Photons of the primary lines leave their atoms in all directions and are absorbed in the sample,
where they may excite a softer line; so may scattered photons of the beam, which are treated as
isotropic too. In plane layers this is the collision probability of neutron transport: of photons
born evenly in sub-layer a, those absorbed in sub-layer b, with their optical thicknesses t and
the optical distance g between them, are

    P_ab = (E3(g) - E3(g + t_a) - E3(g + t_b) + E3(g + t_a + t_b)) / (2 t_a),
    P_aa = 1 - (1/2 - E3(t_a)) / t_a

(Case, de Hoffmann, Placzek 1953; E3 is the exponential integral). The ratio to the primary
fluorescence of the same sub-layers is multiplied with the exact primary rate, so that errors of
the flat sources of sub-layers cancel. Tertiary excitation is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy.special import expn

from .atomic import AtomicData
from .fluorescence import LineTable, depth_above, escape_depth
from .layered_samples import Geometry, Stacks
from .tube import Beam

#: Lines of an element within this relative distance are merged as exciters.
_MERGED = 0.015
#: Energies of the scattered beam within this relative distance are merged as exciters.
_MERGED_BEAM = 0.08
#: Softer photons excite no detectable lines.
_SOFTEST_KEV = 1.7


@dataclass(frozen=True)
class ExciterTable:
    """Exciters inside a sample: groups of its lines, then groups of the scattered beam.

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
    """Collect the constants of the exciters in samples of a set of elements under a beam.

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
    source = data or AtomicData()
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
    # Averages over the components of a group, weighted by their flux in the beam.
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
    """Group the indices of energies that are merged as exciters, softest first."""
    order = [int(i) for i in np.argsort(kev) if kev[i] > _SOFTEST_KEV and strength[i] > 0]
    groups: list[list[int]] = []
    for i in order:
        if groups and kev[i] < kev[groups[-1][0]] * (1 + relative):
            groups[-1].append(i)
        else:
            groups.append([i])
    return [np.array(group) for group in groups]


@dataclass(frozen=True)
class Fineness:
    """Resolution of the secondary excitation.

    Parameters
    ----------
    shares : tuple of float
        Thickness of the sub-layers of each layer, in shares.
    strongest : int
        Number of exciters considered in each stack, the strongest first.
    """

    shares: tuple[float, ...]
    strongest: int


#: Within 3 % of fisx for every relevant line: fine at the top, where most photons are emitted,
#: and at the bottom, where neighbouring layers excite.
FINE = Fineness((1.0, 2.0, 4.0, 8.0, 6.0, 2.0), 40)
#: For training: thirty times faster.
COARSE = Fineness((1.0, 3.0, 2.0), 16)

#: Attenuation lengths, in and out, beyond which no photon escapes.
_DEEPEST = 8.0
_THICKEST = 20.0  # optical distance beyond which no photon arrives
_TABLE_SIZE = 4096


def secondary_share(
    stacks: Stacks,
    beam: Beam,
    geometry: Geometry,
    table: LineTable,
    exciters: ExciterTable,
    fineness: Fineness = FINE,
) -> torch.Tensor:
    """Compute the ratio of secondary to primary fluorescence of every line from every layer.

    Parameters
    ----------
    stacks : Stacks
        The samples.
    beam : Beam
        The incident beam.
    geometry : Geometry
        Angles.
    table : LineTable
        Constants for ``stacks.z`` and `beam`.
    exciters : ExciterTable
        Constants of the exciters.
    fineness : Fineness
        Sub-layers and exciters.

    Returns
    -------
    Tensor, shape (stack, layer, line)
        Share that adds to the primary rate; 0 where there is no primary fluorescence.
    """
    n, layers, _ = stacks.fractions.shape
    if not table.lines:
        return torch.zeros(n, layers, 0, dtype=stacks.fractions.dtype)
    parts = torch.tensor(fineness.shares, dtype=stacks.mass_thickness.dtype)
    areal = _sub_layers(stacks, geometry, table, parts / parts.sum()).reshape(n, -1, 1)

    def sub(per_layer: torch.Tensor) -> torch.Tensor:
        """Repeat the values of layers for each of their sub-layers."""
        return per_layer.repeat_interleave(len(parts), dim=1)

    # Path length of the ionising beam, in g/cm2, in each sub-layer.
    mu_in = sub(stacks.fractions @ table.mu_in) / geometry.sin_in
    flux = torch.as_tensor(beam.flux, dtype=areal.dtype) / geometry.sin_in
    beam_path = flux * torch.exp(-depth_above(mu_in * areal))
    beam_path = beam_path * escape_depth(mu_in.clamp(min=1e-12), areal)

    of_lines = (beam_path @ exciters.emitted.T) * sub(stacks.fractions[..., exciters.element])
    of_beam = (beam_path * sub(stacks.fractions @ exciters.scatter)) @ exciters.beam_group
    born = torch.cat([of_lines, of_beam], dim=2)
    path = _path_of_exciters(stacks, areal, born, exciters, fineness)

    # Primary and secondary photons have the same escape path: only the ionisation differs.
    mu_out = sub(stacks.fractions @ table.mu_out) / geometry.sin_out
    leaving = torch.exp(-depth_above(mu_out * areal)) * _mean_escape(mu_out * areal)
    size = (n, layers, len(parts), -1)
    primary = ((beam_path @ table.production.T) * leaving).reshape(size).sum(2)
    secondary = ((path @ exciters.production.T) * leaving).reshape(size).sum(2)
    return torch.where(primary > 0, secondary / primary.clamp(min=1e-30), 0.0)


def _sub_layers(
    stacks: Stacks, geometry: Geometry, table: LineTable, shares: torch.Tensor
) -> torch.Tensor:
    """Compute the mass thickness of the sub-layers in g/cm2, shape (stack, layer, sub-layer).

    A layer thicker than the largest depth of escape is divided down to that depth; the rest belongs
    to its last sub-layer.
    """
    way_in = (stacks.fractions @ table.mu_in).amin(2) / geometry.sin_in
    own = torch.zeros(stacks.fractions.shape[2], len(table.lines))
    for index, columns in enumerate(table.slices):
        own[index, columns] = 1
    emits = (stacks.fractions > 0).to(own.dtype) @ own > 0
    mu_out = torch.where(emits, stacks.fractions @ table.mu_out, torch.inf)
    way_out = mu_out.amin(2) / geometry.sin_out
    reach = _DEEPEST / (way_in + way_out).clamp(min=1e-9)
    divided = torch.minimum(stacks.mass_thickness, reach)
    parts = divided[..., None] * shares
    parts[..., -1] += stacks.mass_thickness - divided
    return parts


def _mean_escape(optical: torch.Tensor) -> torch.Tensor:
    """Compute the escaping share of an even source: (1 - exp(-t)) / t."""
    safe = optical.clamp(min=1e-6)
    return -torch.expm1(-safe) / safe


def _path_of_exciters(
    stacks: Stacks,
    areal: torch.Tensor,
    born: torch.Tensor,
    exciters: ExciterTable,
    fineness: Fineness,
) -> torch.Tensor:
    """Compute the path length in g/cm2 of exciting photons in each sub-layer.

    Parameters
    ----------
    areal : Tensor, shape (stack, sub-layer, 1)
        Mass thickness in g/cm2.
    born : Tensor, shape (stack, sub-layer, exciter)
        Photons born.

    Returns
    -------
    Tensor, shape (stack, sub-layer, exciter)
    """
    keep = min(fineness.strongest, born.shape[2])
    chosen = born.sum(1, keepdim=True).topk(keep, dim=2).indices  # (stack, 1, kept)
    mu = stacks.fractions @ exciters.attenuation
    mu = mu.gather(2, chosen.expand(-1, mu.shape[1], -1)).clamp(min=1e-12)
    mu = mu.repeat_interleave(len(fineness.shares), dim=1)
    everywhere = chosen.expand(-1, born.shape[1], -1)
    # Sub-layers last, stack and exciter as one: (stack * kept, sub-layer).
    optical = (mu * areal).transpose(1, 2).flatten(0, 1)
    source = born.gather(2, everywhere).transpose(1, 2).flatten(0, 1)
    absorbed = _absorbed(optical, source)
    path = absorbed.unflatten(0, (len(born), keep)).transpose(1, 2) / mu
    return torch.zeros_like(born).scatter_(2, everywhere, path)


def _absorbed(optical: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
    """Compute the photons absorbed in each sub-layer; all arrays of shape (case, sub-layer)."""
    borders = torch.nn.functional.pad(torch.cumsum(optical, 1), (1, 0))
    e3 = _e3((borders[:, :, None] - borders[:, None, :]).abs())
    corner = e3[:, :-1, :-1] - e3[:, 1:, :-1] - e3[:, :-1, 1:] + e3[:, 1:, 1:]
    within = corner.diagonal(dim1=1, dim2=2) / 2
    # Between two sub-layers the second difference is negative.
    share = -corner / 2
    share.diagonal(dim1=1, dim2=2).copy_((optical - within).clamp(min=0))
    emission = source / optical.clamp(min=1e-9)
    return torch.bmm(emission[:, None], share.clamp(min=0))[:, 0]


@lru_cache
def _e3_table(dtype: torch.dtype) -> torch.Tensor:
    root = np.linspace(0, np.sqrt(_THICKEST), _TABLE_SIZE)
    return torch.tensor(expn(3, root**2), dtype=dtype)


def _e3(optical: torch.Tensor) -> torch.Tensor:
    """Interpolate the exponential integral of third order over the root of its argument."""
    table = _e3_table(optical.dtype)
    position = torch.sqrt(optical.clamp(0, _THICKEST)) * ((_TABLE_SIZE - 1) / _THICKEST**0.5)
    left = position.to(torch.int32).clamp(max=_TABLE_SIZE - 2)
    low = table[left]
    return torch.lerp(low, table[left + 1], position - left)
