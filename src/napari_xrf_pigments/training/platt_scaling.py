"""Calibration of the probabilities on new simulated spectra by Platt scaling.

A slope and a shift of every logit are fitted and folded into the network's last layer.
"""

from __future__ import annotations

from itertools import islice

import torch

from ..network.model import PigmentNet
from ..network.outputs import MASKED
from .spectra_stream import Chunk, StreamSettings, training_stream

#: Few worn instruments and common impurities, but as many foreign elements in the supports as in
#: the first part of the training: probabilities must be calibrated against those.
CALIBRATION_SETTINGS = StreamSettings(traces=0.5, wear=0.1, contaminated=0.4)
#: Weight of the prior (slope 1, shift 0), in spectra; outputs of rare pigments stay near it.
_PRIOR = 10.0


def calibrate_network(
    net: PigmentNet,
    seed: int,
    settings: StreamSettings = CALIBRATION_SETTINGS,
    *,
    chunks: int = 60,
    teacher: PigmentNet | None = None,
) -> None:
    """Fit slope and shift of every output and fold them into the last layer.

    Parameters
    ----------
    net : PigmentNet
        A trained network; changed in place.
    seed : int
        Seed of the spectra.
    settings : StreamSettings
        Distribution of the spectra.
    chunks : int
        Chunks of 2048 spectra to fit on.
    teacher : PigmentNet, optional
        A calibrated network whose probabilities are the targets instead of the truth.
    """
    drawn = list(islice(training_stream((seed, 77), settings), chunks))
    logits, targets = _logits_and_targets(net, drawn)
    if teacher is not None:
        targets = torch.sigmoid(_logits_and_targets(teacher, drawn)[0])
    slope, shift = fit_platt(logits, targets)
    with torch.no_grad():
        net.last.weight.mul_(slope[:, None])
        net.last.bias.mul_(slope).add_(shift)


def fit_platt(logits: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Fit the slope and the shift of each output by maximum likelihood.

    Parameters
    ----------
    logits : Tensor, shape (spectrum, output)
        Raw logits.
    targets : Tensor, shape (spectrum, output)
        0, 1, a probability, or :data:`MASKED`.

    Returns
    -------
    slope, shift : Tensor, shape (output,)
    """
    known = targets != MASKED
    wanted = targets.clamp(min=0).to(logits.dtype)
    log_slope = torch.zeros(logits.shape[1], requires_grad=True)
    shift = torch.zeros(logits.shape[1], requires_grad=True)
    solver = torch.optim.LBFGS([log_slope, shift], max_iter=60, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        solver.zero_grad()
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(
            logits * log_slope.exp() + shift, wanted, reduction="none"
        )
        value = (entropy * known).sum() + _PRIOR * (4 * log_slope**2 + shift**2).sum()
        value.backward()
        return value

    solver.step(loss)
    return log_slope.detach().exp(), shift.detach()


@torch.no_grad()
def _logits_and_targets(net: PigmentNet, chunks: list[Chunk]) -> tuple[torch.Tensor, torch.Tensor]:
    logits = torch.cat([net(chunk.encoded.float()) for chunk in chunks])
    return logits, torch.cat([chunk.targets for chunk in chunks])
