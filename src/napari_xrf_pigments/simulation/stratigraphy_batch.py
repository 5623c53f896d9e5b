"""Batches of random stratigraphies as tensors for the fluorescence engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from ..physics.layered_samples import Stacks
from ..pigments.catalogue import pigment_catalogue
from .stratigraphy import Stratigraphy, random_stratigraphy

#: Maximum number of pigment occurrences in a section.
MAX_OCCURRENCES = 18


@dataclass(frozen=True)
class StackPool:
    """A batch of sections with their labels.

    Parameters
    ----------
    stacks : Stacks
        Composition and thickness of the layers from the top.
    pigment : Tensor of int, shape (stack, occurrence)
        Index into the catalogue of each pigment in each layer; -1 for none.
    layer : Tensor of int, shape (stack, occurrence)
        Index of the layer that holds it.
    on_top : Tensor of bool, shape (stack, occurrence)
        Whether that layer is the top paint layer.
    """

    stacks: Stacks
    pigment: torch.Tensor
    layer: torch.Tensor
    on_top: torch.Tensor

    def __len__(self) -> int:
        return len(self.stacks)

    def take(self, index: torch.Tensor) -> StackPool:
        """Return the sections of an index."""
        stacks = replace(
            self.stacks,
            fractions=self.stacks.fractions[index],
            mass_thickness=self.stacks.mass_thickness[index],
        )
        return StackPool(stacks, self.pigment[index], self.layer[index], self.on_top[index])


def pool_of(sections: Sequence[Stratigraphy], z: tuple[int, ...] | None = None) -> StackPool:
    """Convert sections to tensors.

    Parameters
    ----------
    sections : sequence of Stratigraphy
        Layers from the top.
    z : tuple of int, optional
        Elements to make columns for; by default those that occur.
    """
    order = {entry.id: index for index, entry in enumerate(pigment_catalogue())}
    found = np.full((len(sections), MAX_OCCURRENCES), -1, dtype=np.int64)
    where = np.zeros_like(found)
    top = np.zeros(found.shape, dtype=bool)
    for i, section in enumerate(sections):
        paints = [j for j, layer in enumerate(section) if layer.role == "paint"]
        count = 0
        for j, layer in enumerate(section):
            for name, _ in layer.pigments[: MAX_OCCURRENCES - count]:
                found[i, count], where[i, count] = order[name], j
                top[i, count] = bool(paints) and j == paints[0]
                count += 1
    layers = [
        [(layer.fractions, layer.density_g_cm3, layer.thickness_um) for layer in section]
        for section in sections
    ]
    return StackPool(
        Stacks.from_layers(layers, z),
        torch.from_numpy(found),
        torch.from_numpy(where),
        torch.from_numpy(top),
    )


def random_pool(
    rng: np.random.Generator,
    size: int,
    z: tuple[int, ...] | None = None,
    traces: float = 1.0,
    contaminated: float = 0.4,
    eras: float = 0.0,
) -> StackPool:
    """Draw `size` random sections (see :func:`random_stratigraphy`)."""
    sections = [random_stratigraphy(rng, traces, contaminated, eras) for _ in range(size)]
    return pool_of(sections, z)
