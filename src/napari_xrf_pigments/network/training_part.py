"""One part of the training: gradient steps on a stream of simulated spectra."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import torch
from torch import nn

from .config import BEAMS_PER_BATCH, PartConfig, TrainingConfig
from .feeder import Feeder
from .labels import MASKED
from .model import PigmentNet
from .stream import Chunk

#: Chunks kept to draw batches from, so that a batch mixes many instruments.
_KEPT_CHUNKS = 96
_EMA_STEPS = 1000


@dataclass(frozen=True)
class Progress:
    """How far the training is.

    Parameters
    ----------
    spectra, total : int
        Spectra drawn so far and in all.
    loss : float
        Running mean of the loss.
    seconds : float
        Time since the start.
    """

    spectra: int
    total: int
    loss: float
    seconds: float


def masked_loss(logits: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy, summed over the outputs that have an answer, a spectrum's mean."""
    known = answers != MASKED
    loss = nn.functional.binary_cross_entropy_with_logits(
        logits, answers.clamp(min=0).to(logits.dtype), reduction="none"
    )
    return (loss * known).sum() / len(logits)


def train_part(
    net: PigmentNet,
    part: PartConfig,
    stream: int,
    config: TrainingConfig,
    save_to: Callable[[PigmentNet, int], None],
    checkpoint_s: float,
) -> Iterator[Progress]:
    """Train a network on one stream of spectra.

    Parameters
    ----------
    net : PigmentNet
        The network; changed in place.
    part : PartConfig
        Settings of this part.
    stream : int
        Seed of its spectra.
    config : TrainingConfig
        Settings of all parts.
    save_to : callable
        Given the running mean of the weights and the number of spectra seen, keeps them.
    checkpoint_s : float
        Seconds between savings.
    """
    drawing = torch.Generator().manual_seed(stream)
    # A running mean of the weights forgets the noise of the last steps.
    mean = torch.optim.swa_utils.AveragedModel(net, avg_fn=_running_mean)
    averaged = cast(PigmentNet, mean.module)
    optimiser = torch.optim.AdamW(
        net.parameters(), lr=part.learning_rate, weight_decay=config.weight_decay
    )
    fresh = bool((net.scale == 1).all())
    kept: list[Chunk] = []
    seen, running, owed = 0, float("nan"), 0.0
    start = saved = time.monotonic()

    with Feeder(stream, config.workers, part.draws) as feeder:
        for chunk in feeder:
            kept = [*kept[-_KEPT_CHUNKS + 1 :], chunk]
            seen += len(chunk.encoded)
            if len(kept) < min(16, part.spectra // 2048):
                continue
            if fresh:
                fresh = False
                encoded = torch.cat([one.encoded for one in kept]).float()
                net.standardise(encoded)
                averaged.standardise(encoded)
            owed += len(chunk.encoded) * config.uses / config.batch
            while owed >= 1:
                owed -= 1
                for group in optimiser.param_groups:
                    group["lr"] = part.learning_rate * _rate(seen / part.spectra)
                loss = _step(net, optimiser, *_batch(kept, config.batch, drawing))
                mean.update_parameters(net)
                running = loss if running != running else 0.99 * running + 0.01 * loss
            now = time.monotonic()
            yield Progress(min(seen, part.spectra), part.spectra, running, now - start)
            if seen >= part.spectra:
                break
            if now - saved > checkpoint_s:
                saved = now
                save_to(averaged, seen)
    save_to(averaged, seen)


def _running_mean(mean: torch.Tensor, new: torch.Tensor, steps: torch.Tensor | int) -> torch.Tensor:
    """Mean over the last steps: all of them at first, then the last `_EMA_STEPS` or so."""
    keep = min(1 - 1 / _EMA_STEPS, (1 + float(steps)) / (10 + float(steps)))
    return mean * keep + new * (1 - keep)


def _rate(done: float) -> float:
    warm = min(1.0, done / 0.01)
    return warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0))))


def _batch(
    kept: list[Chunk], size: int, drawing: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch from sixteen chunks, so from as many beams."""
    chosen = torch.randint(len(kept), (BEAMS_PER_BATCH,), generator=drawing).tolist()
    encoded, answers = [], []
    for index in chosen:
        chunk = kept[index]
        rows = torch.randint(len(chunk.encoded), (size // BEAMS_PER_BATCH,), generator=drawing)
        encoded.append(chunk.encoded[rows])
        answers.append(chunk.answers[rows])
    return torch.cat(encoded).float(), torch.cat(answers)


@lru_cache
def _fast_in_half() -> bool:
    """Whether products in half precision (bf16) are worth it: without AVX-512 they are emulated.

    On a processor with AVX2 alone they take six times as long as in single precision.
    """
    return str(torch.backends.cpu.get_cpu_capability()).startswith(("AVX512", "AMX"))


def _step(
    net: PigmentNet,
    optimiser: torch.optim.Optimizer,
    encoded: torch.Tensor,
    answers: torch.Tensor,
) -> float:
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=_fast_in_half()):
        logits = net(encoded)
    loss = masked_loss(logits.float(), answers)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    optimiser.step()
    return float(loss.detach())
