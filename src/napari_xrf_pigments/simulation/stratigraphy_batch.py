"""Batches of random stratigraphies as tensors for the fluorescence engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from ..cube.acquisition import SUPPORTS, Support
from ..physics.layered_samples import Stacks
from ..pigments.catalogue import pigment_catalogue
from .stratigraphy import Stratigraphy, random_stratigraphy
from .swatches import random_swatch

_SUPPORT_OF_MATERIAL: dict[str, Support] = {
    "canvas": "canvas", "wood": "panel", "paper": "paper", "card": "paper", "parchment": "paper",
    "plaster": "wall", "gypsum_plaster": "wall", "copper_plate": "copper",
}  # fmt: skip
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
    support : Tensor of int, shape (stack,)
        Index into :data:`napari_xrf_pigments.cube.acquisition.SUPPORTS`; -1 for any other.
    """

    stacks: Stacks
    pigment: torch.Tensor
    layer: torch.Tensor
    on_top: torch.Tensor
    support: torch.Tensor

    def __len__(self) -> int:
        return len(self.stacks)

    def take(self, index: torch.Tensor) -> StackPool:
        """Return the sections of an index."""
        stacks = replace(
            self.stacks,
            fractions=self.stacks.fractions[index],
            mass_thickness=self.stacks.mass_thickness[index],
        )
        labels = (self.pigment, self.layer, self.on_top, self.support)
        return StackPool(stacks, *(label[index] for label in labels))


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
        torch.tensor([_support(section) for section in sections]),
    )


def _support(section: Stratigraphy) -> int:
    materials = [layer.material for layer in section if layer.role == "support"]
    kind = _SUPPORT_OF_MATERIAL.get(materials[0]) if materials else None
    return SUPPORTS.index(kind) if kind else -1


def random_pool(
    rng: np.random.Generator,
    size: int,
    z: tuple[int, ...] | None = None,
    traces: float = 1.0,
    contaminated: float = 0.4,
    eras: float = 0.0,
    swatches: float = 0.0,
) -> StackPool:
    """Draw `size` random sections of paintings, and of swatches as a share of them.

    See :func:`.stratigraphy.random_stratigraphy` and :func:`.swatches.random_swatch`.
    """
    sections = [
        random_swatch(rng, traces, contaminated)
        if swatches and rng.random() < swatches
        else random_stratigraphy(rng, traces, contaminated, eras)
        for _ in range(size)
    ]
    return pool_of(sections, z)
