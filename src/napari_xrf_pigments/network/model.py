"""The network: a residual multilayer perceptron on the encoded spectrum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from .encoding import N_INPUTS
from .outputs import group_of_pigment, n_outputs, output_names


@dataclass(frozen=True)
class Architecture:
    """Sizes of the network.

    Parameters
    ----------
    width : int
        Features in each layer.
    blocks : int
        Residual blocks.
    hidden : int
        Hidden units of each block; 0 for as many as features.
    """

    width: int = 768
    blocks: int = 2
    hidden: int = 0

    @property
    def units(self) -> int:
        """Number of hidden units of each block."""
        return self.hidden or self.width

    @classmethod
    def from_state(cls, state: Mapping[str, torch.Tensor]) -> Architecture:
        """Derive the sizes of a network from its state."""
        width, blocks = len(state["first.weight"]), 0
        while f"blocks.{blocks}.first.weight" in state:
            blocks += 1
        units = len(state["blocks.0.first.weight"]) if blocks else width
        return cls(width, blocks, 0 if units == width else units)


class _Block(nn.Module):
    def __init__(self, width: int, units: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first = nn.Linear(width, units)
        self.second = nn.Linear(units, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = nn.functional.silu(self.first(self.norm(x)))
        added: torch.Tensor = x + self.second(hidden)
        return added


class PigmentNet(nn.Module):
    """Residual perceptron from encoded spectra to logits of presence, top, below and groups.

    Parameters
    ----------
    architecture : Architecture
        Sizes.
    """

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        width = architecture.width
        self.register_buffer("mean", torch.zeros(N_INPUTS))
        self.register_buffer("scale", torch.ones(N_INPUTS))
        self.first = nn.Linear(N_INPUTS, width)
        self.blocks = nn.ModuleList(
            _Block(width, architecture.units) for _ in range(architecture.blocks)
        )
        self.norm = nn.LayerNorm(width)
        self.last = nn.Linear(width, n_outputs())

    def forward(self, encoded: torch.Tensor) -> torch.Tensor:
        """Compute logits, shape (spectrum, output), of encoded spectra (spectrum, input)."""
        x = nn.functional.silu(self.first((encoded - self.mean) * self.scale))
        for block in self.blocks:
            x = block(x)
        return self.last(nn.functional.silu(self.norm(x)))  # type: ignore[no-any-return]

    def standardise(self, encoded: torch.Tensor) -> None:
        """Set the mean and the scale of the inputs from encoded spectra (spectrum, input).

        The scale of bins that hardly vary is limited, so that a single count in a bin that is
        always empty in training does not dominate the input.
        """
        self.mean.copy_(encoded.mean(0))
        self.scale.copy_(1 / encoded.std(0).clamp(min=0.1))


@dataclass(frozen=True)
class Probabilities:
    """Probabilities, each of shape (spectrum, pigment) or (spectrum, group)."""

    probability: torch.Tensor
    top: torch.Tensor
    below: torch.Tensor
    group_probability: torch.Tensor


def probabilities_from_logits(logits: torch.Tensor) -> Probabilities:
    """Convert logits, shape (spectrum, output), to consistent probabilities.

    A pigment is at least as likely anywhere as on top or below, and a group at least as
    likely as its likeliest member.
    """
    count = len(output_names()[0])
    parts = torch.sigmoid(logits).split([count, count, count, logits.shape[1] - 3 * count], dim=1)
    anywhere, top, below, groups = parts
    anywhere = torch.maximum(anywhere, torch.maximum(top, below))
    members = group_of_pigment().to(logits.device).expand(len(logits), -1)
    groups = groups.scatter_reduce(1, members, anywhere, reduce="amax")
    return Probabilities(anywhere, top, below, groups)
