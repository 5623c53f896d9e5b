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
from ..network.rounding import with_limits
from ._simulation_workers import ChunkSource
from .checkpoint import Snapshot, positions_from, stream_positions
from .config import BEAMS_PER_BATCH, PartConfig, TrainingConfig
from .spectra_stream import Chunk, StreamPosition

#: Chunks in the buffer that batches are drawn from; the more, the more instruments in a batch.
_BUFFER_CHUNKS = 96
#: Steps of the running mean of the weights.
_EMA_STEPS = 1000
#: Spectra on which the scale of the inputs and the limits of the layers are measured.
_SAMPLE = 32_768


@dataclass(frozen=True)
class Progress:
    """Progress of a part of the training.

    Parameters
    ----------
    spectra, total : int
        Spectra drawn so far, and in the whole part.
    loss : float
        Running mean of the loss.
    seconds : float
        Time since the start of the part.
    """

    spectra: int
    total: int
    loss: float
    seconds: float


def masked_loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Compute the binary cross-entropy, summed over outputs with a target, mean over spectra."""
    known = targets != MASKED
    loss = nn.functional.binary_cross_entropy_with_logits(
        logits, targets.clamp(min=0).to(logits.dtype), reduction="none"
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
        Called with the running mean of the weights, the number of spectra drawn and the state of
        the part (None at its end) to save them.
    checkpoint_s : float
        Seconds between checkpoints.
    snapshot : Snapshot, optional
        The state to resume from.
    teacher : PigmentNet, optional
        Network whose probabilities are the targets instead of the truth (distillation).

    Yields
    ------
    Progress
        After each chunk that was trained on.
    """
    run = _Run(net, part, stream, config, teacher)
    fresh = bool((net.scale == 1).all())
    if snapshot is not None:
        run.restore(snapshot)
        fresh = False
    start = saved = time.monotonic()
    source = ChunkSource(stream, config.workers, part.draws, run.positions, run.turn)
    with source, _torch_threads(config.threads):
        for chunk in source:
            if run.add(chunk) < min(16, part.spectra // 2048):
                continue
            if fresh:
                fresh = False
                encoded = run.sample()
                net.standardise(encoded)
                run.averaged.standardise(encoded)
            if part.rounded and not net.is_limited:
                net.measure_limits(run.sample())
                run.averaged.load_state_dict(with_limits({}, net.state_dict()), strict=False)
            run.train(len(chunk.encoded))
            now = time.monotonic()
            yield Progress(min(run.drawn, part.spectra), part.spectra, run.loss, now - start)
            if run.drawn >= part.spectra:
                break
            if now - saved > checkpoint_s:
                saved = now
                save_to(run.averaged, run.drawn, run.snapshot())
    save_to(run.averaged, run.drawn, None)


@contextmanager
def _torch_threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Run:
    """State of one run of a part: network, optimiser, buffer of chunks and counters.

    Attributes
    ----------
    averaged : PigmentNet
        Running mean of the weights.
    buffer : list of Chunk
        The last chunks, from which batches are drawn.
    positions, turn : list of StreamPosition or None, int
        Where the streams begin, and which comes first.
    drawn : int
        Spectra drawn so far.
    loss : float
        Running mean of the loss.
    """

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
        net.rounds = part.rounded
        self._generator = torch.Generator().manual_seed(stream)
        # The running mean of the weights averages out the noise of the last steps.
        self._mean = torch.optim.swa_utils.AveragedModel(net, avg_fn=_running_mean)
        self.averaged = cast(PigmentNet, self._mean.module)
        self._optimiser = torch.optim.AdamW(
            net.parameters(), lr=part.learning_rate, weight_decay=config.weight_decay
        )
        self.buffer: list[Chunk] = []
        self.positions: list[StreamPosition | None] = []
        self.turn = 0
        self.drawn, self.loss = 0, float("nan")
        self._chunks_drawn, self._to_repeat, self._due_steps = 0, 0, 0.0

    def add(self, chunk: Chunk) -> int:
        """Add a chunk to the buffer; return its length, or -1 while old chunks are repeated."""
        if self._teacher is not None:
            chunk = replace(chunk, targets=_teacher_targets(self._teacher, chunk.encoded))
        self.buffer = [*self.buffer[-_BUFFER_CHUNKS + 1 :], chunk]
        if self._to_repeat:
            self._to_repeat -= 1
            return -1
        self._chunks_drawn += 1
        self.drawn += len(chunk.encoded)
        return len(self.buffer)

    def sample(self) -> torch.Tensor:
        """Return up to 32,768 encoded spectra of the buffer, evenly spaced."""
        encoded = torch.cat([chunk.encoded for chunk in self.buffer])
        return encoded[:: -(-len(encoded) // _SAMPLE)].float()

    def train(self, spectra: int) -> None:
        """Take the gradient steps that are due for a number of new spectra."""
        config, part = self._config, self._part
        self._due_steps += spectra * (part.uses or config.uses) / config.batch
        while self._due_steps >= 1:
            self._due_steps -= 1
            for group in self._optimiser.param_groups:
                group["lr"] = part.learning_rate * _relative_rate(self.drawn / part.spectra)
            batch = _draw_batch(self.buffer, config.batch, self._generator)
            loss = _step(self._net, self._optimiser, *batch)
            self._mean.update_parameters(self._net)
            self.loss = loss if self.loss != self.loss else 0.99 * self.loss + 0.01 * loss

    def snapshot(self) -> Snapshot:
        """Collect the complete state of the run."""
        tensors = {f"net.{name}": value for name, value in self._net.state_dict().items()}
        tensors |= {f"mean.{name}": value for name, value in self._mean.state_dict().items()}
        for number, state in self._optimiser.state_dict()["state"].items():
            tensors |= {f"adam.{number}.{name}": value for name, value in state.items()}
        tensors["drawing"] = self._generator.get_state()
        numbers = {
            "seen": self.drawn,
            "loss": self.loss,
            "drawn": self._chunks_drawn,
            "owed": self._due_steps,
        }
        streams = max(1, self._config.workers)
        positions = stream_positions(self.buffer, self._chunks_drawn, streams)
        return Snapshot(tensors, numbers | positions)

    def restore(self, snapshot: Snapshot) -> None:
        """Restore a state; the streams then repeat the chunks of the buffer."""
        self._net.load_state_dict(snapshot.subset("net"))
        self._mean.load_state_dict(snapshot.subset("mean"))
        moments = self._optimiser.state_dict()
        moments["state"] = {
            number: snapshot.subset(f"adam.{number}")
            for number in range(len(list(self._net.parameters())))
        }
        self._optimiser.load_state_dict(moments)
        self._generator.set_state(snapshot.tensors["drawing"])
        numbers = snapshot.numbers
        self.drawn, self.loss = numbers["seen"], numbers["loss"]
        self._chunks_drawn, self._due_steps = numbers["drawn"], numbers["owed"]
        self._to_repeat = numbers["kept"]
        self.positions, self.turn = positions_from(numbers), numbers["turn"]


def _running_mean(mean: torch.Tensor, new: torch.Tensor, steps: torch.Tensor | int) -> torch.Tensor:
    """Average over all steps at first, then over about the last `_EMA_STEPS`."""
    weight = min(1 - 1 / _EMA_STEPS, (1 + float(steps)) / (10 + float(steps)))
    return mean * weight + new * (1 - weight)


def _relative_rate(done: float) -> float:
    """Compute the learning rate after a share of the spectra: warm-up, then cosine decay."""
    warm = min(1.0, done / 0.01)
    return warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0))))


