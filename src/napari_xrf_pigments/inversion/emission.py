"""Photons that leave layered paint, and their derivatives by the mass of every component.

The unknowns are masses per area. With the optical depths of a layer on the way in and out,

    x = sum over components of m (mu(E) / sin(a) + mu(line) / sin(b)),

the rate of a line is the sum over layers and beam energies of
(source) exp(-x of the layers above) (1 - exp(-x)) / x, with a source that is linear in the masses:
the form of :mod:`napari_xrf_pigments.physics.fluorescence` and
:mod:`napari_xrf_pigments.physics.scatter`, whose derivatives have closed forms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from .._typing import FloatArray
from ..physics.atomic import AtomicData
from ..physics.fluorescence import LineTable
from ..physics.layered_samples import Geometry
from ..physics.lines import Line, element_lines
from ..physics.scatter import scatter_table
from ..physics.tube import Beam

#: Lines of one sub-shell within this distance are one, keV.
_MERGED_KEV = 0.03
#: Lines weaker than this share of the strongest line of their element are left out.
_WEAKEST = 3e-4
#: Relative distance within which energies of the beam excite as one.
_MERGED_BEAM = 0.06


@dataclass(frozen=True)
class MergedLines:
    """Lines of a set of elements, with close lines merged, and their excitation.

    Parameters
    ----------
    table : LineTable
        Merged lines; the constants are for :attr:`beam`.
    beam : Beam
        The beam with close energies merged.
    shells : tuple of str
        Sub-shell of each line, such as ``"Pb L3"`` or ``"Fe K"``.
    data : AtomicData
        Constants of the merged lines.
    """

    table: LineTable
    beam: Beam
    shells: tuple[str, ...]
    data: AtomicData


class _MergedData(AtomicData):
    """Atomic constants with the lines of each element merged.

    Parameters
    ----------
    groups : dict of int to list of list of int
        Lines of each element that form one, by atomic number.
    """

    def __init__(self, groups: dict[int, list[list[int]]]) -> None:
        self._groups = groups

    def production(self, z: int, kev: FloatArray) -> FloatArray:
        """Return the line production cross-sections in cm2/g, shape (merged line, energy)."""
        own = super().production(z, kev)
        rows = [own[members].sum(0) for members in self._groups.get(z, ())]
        return np.array(rows).reshape(len(rows), len(kev))


def merged_lines(z: tuple[int, ...], beam: Beam, softest_kev: float) -> MergedLines:
    """Merge lines and beam energies of a set of elements.

    Parameters
    ----------
    z : tuple of int
        Atomic numbers.
    beam : Beam
        The beam.
    softest_kev : float
        Lines below this energy, keV, are left out.
    """
    data = AtomicData()
    weights = _beam_groups(beam)
    flux = weights @ beam.flux
    mean = weights * beam.flux / flux[:, None]
    reduced = Beam(mean @ beam.kev, np.zeros(len(flux)), flux)
    lines: list[Line] = []
    slices, production, shells = [], [], []
    merged: dict[int, list[list[int]]] = {}
    for number in z:
        start = len(lines)
        own = data.production(number, beam.kev) @ mean.T
        merged[number] = _line_groups(element_lines(number), own @ flux, softest_kev)
        for members in merged[number]:
            each = [element_lines(number)[i] for i in members]
            strength = own[members] @ flux
            centre = float(np.average([line.kev for line in each], weights=strength))
            main = each[int(np.argmax(strength))]
            lines.append(
                Line(number, main.symbol, main.iupac, main.siegbahn, main.family,
                     centre, main.edge_kev)
            )  # fmt: skip
            production.append(own[members].sum(0))
            shells.append(f"{main.symbol} {_shell(main)}")
        slices.append(slice(start, len(lines)))
    kev = np.array([line.kev for line in lines])
    table = LineTable(
        tuple(lines),
        tuple(slices),
        torch.tensor(np.array([data.mass_attenuation(n, beam.kev) @ mean.T for n in z])),
        torch.tensor(np.array([data.mass_attenuation(n, kev) for n in z])),
        torch.tensor(np.array(production).reshape(len(lines), len(flux))),
    )
    return MergedLines(table, reduced, tuple(shells), _MergedData(merged))


def _shell(line: Line) -> str:
    """Name the group of lines whose rate is known apart from the others of the element."""
    if line.family == "K":
        return "Kb" if line.siegbahn.startswith("Kb") else "K"
    return line.iupac[:2] if line.family == "L" else "M"


def _beam_groups(beam: Beam) -> FloatArray:
    """Return 1 where an energy of the beam belongs to a group, shape (group, component)."""
    order = [int(i) for i in np.argsort(beam.kev) if beam.flux[i] > 0]
    groups: list[list[int]] = []
    for i in order:
        if groups and beam.kev[i] < beam.kev[groups[-1][0]] * (1 + _MERGED_BEAM):
            groups[-1].append(i)
        else:
            groups.append([i])
    member = np.zeros((len(groups), len(beam.kev)))
    for row, members in enumerate(groups):
        member[row, members] = 1
    return member


def _line_groups(
    lines: Sequence[Line], strength: FloatArray, softest_kev: float
) -> list[list[int]]:
    """Group the indices of lines that are excited and lie on the axis."""
    enough = _WEAKEST * float(strength.max(initial=0.0))
    chosen = [
        i for i, line in enumerate(lines) if line.kev > softest_kev and strength[i] > max(enough, 0)
    ]
    chosen.sort(key=lambda i: (_shell(lines[i]), lines[i].kev))
    groups: list[list[int]] = []
    for i in chosen:
        last = lines[groups[-1][0]] if groups else None
        if last and _shell(last) == _shell(lines[i]) and lines[i].kev - last.kev < _MERGED_KEV:
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups


class PaintEmission:
    """Rates of lines and scatter of layered paint, with derivatives.

    Parameters
    ----------
    z : tuple of int
        Elements.
    beam : Beam
        The beam.
    geometry : Geometry
        Its angles.
    softest_kev : float
        Lines below this energy, keV, are left out.
    """

    def __init__(
        self, z: tuple[int, ...], beam: Beam, geometry: Geometry, softest_kev: float
    ) -> None:
        self.z, self.beam, self.geometry = z, beam, geometry
        self.lines = merged_lines(z, beam, softest_kev)
        self.scatter = scatter_table(z, beam, geometry, dtype=torch.float64)
        self._emitter = torch.zeros(len(z), len(self.lines.table.lines), dtype=torch.float64)
        for row, columns in enumerate(self.lines.table.slices):
            self._emitter[row, columns] = 1.0

    def fluorescence(
        self, parts: torch.Tensor, mass: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute the rate of every line from every layer, and its derivatives.

        Parameters
        ----------
        parts : Tensor, shape (component, element)
            Mass fractions of the elements in each component.
        mass : Tensor, shape (stack, layer, component)
            Mass per area, g/cm2.

        Returns
        -------
        rate : Tensor, shape (stack, layer, line)
            By emitting layer.
        derivative : Tensor, shape (stack, layer, component, line)
            Derivative of the sum over layers by the masses.
        """
        table, geometry = self.lines.table, self.geometry
        mu_in = parts @ table.mu_in / geometry.sin_in
        mu_out = parts @ table.mu_out / geometry.sin_out
        depth_in, depth_out = mass @ mu_in, mass @ mu_out
        x = depth_out[..., None] + depth_in[..., None, :]
        above = torch.cumsum(x, 1) - x
        flux = torch.as_tensor(self.lines.beam.flux) / geometry.sin_in
        exciting = torch.exp(-above) * (table.production * flux)
        phi, slope = _mean_escape(x)
        holds = parts @ self._emitter  # mass fraction of the emitting element
        emitting = mass @ holds
        per_mass = (exciting * phi).sum(3)
        rate = emitting * per_mass
        by_energy = emitting[..., None] * exciting * phi
        below = by_energy.flip(1).cumsum(1).flip(1) - by_energy
        by_depth = emitting[..., None] * exciting * slope - below
        derivative = torch.einsum("slne,ce->slcn", by_depth, mu_in)
        derivative = derivative + by_depth.sum(3)[:, :, None, :] * mu_out
        return rate, derivative + per_mass[:, :, None, :] * holds

    def scattering(
        self, parts: torch.Tensor, mass: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Compute Rayleigh and Compton scatter of every energy of the beam, and derivatives.

        Parameters
        ----------
        parts, mass : Tensor
            As in :meth:`fluorescence`.

        Returns
        -------
        rayleigh, compton : Tensor, shape (stack, component of the beam)
            Rates.
        by_mass_rayleigh, by_mass_compton : Tensor, shape (stack, layer, component, beam)
            Derivatives by the masses.
        """
        scatter = self.scatter
        rayleigh = self._scatter(parts, mass, scatter.mu_in, scatter.rayleigh)
        compton = self._scatter(parts, mass, scatter.mu_compton, scatter.compton)
        return rayleigh[0], compton[0], rayleigh[1], compton[1]

    def _scatter(
        self, parts: torch.Tensor, mass: torch.Tensor, out: torch.Tensor, source: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        mu = parts @ (self.scatter.mu_in / self.geometry.sin_in + out / self.geometry.sin_out)
        x = mass @ mu
        above = torch.cumsum(x, 1) - x
        flux = torch.as_tensor(self.beam.flux) * (4 * np.pi / self.geometry.sin_in)
        arriving = torch.exp(-above) * flux
        phi, slope = _mean_escape(x)
        per_mass = parts @ source
        emitting = mass @ per_mass
        rate = emitting * arriving * phi
        below = rate.flip(1).cumsum(1).flip(1) - rate
        by_depth = emitting * arriving * slope - below
        derivative = by_depth[:, :, None, :] * mu + (arriving * phi)[:, :, None, :] * per_mass
        return rate.sum(1), derivative


def _mean_escape(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute (1 - exp(-x)) / x and its derivative."""
    safe = x.clamp(min=1e-4)
    phi = -torch.expm1(-safe) / safe
    slope = (torch.exp(-safe) - phi) / safe
    thin = x < 1e-4
    return torch.where(thin, 1 - x / 2, phi), torch.where(thin, -0.5 + x / 3, slope)
