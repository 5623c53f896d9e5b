"""One part of the training: gradient steps on a stream of simulated spectra."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

import torch
from torch import nn

from ..network.model import PigmentNet
from ..network.outputs import MASKED
from ._simulation_workers import Feeder
from .checkpoint import Snapshot, places_from, places_of
from .config import BEAMS_PER_BATCH, PartConfig, TrainingConfig
from .spectra_stream import Chunk, Place

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
    save_to: Callable[[PigmentNet, int, Snapshot | None], None],
    checkpoint_s: float,
    snapshot: Snapshot | None = None,
    teacher: PigmentNet | None = None,
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
        Given the running mean of the weights, the number of spectra seen and the state of
        this part (none at its end), keeps them.
    checkpoint_s : float
        Seconds between savings.
    snapshot : Snapshot, optional
        The state to go on from.
    teacher : PigmentNet, optional
        Whose answers are learned instead of the true ones.
    """
    run = _Run(net, part, stream, config, teacher)
    fresh = bool((net.scale == 1).all())
    if snapshot is not None:
        run.restore(snapshot)
        fresh = False
    start = saved = time.monotonic()
    feeding = Feeder(stream, config.workers, part.draws, run.places, run.turn)
    with feeding as feeder, _threads(config.threads):
        for chunk in feeder:
            if run.take(chunk) < min(16, part.spectra // 2048):
                continue
            if fresh:
                fresh = False
                encoded = torch.cat([one.encoded for one in run.kept]).float()
                net.standardise(encoded)
                run.averaged.standardise(encoded)
            run.learn(len(chunk.encoded))
            now = time.monotonic()
            yield Progress(min(run.seen, part.spectra), part.spectra, run.loss, now - start)
            if run.seen >= part.spectra:
                break
            if now - saved > checkpoint_s:
                saved = now
                save_to(run.averaged, run.seen, run.snapshot())
    save_to(run.averaged, run.seen, None)


@contextmanager
def _threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Run:
    """What changes while a part is trained."""

    def __init__(
        self,
        net: PigmentNet,
        part: PartConfig,
        stream: int,
        config: TrainingConfig,
        teacher: PigmentNet | None = None,
    ) -> None:
        self._teacher = teacher
        self._net, self._part, self._config = net, part, config
        self._drawing = torch.Generator().manual_seed(stream)
        # A running mean of the weights forgets the noise of the last steps.
        self._mean = torch.optim.swa_utils.AveragedModel(net, avg_fn=_running_mean)
        self.averaged = cast(PigmentNet, self._mean.module)
        self._optimiser = torch.optim.AdamW(
            net.parameters(), lr=part.learning_rate, weight_decay=config.weight_decay
        )
        self.kept: list[Chunk] = []
        self.places: list[Place | None] = []
        self.turn = 0
        self.seen, self.loss = 0, float("nan")
        self._drawn, self._again, self._owed = 0, 0, 0.0

    def take(self, chunk: Chunk) -> int:
        """Keep a chunk; how many are kept, or -1 while those of before a stop come again."""
        if self._teacher is not None:
            chunk = replace(chunk, answers=_told(self._teacher, chunk.encoded))
        self.kept = [*self.kept[-_KEPT_CHUNKS + 1 :], chunk]
        if self._again:
            self._again -= 1
            return -1
        self._drawn += 1
        self.seen += len(chunk.encoded)
        return len(self.kept)

    def learn(self, spectra: int) -> None:
        """The gradient steps that so many new spectra are worth."""
        config, part = self._config, self._part
        self._owed += spectra * (part.uses or config.uses) / config.batch
        while self._owed >= 1:
            self._owed -= 1
            for group in self._optimiser.param_groups:
                group["lr"] = part.learning_rate * _rate(self.seen / part.spectra)
            batch = _batch(self.kept, config.batch, self._drawing)
            loss = _step(self._net, self._optimiser, *batch)
            self._mean.update_parameters(self._net)
            self.loss = loss if self.loss != self.loss else 0.99 * self.loss + 0.01 * loss

    def snapshot(self) -> Snapshot:
        """All that is needed to go on."""
        tensors = {f"net.{name}": value for name, value in self._net.state_dict().items()}
        tensors |= {f"mean.{name}": value for name, value in self._mean.state_dict().items()}
        for number, state in self._optimiser.state_dict()["state"].items():
            tensors |= {f"adam.{number}.{name}": value for name, value in state.items()}
        tensors["drawing"] = self._drawing.get_state()
        numbers = {"seen": self.seen, "loss": self.loss, "drawn": self._drawn, "owed": self._owed}
        streams = max(1, self._config.workers)
        return Snapshot(tensors, numbers | places_of(self.kept, self._drawn, streams))

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a state; the chunks kept then come once more."""
        self._net.load_state_dict(snapshot.below("net"))
        self._mean.load_state_dict(snapshot.below("mean"))
        moments = self._optimiser.state_dict()
        moments["state"] = {
            number: snapshot.below(f"adam.{number}")
            for number in range(len(list(self._net.parameters())))
        }
        self._optimiser.load_state_dict(moments)
        self._drawing.set_state(snapshot.tensors["drawing"])
        numbers = snapshot.numbers
        self.seen, self.loss = numbers["seen"], numbers["loss"]
        self._drawn, self._owed = numbers["drawn"], numbers["owed"]
        self._again = numbers["kept"]
        self.places, self.turn = places_from(numbers), numbers["turn"]


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


@torch.no_grad()
def _told(teacher: PigmentNet, encoded: torch.Tensor) -> torch.Tensor:
    """Probabilities that a network gives, shape (spectrum, output), to be learned by another."""
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=_fast_in_half()):
        logits = teacher(encoded.float())
    return torch.sigmoid(logits.float()).half()


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
