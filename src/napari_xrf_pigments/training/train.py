"""Training of the network on simulated spectra, part by part."""

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
from .platt_scaling import CALIBRATION_SETTINGS, calibrate_network
from .pruning import prune
from .spectra_stream import training_stream
from .warm_start import load_start

#: Difference between the seeds of the streams of successive runs.
_SEED_STEP = 1_000_003
#: Chunks of 2048 spectra that a network is pruned with.
_PRUNING_CHUNKS = 20


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
    """Train the network; the weights are saved from time to time and at the end.

    Until the training has ended, a checkpoint lies beside the weights. On the same machine a
    resumed training ends with the same weights as one that was never stopped.

    Parameters
    ----------
    config : TrainingConfig
        Settings.
    seed : int
        Seed of spectra and weights.
    out : Path
        File of the weights (``.safetensors``).
    start : Path, optional
        Weights after the parts before `from_part`; they may know other pigments
        (:mod:`.warm_start`).
    from_part : str, optional
        Name of the part to begin with.
    resume : bool
        Resume a training that was stopped.
    checkpoint_s : float
        Seconds between checkpoints.

    Yields
    ------
    Progress
        After each chunk of spectra.

    Raises
    ------
    ValueError
        If there is no part of that name, if only one of `start` and `from_part` is given, if
        the weights to start from have another size, or if there is no stopped training with
        these settings.
    """
    first = _first_part(config, start, from_part)
    origin = {} if start is None else {"start": weights_hash(start), "from_part": from_part}
    about = {**asdict(config), **origin, "seed": seed}
    checkpoint = checkpoint_path(out)
    snapshot, at = load_checkpoint(checkpoint, about) if resume else (None, {"run": -1})
    net = _initial_network(config, seed, start, first)
    runs = sum(part.repeats for part in config.parts[:first])
    for part in config.parts[first:]:
        if runs + part.repeats <= at["run"]:
            runs += part.repeats
            continue
        # The weights before the part and after each of its runs.
        ends = [copy.deepcopy(net)] if part.with_start or part.prunes else []
        if snapshot is not None:
            ends = _stored_networks(snapshot)
        # A pruned part has no mean: the weights before it are the teacher's.
        teacher = ends[0].eval().requires_grad_(False) if part.prunes else None
        if teacher is not None:
            net = _pruned(teacher, part, seed + runs * _SEED_STEP)
        for run in range(max(runs, at["run"]), runs + part.repeats):
            stream = seed + run * _SEED_STEP
            made = {**about, "part": part.name, "stream": stream}
            saver = _Saver(out, made, checkpoint, {**about, "run": run}, ends)
            yield from train_part(net, part, stream, config, saver, checkpoint_s, snapshot, teacher)
            snapshot = None
            _calibrate(out, part, stream, teacher)
            ends.append(load_weights(out))
            net = copy.deepcopy(ends[-1]).train().requires_grad_(True)
        if len(ends) > 1 and teacher is None:
            save_weights(mean_network(ends), out, read_training(out))
            _calibrate(out, part, seed + runs * _SEED_STEP)
            net = load_weights(out).train().requires_grad_(True)
        runs += part.repeats
    checkpoint.unlink(missing_ok=True)


def _first_part(config: TrainingConfig, start: Path | None, from_part: str | None) -> int:
    """Find the index of the part to begin with."""
    if (start is None) != (from_part is None):
        raise ValueError("Weights to start from and the part to begin with must be given together.")
    names = [part.name for part in config.parts]
    if from_part is None:
        return 0
    if from_part not in names:
        raise ValueError(f"There is no part {from_part!r}; there are {', '.join(names)}.")
    return names.index(from_part)


def _size_before(config: TrainingConfig, first: int) -> Architecture:
    """Return the sizes of the network before a part: those of the last pruning, if any."""
    size = Architecture(config.width, config.blocks)
    for part in config.parts[:first]:
        if part.prunes:
            size = Architecture(part.width, config.blocks, part.hidden)
    return size


def _initial_network(
    config: TrainingConfig, seed: int, start: Path | None, first: int
) -> PigmentNet:
    """Make the network with random weights, or with those of a file."""
    torch.manual_seed(seed)
    net = PigmentNet(_size_before(config, first))
    if start is None:
        return net
    loaded = load_start(start)
    if loaded.architecture != net.architecture:
        raise ValueError("The weights to start from have another size than the settings.")
    return loaded


@dataclass(frozen=True)
class _Saver:
    """Callback that saves the weights of a run and, until its end, a checkpoint."""

    out: Path
    made: dict[str, Any]
    checkpoint: Path
    about: dict[str, Any]
    ends: list[PigmentNet]

    def __call__(self, averaged: PigmentNet, drawn: int, snapshot: Snapshot | None) -> None:
        save_weights(averaged, self.out, {**self.made, "seen": drawn})
        if snapshot is not None:
            tensors = {
                f"end{number}.{name}": value
                for number, end in enumerate(self.ends)
                for name, value in end.state_dict().items()
            }
            state = Snapshot(snapshot.tensors | tensors, snapshot.numbers)
            save_checkpoint(self.checkpoint, state, self.about)


def _pruned(net: PigmentNet, part: PartConfig, stream: int) -> PigmentNet:
    """Prune a network to the sizes of a part."""
    chunks = islice(training_stream((stream, 78), part.draws), _PRUNING_CHUNKS)
    encoded = torch.cat([chunk.encoded.float() for chunk in chunks])
    sizes = Architecture(part.width, net.architecture.blocks, part.hidden)
    return prune(net, encoded, sizes).train().requires_grad_(True)


def _stored_networks(snapshot: Snapshot) -> list[PigmentNet]:
    """Restore the networks of earlier runs from a checkpoint."""
    networks: list[PigmentNet] = []
    while state := snapshot.subset(f"end{len(networks)}"):
        network = PigmentNet(Architecture.from_state(state))
        network.load_state_dict(state)
        networks.append(network.eval().requires_grad_(False))
    return networks


def mean_network(networks: Sequence[PigmentNet]) -> PigmentNet:
    """Average the weights of networks that share their first part.

    The learning rate of each run rises and falls, so that the runs end at different points around
    one optimum; their mean lies nearer to it (Izmailov et al. 2018, arXiv 1803.05407).
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
    settings = replace(
        CALIBRATION_SETTINGS,
        absent_sigma=part.draws.absent_sigma,
        secondary=part.draws.secondary,
        eras=part.draws.eras,
        swatches=part.draws.swatches,
    )
    calibrate_network(trained, stream, settings, chunks=part.calibration, teacher=teacher)
    save_weights(trained, out, read_training(out))
