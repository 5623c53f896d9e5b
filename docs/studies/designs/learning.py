"""One small training for all designs alike, and a predictor for what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from napari_xrf_pigments.cube import Acquisition, EnergyAxis, PigmentMaps
from napari_xrf_pigments.network.encoding import encode
from napari_xrf_pigments.network.model import probabilities_from_logits
from napari_xrf_pigments.network.outputs import output_names
from napari_xrf_pigments.training._stage import masked_loss

from .networks import network
from .streams import seen

#: Those of the released training.
BATCH, USES, RATE, DECAY = 512, 2, 1.2e-3, 0.02
_STEP = 2048


def learn(
    design: str, encoded: torch.Tensor, answers: torch.Tensor, seed: int, left_out: str = ""
) -> nn.Module:
    """Train a design on spectra in an order of the seed's, each shown :data:`USES` times.

    Parameters
    ----------
    design : {"ours", "mlp", "cnn"}
        Which network.
    encoded : Tensor, shape (spectrum, input), float16
        The spectra.
    answers : Tensor, shape (spectrum, output), int8
        See :mod:`napari_xrf_pigments.network.outputs`.
    seed : int
        Of the first weights and of the order.
    left_out : str
        What the network is not shown, see :data:`.streams.LEFT_OUT`.
    """
    torch.manual_seed(seed)
    net: Any = network(design)
    net.standardise(seen(encoded[:20_000].float(), left_out))
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    half = str(torch.backends.cpu.get_cpu_capability()).startswith(("AVX512", "AMX"))
    steps = max(1, len(encoded) * USES // BATCH)
    order = torch.cat([torch.randperm(len(encoded)) for _ in range(USES)])
    for step in range(steps):
        rows = order[step * BATCH : (step + 1) * BATCH]
        for group in optimiser.param_groups:
            group["lr"] = RATE * _share(step / steps)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            logits = net(seen(encoded[rows].float(), left_out))
        loss = masked_loss(logits.float(), answers[rows])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
    trained: nn.Module = net.eval().requires_grad_(False)
    return trained


def _share(done: float) -> float:
    return min(1.0, done / 0.02) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


class Learned:
    """A trained design as `evaluate` and `map_pigments` ask it: without doubt and unexplained."""

    device = "cpu"
    weights_hash = ""

    def __init__(self, net: nn.Module, left_out: str = "") -> None:
        self.net, self.left_out = net, left_out
        self.names, self.groups = output_names()

    def bind(
        self, energies: EnergyAxis, acquisition: Acquisition
    ) -> Callable[[NDArray[Any]], PigmentMaps]:
        """Return a function from counts (spectrum, channel) to maps (pigment, spectrum)."""

        def predict(counts: NDArray[Any]) -> PigmentMaps:
            spectra = torch.from_numpy(np.maximum(counts, 0).astype(np.float32))
            with torch.inference_mode():
                parts = [
                    self.net(seen(encode(part, energies, acquisition), self.left_out))
                    for part in spectra.split(_STEP)
                ]
            found = probabilities_from_logits(torch.cat(parts))
            return PigmentMaps(
                names=self.names,
                probability=found.probability.T.numpy(),
                top=found.top.T.numpy(),
                below=found.below.T.numpy(),
                groups=self.groups,
                group_probability=found.group_probability.T.numpy(),
                unexplained=np.zeros(len(counts), np.float32),
            )

        return predict
