"""Rounding of weights and activations to whole numbers of steps, so that products fit 8 bits.

Each input of a layer is a whole number of up to 255 steps above a lower limit, and the weights of
an output, each in the step of its input, are whole numbers of up to 64 steps. Two products and
their sum then fit 16 bits: processors that add pairs of products in 16 bits (AVX2, without VNNI)
never saturate. The last layer is small and the most sensitive, and is never rounded.

The training rounds in its forward pass and passes gradients straight through (Bengio, Léonard and
Courville 2013, arXiv 1308.3432; Jacob et al. 2018, arXiv 1712.05877).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

#: Largest number of steps of a weight, and number of steps between the limits of an input.
WEIGHT_STEPS, INPUT_STEPS = 64, 255
#: Share of the activations beyond a limit, on each side, when limits are measured.
_BEYOND = 1e-4


def weight_steps(weight: torch.Tensor, sizes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Express the weights of a layer in steps.

    Parameters
    ----------
    weight : Tensor, shape (output, input)
        Weights.
    sizes : Tensor, shape (input,)
        Sizes of the steps of the inputs.

    Returns
    -------
    steps : Tensor, shape (output, input)
        Whole numbers between -64 and 64.
    unit : Tensor, shape (output, 1)
        Output of one step of a weight times one step of an input.
    """
    scaled = weight.detach() * sizes
    unit = scaled.abs().amax(1, keepdim=True).clamp(min=1e-12) / WEIGHT_STEPS
    return (scaled / unit).round(), unit


def round_weight(weight: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    """Round weights (output, input) to whole steps; the gradient passes straight through."""
    steps, unit = weight_steps(weight, sizes)
    return weight + (steps * unit / sizes - weight.detach())


def input_sizes(limits: torch.Tensor) -> torch.Tensor:
    """Return the sizes of the steps, shape (input,), between limits of shape (2, input)."""
    return (limits[1] - limits[0]) / INPUT_STEPS


def round_input(values: torch.Tensor, limits: torch.Tensor) -> torch.Tensor:
    """Round values (spectrum, input) within their limits; the gradient passes straight through."""
    sizes = input_sizes(limits)
    rounded = ((values.detach() - limits[0]) / sizes).round() * sizes + limits[0]
    return values + (rounded - values.detach())


def measure_limits(values: torch.Tensor) -> torch.Tensor:
    """Measure the limits, shape (2, input), between which nearly all values of an input lie.

    Parameters
    ----------
    values : Tensor, shape (spectrum, input)
        Inputs of a layer.
    """
    ordered = values.detach().sort(dim=0).values
    beyond = int(_BEYOND * len(ordered))
    low, high = ordered[beyond], ordered[-1 - beyond]
    return torch.stack([low, torch.maximum(high, low + 1e-3)])


def unlimited(inputs: int) -> torch.Tensor:
    """Return infinite limits of a number of inputs, shape (2, inputs)."""
    return torch.tensor([[-torch.inf], [torch.inf]]).repeat(1, inputs)


def with_limits(
    state: Mapping[str, torch.Tensor], limits: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Add limits to the state of a network that was stored before there were limits."""
    return {**{name: value for name, value in limits.items() if "limits" in name}, **state}
