"""Batches of layered samples, and the geometry of beam and detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Stacks:
    """A batch of layered samples, top layer first.

    Parameters
    ----------
    z : tuple of int
        Atomic numbers of the columns of `fractions`.
    fractions : Tensor, shape (stack, layer, element)
        Mass fractions; all zero for a missing layer.
    mass_thickness : Tensor, shape (stack, layer)
        Density times thickness in g/cm2; 0 for a missing layer.
    """

    z: tuple[int, ...]
    fractions: torch.Tensor
    mass_thickness: torch.Tensor

    def __post_init__(self) -> None:
        if self.fractions.shape != (*self.mass_thickness.shape, len(self.z)):
            raise ValueError("fractions must have the shape (stack, layer, element).")

    def __len__(self) -> int:
        return int(self.mass_thickness.shape[0])

    @classmethod
    def from_layers(
        cls,
        stacks: Sequence[Sequence[tuple[dict[int, float], float, float]]],
        z: tuple[int, ...] | None = None,
    ) -> Stacks:
        """Make a batch from lists of layers, top first.

        Parameters
        ----------
        stacks : sequence of sequences of (fractions, density, thickness)
            Mass fractions by atomic number, density in g/cm3, thickness in um.
        z : tuple of int, optional
            Elements of the columns; by default those that occur.
        """
        z = z or tuple(sorted({n for stack in stacks for layer in stack for n in layer[0]}))
        column = {number: index for index, number in enumerate(z)}
        depth = max(len(stack) for stack in stacks)
        fractions = np.zeros((len(stacks), depth, len(z)), dtype=np.float32)
        areal = np.zeros((len(stacks), depth), dtype=np.float32)
        for i, stack in enumerate(stacks):
            for j, (parts, density, thickness_um) in enumerate(stack):
                areal[i, j] = density * thickness_um * 1e-4
                for number, fraction in parts.items():
                    fractions[i, j, column[number]] = fraction
        return cls(z, torch.from_numpy(fractions), torch.from_numpy(areal))


@dataclass(frozen=True)
class Geometry:
    """Directions of beam and detector.

    Parameters
    ----------
    incidence_deg, takeoff_deg : float
        Angles with the surface, degrees (90 = along the normal).
    azimuth_deg : float
        Angle between the vertical planes of beam and detector, degrees; at 180 both lie in one
        plane, on either side of the normal, so that 90 and 45 give a scattering angle of 135.
    """

    incidence_deg: float = 90.0
    takeoff_deg: float = 45.0
    azimuth_deg: float = 180.0

    @property
    def sin_in(self) -> float:
        """Sine of the incidence angle."""
        return float(np.sin(np.radians(self.incidence_deg)))

    @property
    def sin_out(self) -> float:
        """Sine of the take-off angle."""
        return float(np.sin(np.radians(self.takeoff_deg)))

    @property
    def scattering_deg(self) -> float:
        """Scattering angle of detected photons, degrees."""
        cosines = np.cos(np.radians([self.incidence_deg, self.takeoff_deg, self.azimuth_deg]))
        between = self.sin_in * self.sin_out + float(np.prod(cosines))
        return float(180 - np.degrees(np.arccos(np.clip(between, -1, 1))))
