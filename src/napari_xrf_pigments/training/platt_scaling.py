"""Calibration of the probabilities on fresh simulated spectra.

A slope and a shift of every logit (Platt scaling) are fitted and folded into the
network's last layer, so that the weights carry them.
"""

from __future__ import annotations

from itertools import islice

import torch

from ..network.model import PigmentNet
from ..network.outputs import MASKED
from .spectra_stream import Chunk, Draws, training_stream

#: Well-kept instruments and usual impurities, but supports as foul as in the first part
#: of the training: foreign elements behind the paint are what probabilities must doubt.
CALIBRATION_DRAWS = Draws(traces=0.5, wear=0.1, contaminated=0.4)
#: Weight of the prior (slope 1, shift 0), in spectra; rare pigments stay near it.
_PRIOR = 10.0


def calibrate_network(
    net: PigmentNet,
    seed: int,
    draws: Draws = CALIBRATION_DRAWS,
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
    draws : Draws
        How harsh their stream is.
    chunks : int
        Chunks of 2048 spectra to fit on.
    teacher : PigmentNet, optional
        A calibrated network, whose probabilities are fitted instead of the true answers.
    """
    drawn = list(islice(training_stream((seed, 77), draws), chunks))
    logits, answers = _outputs(net, drawn)
    if teacher is not None:
        answers = torch.sigmoid(_outputs(teacher, drawn)[0])
    slope, shift = fit_platt(logits, answers)
    with torch.no_grad():
        net.last.weight.mul_(slope[:, None])
        net.last.bias.mul_(slope).add_(shift)


def fit_platt(logits: torch.Tensor, answers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Slope and shift of each output that make its answers likeliest.

    Parameters
    ----------
    logits : Tensor, shape (spectrum, output)
        Raw logits.
    answers : Tensor, shape (spectrum, output)
        0, 1, a probability, or :data:`MASKED`.

    Returns
    -------
    slope, shift : Tensor, shape (output,)
    """
    known = answers != MASKED
    wanted = answers.clamp(min=0).to(logits.dtype)
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
def _outputs(net: PigmentNet, chunks: list[Chunk]) -> tuple[torch.Tensor, torch.Tensor]:
    logits = torch.cat([net(chunk.encoded.float()) for chunk in chunks])
    return logits, torch.cat([chunk.answers for chunk in chunks])
