"""Primary fluorescence of layered samples under a polychromatic beam, in batches.

The closed form of Sherman for layers, as in de Boer 1990 (doi:10.1002/xrs.1300190306):
for a line i of element j in layer l

    I = w_j / sin(a) * sum_E flux(E) tau_i(E) A_in(E) A_out(i) (1 - exp(-chi T)) / chi,
    chi = mu(E) / sin(a) + mu(i) / sin(b),

with the mass thickness T of the layer and the attenuation A by the layers above. The
solid angle and the factor 1 / (4 pi) are left out: the same for every line.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from .atomic import AtomicData
from .layered_samples import Geometry, Stacks
from .lines import Line
from .tube import Beam


@dataclass(frozen=True)
class LineTable:
    """The lines of a set of elements with their constants for one beam.

    Parameters
    ----------
    lines : tuple of Line
        All lines, element by element in the order of `z`.
    slices : tuple of slice
        Range of the lines of each element.
    mu_in : Tensor, shape (element, component)
        Mass attenuation coefficients in cm2/g at the beam's energies.
    mu_out : Tensor, shape (element, line)
        The same at the energies of the lines.
    production : Tensor, shape (line, component)
        Production cross-sections in cm2/g.
    """

    lines: tuple[Line, ...]
    slices: tuple[slice, ...]
    mu_in: torch.Tensor
    mu_out: torch.Tensor
    production: torch.Tensor

    @cached_property
    def kev(self) -> np.ndarray:
        """Energies of the lines in keV, shape (line,)."""
        return np.array([line.kev for line in self.lines])


def line_table(
    z: tuple[int, ...],
    beam: Beam,
    data: AtomicData | None = None,
    dtype: torch.dtype = torch.float32,
) -> LineTable:
    """Collect the constants for a set of elements and a beam."""
    source = data or AtomicData()
    lines: list[Line] = []
    slices: list[slice] = []
    production = []
    for number in z:
        own = source.lines(number)
        slices.append(slice(len(lines), len(lines) + len(own)))
        lines.extend(own)
        production.append(source.production(number, beam.kev))
    kev = np.array([line.kev for line in lines])
    return LineTable(
        tuple(lines),
        tuple(slices),
        torch.tensor(np.array([source.mass_attenuation(n, beam.kev) for n in z]), dtype=dtype),
        torch.tensor(np.array([source.mass_attenuation(n, kev) for n in z]), dtype=dtype),
        torch.tensor(np.concatenate(production), dtype=dtype),
    )


def depth_above(per_layer: torch.Tensor) -> torch.Tensor:
    """Sum over the layers above each layer, shape (stack, layer, ...)."""
    return torch.cumsum(per_layer, dim=1) - per_layer


def escape_depth(chi: torch.Tensor, mass_thickness: torch.Tensor) -> torch.Tensor:
    """Compute (1 - exp(-chi T)) / chi in g/cm2, exact for thin and for thick layers."""
    return -torch.expm1(-chi * mass_thickness) / chi


def primary_fluorescence(
    stacks: Stacks, beam: Beam, geometry: Geometry, table: LineTable
) -> torch.Tensor:
    """Compute the primary fluorescence of every line from every layer at the surface.

    Parameters
    ----------
    stacks : Stacks
        The samples.
    beam : Beam
        The incident beam.
    geometry : Geometry
        Angles.
    table : LineTable
        Constants for ``stacks.z`` and `beam` (see :func:`line_table`).

    Returns
    -------
    Tensor, shape (stack, layer, line)
        Photons per photon of the beam and per 4 pi of solid angle.
    """
    fractions, thickness = stacks.fractions, stacks.mass_thickness
    mu_in = fractions @ table.mu_in / geometry.sin_in
    mu_out = fractions @ table.mu_out / geometry.sin_out
    areal = thickness[..., None]
    flux = torch.as_tensor(beam.flux, dtype=fractions.dtype)
    arriving = flux * torch.exp(-depth_above(mu_in * areal)) / geometry.sin_in
    leaving = torch.exp(-depth_above(mu_out * areal))
    emitted = torch.zeros_like(mu_out)
    # Element by element, over the layers that hold it: most layers hold few elements.
    for index, columns in enumerate(table.slices):
        if columns.start == columns.stop:
            continue
        stack, layer = torch.nonzero((fractions[..., index] > 0) & (thickness > 0), as_tuple=True)
        if len(stack) == 0:
            continue
        chi = mu_in[stack, layer, None, :] + mu_out[stack, layer, columns, None]
        depth = escape_depth(chi, thickness[stack, layer, None, None])
        source = torch.einsum(
            "pne,pe,ne->pn", depth, arriving[stack, layer], table.production[columns]
        )
        emitted[stack, layer, columns] = source * fractions[stack, layer, index, None]
    return emitted * leaving
