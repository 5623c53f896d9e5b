"""Weights of an earlier table of pigments as the start of a training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from ..network.encoding import N_INPUTS
from ..network.model import Architecture, PigmentNet
from ..network.outputs import output_names
from ..network.weights import read_weights

#: Bias of the output of a new pigment: it is rare.
_NEW_BIAS = -4.0


def load_start(path: Path) -> PigmentNet:
    """Read weights as the start of a training, with another table of pigments if need be.

    Outputs are matched by name. A new pigment starts with small weights and a low probability, a
    new setting of the instrument at the end of the input with no weight.

    Parameters
    ----------
    path : Path
        File of weights.

    Raises
    ------
    ValueError
        If the file does not hold weights, or has more inputs than this network.
    """
    metadata, state = read_weights(path)
    inputs = state["first.weight"].shape[1]
    if inputs > N_INPUTS:
        raise ValueError(f"{path.name} was trained for another energy grid, so it is no start.")
    net = PigmentNet(Architecture.from_state(state))
    with torch.no_grad():
        net.first.weight.zero_()
        net.last.weight.mul_(0.1)
        net.last.bias.fill_(_NEW_BIAS)
    merged = dict(net.state_dict())
    before = _outputs(metadata["pigments"], metadata["groups"])
    now = _outputs(*output_names())
    shared = [name for name in before if name in set(now)]
    source = [before.index(name) for name in shared]
    target = [now.index(name) for name in shared]
    for name, value in state.items():
        if name.startswith("last."):
            merged[name][target] = value[source]
        else:
            # All but the first layer and the scaling of the input have the same shape.
            merged[name][..., : value.shape[-1]] = value
    net.load_state_dict(merged)
    return net.train().requires_grad_(True)


def _outputs(pigments: Sequence[str], groups: Sequence[str]) -> list[tuple[str, str]]:
    """List the outputs of a network in their order."""
    fields = ("anywhere", "top", "below")
    return [(field, name) for field in fields for name in pigments] + [
        ("group", name) for name in groups
    ]
