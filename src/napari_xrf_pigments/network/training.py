"""Training: simulated spectra in, weights out."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from .calibration import CALIBRATION_DRAWS, calibrate_network
from .config import TrainingConfig
from .model import Architecture, PigmentNet
from .stream import Draws
from .training_part import CLOSING_SEEDS, Part, Progress, train_part
from .weights import load_weights, save_weights, training_of


def train_steps(
    config: TrainingConfig, seed: int, out: Path, *, checkpoint_s: float = 180.0
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
    checkpoint_s : float
        Seconds between savings.
    """
    torch.manual_seed(seed)
    net = PigmentNet(Architecture(config.width, config.blocks))
    first = Part(
        "first", config.spectra, config.learning_rate, seed, Draws(secondary=config.secondary)
    )
    yield from train_part(net, first, config, out, checkpoint_s)
    closed = []
    for cycle in range(config.closings if config.closing else 0):
        part_seed = seed + cycle * CLOSING_SEEDS
        yield from close_training(config, part_seed, out, checkpoint_s=checkpoint_s)
        closed.append(load_weights(out))
    if len(closed) > 1:
        save_weights(mean_network(closed), out, training_of(out))
        _calibrate(out, _closing_part(config, seed), config)


def close_training(
    config: TrainingConfig, seed: int, out: Path, *, checkpoint_s: float = 180.0
) -> Iterator[Progress]:
    """One closing part, on the weights that the part before left at `out`."""
    net = load_weights(out).train().requires_grad_(True)
    last = _closing_part(config, seed)
    yield from train_part(net, last, config, out, checkpoint_s)
    _calibrate(out, last, config)


def mean_network(networks: Sequence[PigmentNet]) -> PigmentNet:
    """Mean of the weights of networks that come from one first part.

    Each closing part warms up and cools down, so they end in different places around one
    optimum, and their mean lies nearer to it (Izmailov et al. 2018, arXiv 1803.05407).
    """
    mean = copy.deepcopy(networks[0])
    states = [network.state_dict() for network in networks]
    mean.load_state_dict(
        {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}
    )
    return mean


def _closing_part(config: TrainingConfig, seed: int) -> Part:
    draws = Draws(
        config.absent_sigma,
        config.closing_traces,
        config.closing_wear,
        config.closing_contaminated,
        config.secondary,
    )
    return Part("closing", config.closing, config.learning_rate / 3, seed, draws)


def _calibrate(out: Path, last: Part, config: TrainingConfig) -> None:
    if not config.calibration:
        return
    trained = load_weights(out)
    calibrate_network(
        trained,
        last.stream,
        replace(
            CALIBRATION_DRAWS,
            absent_sigma=last.draws.absent_sigma,
            secondary=last.draws.secondary,
        ),
        chunks=config.calibration,
    )
    save_weights(trained, out, training_of(out))
