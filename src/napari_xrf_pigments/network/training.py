"""Training: simulated spectra in, weights out."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from .calibration import CALIBRATION_DRAWS, calibrate_network
from .config import PartConfig, TrainingConfig
from .model import Architecture, PigmentNet
from .training_part import Progress, train_part
from .weights import load_weights, save_weights, training_of, weights_hash

#: Between the seeds of one run's streams of spectra and those of the next.
_STREAMS_APART = 1_000_003


def train_steps(
    config: TrainingConfig,
    seed: int,
    out: Path,
    *,
    start: Path | None = None,
    from_part: str | None = None,
    checkpoint_s: float = 180.0,
) -> Iterator[Progress]:
    """Train, one chunk of spectra an item; weights are saved on the way and at the end.

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
    checkpoint_s : float
        Seconds between savings.

    Raises
    ------
    ValueError
        If there is no part of that name, if only one of `start` and `from_part` is given, or if
        the weights to start from have another size.
    """
    if (start is None) != (from_part is None):
        raise ValueError("Weights to go on from and the part to begin with go together.")
    names = [part.name for part in config.parts]
    if from_part is not None and from_part not in names:
        raise ValueError(f"There is no part {from_part!r}; there are {', '.join(names)}.")
    torch.manual_seed(seed)
    net = PigmentNet(Architecture(config.width, config.blocks))
    if start is not None:
        asked = net.architecture
        net = load_weights(start).train().requires_grad_(True)
        if net.architecture != asked:
            raise ValueError("The weights to go on from have another size than the settings say.")
    origin = {} if start is None else {"start": weights_hash(start), "from_part": from_part}
    first = 0 if from_part is None else names.index(from_part)
    runs = sum(part.repeats for part in config.parts[:first])
    for part in config.parts[first:]:
        ends = [copy.deepcopy(net)] if part.with_start else []
        for run in range(runs, runs + part.repeats):
            stream = seed + run * _STREAMS_APART
            made = {**asdict(config), **origin, "seed": seed, "part": part.name, "stream": stream}
            yield from _train_once(net, part, stream, config, made, out, checkpoint_s)
            ends.append(load_weights(out))
            net = copy.deepcopy(ends[-1]).train().requires_grad_(True)
        if len(ends) > 1:
            save_weights(mean_network(ends), out, training_of(out))
            _calibrate(out, part, seed + runs * _STREAMS_APART)
            net = load_weights(out).train().requires_grad_(True)
        runs += part.repeats


def _train_once(
    net: PigmentNet,
    part: PartConfig,
    stream: int,
    config: TrainingConfig,
    made: dict[str, Any],
    out: Path,
    checkpoint_s: float,
) -> Iterator[Progress]:
    def save(averaged: PigmentNet, seen: int) -> None:
        save_weights(averaged, out, {**made, "seen": seen})

    yield from train_part(net, part, stream, config, save, checkpoint_s)
    _calibrate(out, part, stream)


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


def _calibrate(out: Path, part: PartConfig, stream: int) -> None:
    if not part.calibration:
        return
    trained = load_weights(out)
    draws = replace(
        CALIBRATION_DRAWS,
        absent_sigma=part.draws.absent_sigma,
        secondary=part.draws.secondary,
        eras=part.draws.eras,
    )
    calibrate_network(trained, stream, draws, chunks=part.calibration)
    save_weights(trained, out, training_of(out))
