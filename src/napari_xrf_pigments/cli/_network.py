"""``xrf-pigments train`` and ``xrf-pigments evaluate``."""

from __future__ import annotations

import argparse
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import numpy as np

from ._console import free_to_write, progress_bar, say
from .map import map_cube, open_scan

if TYPE_CHECKING:
    from ..cube import ElementMaps, PigmentMaps
    from ..network import Predictor

#: Simulated scans that show what neighbours add: counts a pixel, paintings, their size.
_CONTEXT_COUNTS = (300.0, 1_000.0, 3_000.0, 10_000.0)
_PAINTINGS = 3
_CONTEXT_SHAPE = (48, 64)


def run(options: argparse.Namespace) -> None:
    """Train the network, or print how well it does."""
    if options.work == "train":
        _train(options)
    else:
        _evaluate(options)


def _train(options: argparse.Namespace) -> None:
    from ..training.config import TrainingConfig
    from ..training.train import train_steps

    if options.out.suffix != ".safetensors":
        raise ValueError(f"{options.out} must end in .safetensors.")
    free_to_write(options.out, overwrite=options.overwrite or options.resume)
    if options.start is not None and not options.start.is_file():
        raise FileNotFoundError(f"There are no weights at {options.start}.")
    with as_file(files("napari_xrf_pigments.training").joinpath("data/training.toml")) as bundled:
        config = TrainingConfig.load(options.config or bundled)
    steps = train_steps(
        config,
        options.seed,
        options.out,
        start=options.start,
        from_part=options.from_part,
        resume=options.resume,
    )
    with progress_bar("Training", unit=" spectra") as progress:
        for step in steps:
            progress(step.spectra, step.total)
    say(f"Weights: {options.out} (loss {step.loss:.3f})")


def _evaluate(options: argparse.Namespace) -> None:
    from ..evaluation import evaluate
    from ..network import Predictor

    if options.save is not None:
        free_to_write(options.save, overwrite=True, scan=options.scan)
    predictor = Predictor(options.device, options.weights)
    scan = _maps_of_scan(options, predictor) if options.scan is not None else None
    with progress_bar("Test sets", unit=" spectra") as progress:
        sets = tuple(options.sets.upper())
        outcome = evaluate(predictor, sets, scan, progress=progress, seed=options.seed)
    say(str(outcome))
    if options.context:
        say(f"\n## Neighbours\n\n{_neighbours(predictor)}")
    if options.imitations:
        say(f"\n## Imitations\n\n{_imitations(predictor, options.seed)}")
    if options.save is not None:
        outcome.save(options.save)


def _neighbours(predictor: Predictor) -> str:
    """What like neighbours add on simulated paintings, and whether they blur edges: a table."""
    from ..evaluation import ContextRow, context_table, score_context
    from ..mapping import map_pigments
    from ..simulation import simulate_scan
    from ..simulation.paintings import mosaic_painting

    rows: list[ContextRow] = []
    with progress_bar("Neighbours", unit=" scans") as progress:
        for number, counts in enumerate(_CONTEXT_COUNTS):
            for seed in range(_PAINTINGS):
                painting = mosaic_painting(np.random.default_rng(seed), _CONTEXT_SHAPE)
                cube, truth = simulate_scan(seed, _CONTEXT_SHAPE, counts=counts, painting=painting)
                for context in (False, True):
                    maps = map_pigments(cube, predictor=predictor, context=context)
                    rows += score_context(truth, maps, counts, context=context)
                progress(number * _PAINTINGS + seed + 1, len(_CONTEXT_COUNTS) * _PAINTINGS)
    return context_table(rows)


def _imitations(predictor: Predictor, seed: int) -> str:
    """How much of what the network misses another paint gives as well: a table."""
    from ..evaluation import imitation_table, imitations

    with progress_bar("Imitations", unit=" groups") as progress:
        return imitation_table(imitations(predictor, seed=seed, progress=progress))


def _maps_of_scan(
    options: argparse.Namespace, predictor: Predictor
) -> tuple[ElementMaps, PigmentMaps]:
    maps = map_cube(open_scan(options), predictor=predictor)
    assert maps.elements is not None
    assert maps.pigments is not None
    return maps.elements, maps.pigments
