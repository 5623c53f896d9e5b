"""A smaller network that begins near a larger one.

Of the features and of the hidden units of each block the most important ones are kept, and the
layers after them are fitted anew by least squares, so that they give what the larger network has
there (layer by layer, as He, Zhang and Sun prune convolutions, ICCV 2017, arXiv 1707.06168). What
is lost by that the smaller one learns from the answers of the larger (Hinton, Vinyals and Dean
2015, arXiv 1503.02531), see `training`.
"""

from __future__ import annotations

from typing import Any

import torch

from ..network.model import Architecture, PigmentNet

#: Ridge of the least squares, as a share of the mean square of a feature.
_RIDGE = 1e-3


@torch.no_grad()
def shrunk(net: PigmentNet, encoded: torch.Tensor, architecture: Architecture) -> PigmentNet:
    """A network of smaller layers whose answers are near those of another one.

    Parameters
    ----------
    net : PigmentNet
        The larger network.
    encoded : Tensor, shape (spectrum, input)
        Examples to fit on: several times as many as the larger network has features.
    architecture : Architecture
        Sizes: as many blocks, and no layer larger.

    Raises
    ------
    ValueError
        If a layer would be larger, or the number of blocks another.
    """
    own = net.architecture
    larger = architecture.width > own.width or architecture.units > own.units
    if larger or architecture.blocks != own.blocks:
        raise ValueError(f"{architecture} is no smaller form of {own}.")
    small = PigmentNet(architecture)
    small.mean.copy_(net.mean)
    small.scale.copy_(net.scale)
    streams, hidden = _activations(net, encoded)
    kept = _most(_importance(net, streams), architecture.width)
    small.first.weight.copy_(net.first.weight[kept])
    small.first.bias.copy_(net.first.bias[kept])
    x = streams[0][:, kept]
    for number, (block, less) in enumerate(zip(_blocks(net), _blocks(small), strict=True)):
        _keep_norm(block.norm, less.norm, kept)
        spread = hidden[number].std(0) * block.second.weight[kept].norm(dim=0)
        units = _most(spread, architecture.units)
        _fit(less.first, less.norm(x), block.first(block.norm(streams[number]))[:, units])
        after = torch.nn.functional.silu(less.first(less.norm(x)))
        _fit(less.second, after, streams[number + 1][:, kept] - x)
        x = x + less.second(after)
    _keep_norm(net.norm, small.norm, kept)
    _fit(small.last, torch.nn.functional.silu(small.norm(x)), net(encoded))
    return small


def _blocks(net: PigmentNet) -> list[Any]:
    return list(net.blocks)


def _activations(
    net: PigmentNet, encoded: torch.Tensor
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Features before and after each block, and the hidden units within."""
    silu = torch.nn.functional.silu
    x = silu(net.first((encoded - net.mean) * net.scale))
    streams, hidden = [x], []
    for block in _blocks(net):
        hidden.append(silu(block.first(block.norm(x))))
        x = x + block.second(hidden[-1])
        streams.append(x)
    return streams, hidden


def _importance(net: PigmentNet, streams: list[torch.Tensor]) -> torch.Tensor:
    """How much each feature moves what reads it, summed over all readers."""
    readers = [(block.norm, block.first) for block in _blocks(net)] + [(net.norm, net.last)]
    total = torch.zeros(net.architecture.width)
    for x, (norm, layer) in zip(streams, readers, strict=True):
        total += x.std(0) / x.std() * norm.weight.abs() * layer.weight.norm(dim=0)
    return total


def _most(importance: torch.Tensor, count: int) -> torch.Tensor:
    return importance.topk(count).indices.sort().values


def _keep_norm(norm: torch.nn.LayerNorm, less: torch.nn.LayerNorm, kept: torch.Tensor) -> None:
    less.weight.copy_(norm.weight[kept])
    less.bias.copy_(norm.bias[kept])


def _fit(layer: torch.nn.Linear, given: torch.Tensor, wanted: torch.Tensor) -> None:
    """Set a layer to what gives `wanted` best by least squares."""
    ones = torch.cat([given, torch.ones(len(given), 1)], dim=1).double()
    gram = ones.T @ ones
    gram += _RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    solution = torch.linalg.solve(gram, ones.T @ wanted.double()).float()
    layer.weight.copy_(solution[:-1].T)
    layer.bias.copy_(solution[-1])
