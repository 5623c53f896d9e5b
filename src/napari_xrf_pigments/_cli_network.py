"""``xrf-pigments train`` and ``xrf-pigments evaluate``."""

from __future__ import annotations

import argparse

from ._cli_output import free_to_write, progress_bar, say


def run(options: argparse.Namespace) -> None:
    """Train the network, or print how well it does."""
    if options.command == "train":
        _train(options)
    else:
        _evaluate(options)


def _train(options: argparse.Namespace) -> None:
    from .network import train

    free_to_write(options.out, overwrite=False)
    with progress_bar("Training", unit=" steps") as progress:
        train(options.config, seed=options.seed, out=options.out, progress=progress)
    say(f"Weights and model card: {options.out}")


def _evaluate(options: argparse.Namespace) -> None:
    from .network import evaluate

    with progress_bar("Test set", unit=" spectra") as progress:
        outcome = evaluate(
            weights=options.weights, scan=options.scan, device=options.device, progress=progress
        )
    say(str(outcome))
