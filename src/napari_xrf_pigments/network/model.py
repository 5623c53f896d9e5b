"""The network: a residual multilayer perceptron on the encoded spectrum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from .._typing import Float32Array
from .encoding import N_BINS, N_INPUTS, N_STEPPED, STEPS_PER_DECADE, STEPS_PER_ROOT
from .outputs import group_of_pigment, n_outputs, output_names
from .rounding import input_sizes, measure_limits, round_input, round_weight, unlimited


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
    limits_first: torch.Tensor
    limits_second: torch.Tensor

    def __init__(self, width: int, units: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first = nn.Linear(width, units)
        self.second = nn.Linear(units, width)
        self.register_buffer("limits_first", unlimited(width))
        self.register_buffer("limits_second", unlimited(units))

    def forward(self, x: torch.Tensor, rounds: bool = False) -> torch.Tensor:
        hidden = _limited_linear(self.first, self.norm(x), self.limits_first, rounds)
        hidden = nn.functional.silu(hidden)
        added: torch.Tensor = x + _limited_linear(self.second, hidden, self.limits_second, rounds)
        return added

    @torch.no_grad()
    def measure_limits(self, x: torch.Tensor) -> None:
        """Set the limits from features before the block, shape (spectrum, feature)."""
        self.limits_first.copy_(measure_limits(self.norm(x)))
        hidden = _limited_linear(self.first, self.norm(x), self.limits_first, False)
        self.limits_second.copy_(measure_limits(nn.functional.silu(hidden)))

    @torch.no_grad()
    def round_weights(self) -> None:
        """Round the weights to whole steps."""
        for layer, limits in ((self.first, self.limits_first), (self.second, self.limits_second)):
            layer.weight.copy_(round_weight(layer.weight, input_sizes(limits)))


def _limited_linear(
    layer: nn.Linear, values: torch.Tensor, limits: torch.Tensor, rounds: bool
) -> torch.Tensor:
    """Apply a layer to inputs within their limits, both rounded or not."""
    values = torch.clamp(values, limits[0], limits[1])
    if not rounds:
        return nn.functional.linear(values, layer.weight, layer.bias)
    weight = round_weight(layer.weight, input_sizes(limits))
    return nn.functional.linear(round_input(values, limits), weight, layer.bias)


class PigmentNet(nn.Module):
    """Residual perceptron from encoded spectra to logits of presence, top, below and groups.

    Parameters
    ----------
    architecture : Architecture
        Sizes.

    Attributes
    ----------
    rounds : bool
        Whether the forward pass rounds the weights and the inputs of all layers but the last to
        whole steps, as the training of a network that is to be computed in 8 bits does
        (:mod:`.rounding`).
    """

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.rounds = False
        width = architecture.width
        self.register_buffer("mean", torch.zeros(N_INPUTS))
        self.register_buffer("scale", torch.ones(N_INPUTS))
        self.first = nn.Linear(N_INPUTS, width)
        self.blocks = nn.ModuleList(
            _Block(width, architecture.units) for _ in range(architecture.blocks)
        )
        self.norm = nn.LayerNorm(width)
        self.last = nn.Linear(width, n_outputs())

    @property
    def is_limited(self) -> bool:
        """Whether the inputs of the blocks have limits, so that 8 bits can represent them."""
        limits = [value for name, value in self.named_buffers() if "limits" in name]
        return bool(limits) and all(bool(torch.isfinite(value).all()) for value in limits)

    def forward(self, encoded: torch.Tensor) -> torch.Tensor:
        """Compute logits, shape (spectrum, output), of encoded spectra (spectrum, input)."""
        x = self._first_features(encoded)
        for block in self.blocks:
            x = block(x, self.rounds)
        return self.last(nn.functional.silu(self.norm(x)))  # type: ignore[no-any-return]

    def _first_features(self, encoded: torch.Tensor) -> torch.Tensor:
        if not self.rounds:
            return nn.functional.silu(self.first((encoded - self.mean) * self.scale))
        weight, bias = self.first_layer()
        return nn.functional.silu(nn.functional.linear(encoded, weight, bias))

    def first_layer(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the first layer as applied to encoded spectra, the weights of steps rounded.

        Returns
        -------
        weight : Tensor, shape (feature, input)
        bias : Tensor, shape (feature,)
        """
        exact = self.first.weight * self.scale
        stepped = round_weight(exact[:, :N_STEPPED], step_sizes().to(exact.device))
        weight = torch.cat([stepped, exact[:, N_STEPPED:]], dim=1)
        return weight, self.first.bias - weight @ self.mean

    @torch.no_grad()
    def measure_limits(self, encoded: torch.Tensor) -> None:
        """Set the limits of the inputs of the blocks from encoded spectra (spectrum, input)."""
        x = self._first_features(encoded)
        blocks: list[Any] = list(self.blocks)
        for block in blocks:
            block.measure_limits(x)
            x = block(x)

    @torch.no_grad()
    def round_weights(self) -> None:
        """Round the weights of all layers but the last to whole steps."""
        self.first.weight.copy_(self.first_layer()[0] / self.scale)
        blocks: list[Any] = list(self.blocks)
        for block in blocks:
            block.round_weights()

    def standardise(self, encoded: torch.Tensor) -> None:
        """Set the mean and the scale of the inputs from encoded spectra (spectrum, input).

        The scale of bins that hardly vary is limited, so that a single count in a bin that is
        always empty in training does not dominate the input.
        """
        self.mean.copy_(encoded.mean(0))
        self.scale.copy_(1 / encoded.std(0).clamp(min=0.1))


def step_sizes() -> torch.Tensor:
    """Return the size of a step of each stepped input, shape (N_STEPPED,)."""
    size = torch.full((N_STEPPED,), 1 / STEPS_PER_ROOT)
    size[N_BINS] = 1 / STEPS_PER_DECADE
    return size


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


def make_consistent(outputs: Float32Array) -> None:
    """Make probabilities consistent in place, as :func:`probabilities_from_logits` does.

    Parameters
    ----------
    outputs : ndarray, shape (output, spectrum), float32
        Logistic function of the logits.
    """
    count = len(output_names()[0])
    anywhere, top, below = (outputs[i * count : (i + 1) * count] for i in range(3))
    np.maximum(anywhere, top, out=anywhere)
    np.maximum(anywhere, below, out=anywhere)
    for group, member in zip(group_of_pigment().tolist(), anywhere, strict=True):
        np.maximum(outputs[3 * count + group], member, out=outputs[3 * count + group])
