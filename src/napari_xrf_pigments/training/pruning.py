"""Structured pruning: a smaller network initialised from a larger one.

The most important features and hidden units of each block are retained, and the layers that follow
are fitted again by least squares to the activations of the larger network (layer by layer, as He,
Zhang and Sun prune convolutions, ICCV 2017, arXiv 1707.06168). Distillation then recovers the loss
(Hinton, Vinyals and Dean 2015, arXiv 1503.02531), see :mod:`._stage`.
"""

from __future__ import annotations

from typing import Any

import torch

from ..network.model import Architecture, PigmentNet

#: Ridge of the least squares, relative to the mean square of a feature.
_RIDGE = 1e-3


@torch.no_grad()
def prune(net: PigmentNet, encoded: torch.Tensor, architecture: Architecture) -> PigmentNet:
    """Make a network of smaller layers that approximates a larger one.

    Parameters
    ----------
    net : PigmentNet
        The larger network.
    encoded : Tensor, shape (spectrum, input)
        Spectra to fit on, several times as many as the larger network has features.
    architecture : Architecture
        Sizes of the smaller network; the number of blocks stays.

    Raises
    ------
    ValueError
        If a layer would be larger or the number of blocks would change.
    """
    own = net.architecture
    larger = architecture.width > own.width or architecture.units > own.units
    if larger or architecture.blocks != own.blocks:
        raise ValueError(f"A network of {own} cannot be pruned to {architecture}.")
    small = PigmentNet(architecture)
    small.mean.copy_(net.mean)
    small.scale.copy_(net.scale)
    streams, hidden = _activations(net, encoded)
    features = _most_important(_importance(net, streams), architecture.width)
    small.first.weight.copy_(net.first.weight[features])
    small.first.bias.copy_(net.first.bias[features])
    x = streams[0][:, features]
    for number, (block, smaller) in enumerate(zip(_blocks(net), _blocks(small), strict=True)):
        _prune_norm(block.norm, smaller.norm, features)
        spread = hidden[number].std(0) * block.second.weight[features].norm(dim=0)
        units = _most_important(spread, architecture.units)
        _fit(smaller.first, smaller.norm(x), block.first(block.norm(streams[number]))[:, units])
        after = torch.nn.functional.silu(smaller.first(smaller.norm(x)))
        _fit(smaller.second, after, streams[number + 1][:, features] - x)
        x = x + smaller.second(after)
    _prune_norm(net.norm, small.norm, features)
    _fit(small.last, torch.nn.functional.silu(small.norm(x)), net(encoded))
    return small


def _blocks(net: PigmentNet) -> list[Any]:
    return list(net.blocks)


def _activations(
    net: PigmentNet, encoded: torch.Tensor
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Compute the features before and after each block and the hidden units of each block."""
    silu = torch.nn.functional.silu
    x = silu(net.first((encoded - net.mean) * net.scale))
    streams, hidden = [x], []
    for block in _blocks(net):
        hidden.append(silu(block.first(block.norm(x))))
        x = x + block.second(hidden[-1])
        streams.append(x)
    return streams, hidden


def _importance(net: PigmentNet, streams: list[torch.Tensor]) -> torch.Tensor:
    """Estimate the influence of each feature on the layers that it feeds, summed over them."""
    layers = [(block.norm, block.first) for block in _blocks(net)] + [(net.norm, net.last)]
    total = torch.zeros(net.architecture.width)
    for x, (norm, layer) in zip(streams, layers, strict=True):
        total += x.std(0) / x.std() * norm.weight.abs() * layer.weight.norm(dim=0)
    return total


def _most_important(importance: torch.Tensor, count: int) -> torch.Tensor:
    return importance.topk(count).indices.sort().values


def _prune_norm(
    norm: torch.nn.LayerNorm, smaller: torch.nn.LayerNorm, features: torch.Tensor
) -> None:
    smaller.weight.copy_(norm.weight[features])
    smaller.bias.copy_(norm.bias[features])


def _fit(layer: torch.nn.Linear, inputs: torch.Tensor, target: torch.Tensor) -> None:
    """Fit a layer by ridge regression of `target` on `inputs`."""
    ones = torch.cat([inputs, torch.ones(len(inputs), 1)], dim=1).double()
    gram = ones.T @ ones
    gram += _RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    solution = torch.linalg.solve(gram, ones.T @ target.double()).float()
    layer.weight.copy_(solution[:-1].T)
    layer.bias.copy_(solution[-1])
