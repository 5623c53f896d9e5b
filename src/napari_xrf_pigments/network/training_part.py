"""One part of the training: gradient steps on a stream of simulated spectra."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import torch
from torch import nn

from .config import BEAMS_PER_BATCH, TrainingConfig
from .feeder import Feeder
from .labels import MASKED
from .model import PigmentNet
from .stream import Chunk, Draws
from .weights import save_weights

#: Chunks kept to draw batches from, so that a batch mixes many instruments.
_KEPT_CHUNKS = 96
_EMA_STEPS = 1000
#: Between the seeds of closing parts.
CLOSING_SEEDS = 1_000_003


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


@dataclass(frozen=True)
class Part:
    """A part of the training, with its own stream of spectra.

    Parameters
    ----------
    name : str
        What it is called.
    spectra : int
        Spectra drawn.
    learning_rate : float
        Highest learning rate.
    seed : int
        The training's seed.
    draws : Draws
        How the stream differs.
    """

    name: str
    spectra: int
    learning_rate: float
    seed: int
    draws: Draws

    @property
    def stream(self) -> int:
        """Seed of its spectra: the closing part sees new ones."""
        return self.seed + (CLOSING_SEEDS if self.name == "closing" else 0)


def train_part(
    net: PigmentNet, part: Part, config: TrainingConfig, out: Path, checkpoint_s: float
) -> Iterator[Progress]:
    """Train a network on one stream of spectra and save the mean of its weights."""
    drawing = torch.Generator().manual_seed(part.stream)
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

    def save() -> None:
        made = {**asdict(config), "seed": part.seed, "part": part.name, "seen": seen}
        save_weights(averaged, out, made)

    with Feeder(part.stream, config.workers, part.draws) as feeder:
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
                save()
    save()


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


def _step(
    net: PigmentNet,
    optimiser: torch.optim.Optimizer,
    encoded: torch.Tensor,
    answers: torch.Tensor,
) -> float:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = net(encoded)
    loss = masked_loss(logits.float(), answers)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    optimiser.step()
    return float(loss.detach())
