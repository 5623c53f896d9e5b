"""The networks that are compared, all from the encoded spectrum to the same outputs."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from napari_xrf_pigments.network.encoding import N_BINS, N_INPUTS
from napari_xrf_pigments.network.model import Architecture, PigmentNet
from napari_xrf_pigments.network.outputs import n_outputs

#: The size that is released.
RELEASED = Architecture(896, 2)


class Standardised(nn.Module):
    """Input with mean 0 and moderate scale, as :class:`PigmentNet` keeps it."""

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(N_INPUTS))
        self.register_buffer("scale", torch.ones(N_INPUTS))

    def standardise(self, encoded: torch.Tensor) -> None:
        """Set both from examples."""
        self.mean.copy_(encoded.mean(0))
        self.scale.copy_(1 / encoded.std(0).clamp(min=0.1))

    def forward(self, encoded: torch.Tensor) -> torch.Tensor:
        """Logits, shape (spectrum, output), of encoded spectra (spectrum, input)."""
        return self.logits((encoded - self.mean) * self.scale)

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of standardised input."""
        raise NotImplementedError


class PlainMLP(Standardised):
    """Three hidden layers on the rebinned spectrum and the settings of the instrument."""

    def __init__(self, width: int = 1024) -> None:
        super().__init__()
        sizes = (N_INPUTS, width, width, width)
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(width, n_outputs()))

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """As above."""
        return self.layers(x)  # type: ignore[no-any-return]


class PlainCNN(Standardised):
    """Ours, after the common approach of published work: convolutions and pooling, then a layer.

    It sees the spectrum alone, resampled by nothing but the grid, as published networks do.
    """

    def __init__(self, channels: tuple[int, ...] = (16, 32, 64), dense: int = 256) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for after in channels:
            layers += [nn.Conv1d(before, after, 7, padding=3), nn.ReLU(), nn.MaxPool1d(3)]
            before = after
        self.layers = nn.Sequential(*layers, nn.Flatten())
        with torch.no_grad():
            features = self.layers(torch.zeros(1, 1, N_BINS)).shape[1]
        self.head = nn.Sequential(
            nn.Linear(features, dense), nn.ReLU(), nn.Linear(dense, n_outputs())
        )

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """As above."""
        return self.head(self.layers(x[:, None, :N_BINS]))  # type: ignore[no-any-return]


def network(name: str) -> nn.Module:
    """Return an untrained network: ``"ours"``, ``"mlp"`` or ``"cnn"``."""
    return {"ours": lambda: PigmentNet(RELEASED), "mlp": PlainMLP, "cnn": PlainCNN}[name]()


def millions(net: nn.Module) -> float:
    """Weights in millions."""
    return sum(one.numel() for one in net.parameters()) / 1e6
