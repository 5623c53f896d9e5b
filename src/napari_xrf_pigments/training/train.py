"""Training: simulated spectra in, weights out."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from ..network.model import Architecture, PigmentNet
from ..network.weights import load_weights, read_training, save_weights, weights_hash
from ._stage import Progress, train_part
from .checkpoint import Snapshot, checkpoint_path, load_checkpoint, save_checkpoint
from .config import PartConfig, TrainingConfig
from .platt_scaling import CALIBRATION_DRAWS, calibrate_network
from .pruning import shrunk
from .spectra_stream import training_stream

#: Between the seeds of one run's streams of spectra and those of the next.
_STREAMS_APART = 1_000_003
#: Chunks of 2048 spectra that a smaller network is made with.
_EXAMPLES = 20


def train_steps(
    config: TrainingConfig,
    seed: int,
    out: Path,
    *,
    start: Path | None = None,
    from_part: str | None = None,
    resume: bool = False,
    checkpoint_s: float = 180.0,
) -> Iterator[Progress]:
    """Train, one chunk of spectra an item; weights are saved on the way and at the end.

    Beside the weights lies, until the training has ended, a file from which it can go on as if
    it had not stopped: on one machine it ends in the same weights.

    Parameters
    ----------
    config : TrainingConfig
        Settings.
    seed : int
        Seed of spectra and weights.
    out : Path
        Where the weights go (``.safetensors``).
    start : Path, optional
        Weights that the parts before `from_part` have made.
    from_part : str, optional
        Name of the part to begin with.
    resume : bool
        Go on with a training that was stopped.
    checkpoint_s : float
        Seconds between savings.

    Raises
    ------
    ValueError
        If there is no part of that name, if only one of `start` and `from_part` is given, if
        the weights to start from have another size, or if there is no stopped training of
        these settings.
    """
    if (start is None) != (from_part is None):
        raise ValueError("Weights to go on from and the part to begin with go together.")
    names = [part.name for part in config.parts]
    if from_part is not None and from_part not in names:
        raise ValueError(f"There is no part {from_part!r}; there are {', '.join(names)}.")
    origin = {} if start is None else {"start": weights_hash(start), "from_part": from_part}
    about = {**asdict(config), **origin, "seed": seed}
    checkpoint = checkpoint_path(out)
    snapshot, at = load_checkpoint(checkpoint, about) if resume else (None, {"run": -1})
    torch.manual_seed(seed)
    net = PigmentNet(Architecture(config.width, config.blocks))
    if start is not None:
        asked = net.architecture
        net = load_weights(start).train().requires_grad_(True)
        if net.architecture != asked:
            raise ValueError("The weights to go on from have another size than the settings say.")
    first = 0 if from_part is None else names.index(from_part)
    runs = sum(part.repeats for part in config.parts[:first])
    for part in config.parts[first:]:
        if runs + part.repeats <= at["run"]:
            runs += part.repeats
            continue
        ends = [copy.deepcopy(net)] if part.with_start or part.shrinks else []
        if snapshot is not None:
            ends = _networks(snapshot)
        # It is not among those whose mean is kept.
        teacher = ends[0].eval().requires_grad_(False) if part.shrinks else None
        if teacher is not None:
            net = _smaller(teacher, part, seed + runs * _STREAMS_APART)
        for run in range(max(runs, at["run"]), runs + part.repeats):
            stream = seed + run * _STREAMS_APART
            made = {**about, "part": part.name, "stream": stream}
            keep = _Keeper(out, made, checkpoint, {**about, "run": run}, ends)
            yield from train_part(net, part, stream, config, keep, checkpoint_s, snapshot, teacher)
            snapshot = None
            _calibrate(out, part, stream, teacher)
            ends.append(load_weights(out))
            net = copy.deepcopy(ends[-1]).train().requires_grad_(True)
        if len(ends) > 1 and teacher is None:
            save_weights(mean_network(ends), out, read_training(out))
            _calibrate(out, part, seed + runs * _STREAMS_APART)
            net = load_weights(out).train().requires_grad_(True)
        runs += part.repeats
    checkpoint.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Keeper:
    """Saves the weights of a run and, while it goes on, its state with the ends before it."""

    out: Path
    made: dict[str, Any]
    checkpoint: Path
    about: dict[str, Any]
    ends: list[PigmentNet]

    def __call__(self, averaged: PigmentNet, seen: int, snapshot: Snapshot | None) -> None:
        save_weights(averaged, self.out, {**self.made, "seen": seen})
        if snapshot is not None:
            tensors = {
                f"end{number}.{name}": value
                for number, end in enumerate(self.ends)
                for name, value in end.state_dict().items()
            }
            state = Snapshot(snapshot.tensors | tensors, snapshot.numbers)
            save_checkpoint(self.checkpoint, state, self.about)


def _smaller(net: PigmentNet, part: PartConfig, stream: int) -> PigmentNet:
    """The network that a part begins with, made of a larger one."""
    chunks = islice(training_stream((stream, 78), part.draws), _EXAMPLES)
    encoded = torch.cat([chunk.encoded.float() for chunk in chunks])
    sizes = Architecture(part.width, net.architecture.blocks, part.hidden)
    return shrunk(net, encoded, sizes).train().requires_grad_(True)


def _networks(snapshot: Snapshot) -> list[PigmentNet]:
    """The ends of earlier runs that a checkpoint holds."""
    networks: list[PigmentNet] = []
    while state := snapshot.below(f"end{len(networks)}"):
        network = PigmentNet(Architecture.from_state(state))
        network.load_state_dict(state)
        networks.append(network.eval().requires_grad_(False))
    return networks


def mean_network(networks: Sequence[PigmentNet]) -> PigmentNet:
    """Mean of the weights of networks that come from one first part.

    Each run warms up and cools down, so they end in different places around one
    optimum, and their mean lies nearer to it (Izmailov et al. 2018, arXiv 1803.05407).
    """
    mean = copy.deepcopy(networks[0])
    states = [network.state_dict() for network in networks]
    mean.load_state_dict(
        {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}
    )
    return mean


def _calibrate(out: Path, part: PartConfig, stream: int, teacher: PigmentNet | None = None) -> None:
    if not part.calibration:
        return
    trained = load_weights(out)
    draws = replace(
        CALIBRATION_DRAWS,
        absent_sigma=part.draws.absent_sigma,
        secondary=part.draws.secondary,
        eras=part.draws.eras,
    )
    calibrate_network(trained, stream, draws, chunks=part.calibration, teacher=teacher)
    save_weights(trained, out, read_training(out))