def _draw_batch(
    buffer: list[Chunk], size: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw a batch from sixteen chunks, hence from as many beams."""
    chosen = torch.randint(len(buffer), (BEAMS_PER_BATCH,), generator=generator).tolist()
    encoded, targets = [], []
    for index in chosen:
        chunk = buffer[index]
        rows = torch.randint(len(chunk.encoded), (size // BEAMS_PER_BATCH,), generator=generator)
        encoded.append(chunk.encoded[rows])
        targets.append(chunk.targets[rows])
    return torch.cat(encoded).float(), torch.cat(targets)


@torch.no_grad()
def _teacher_targets(teacher: PigmentNet, encoded: torch.Tensor) -> torch.Tensor:
    """Compute the teacher's probabilities, shape (spectrum, output), as training targets."""
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=_has_fast_bfloat16()):
        logits = teacher(encoded.float())
    return torch.sigmoid(logits.float()).half()


@lru_cache
def _has_fast_bfloat16() -> bool:
    """Return whether matrix products in bfloat16 pay off: without AVX-512 they are emulated.

    On a processor with AVX2 alone they take six times as long as in single precision.
    """
    return str(torch.backends.cpu.get_cpu_capability()).startswith(("AVX512", "AMX"))


def _step(
    net: PigmentNet,
    optimiser: torch.optim.Optimizer,
    encoded: torch.Tensor,
    targets: torch.Tensor,
) -> float:
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=_has_fast_bfloat16()):
        logits = net(encoded)
    loss = masked_loss(logits.float(), targets)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    optimiser.step()
    return float(loss.detach())
