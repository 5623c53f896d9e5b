"""``xrf-pigments evaluate``: how well the network does on independent test sets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from ._console import check_can_write, echo, progress_bar
from ._options import CalibrationOptions, Device
from .map import open_scan

if TYPE_CHECKING:
    from ..network import Predictor

#: Simulated scans that measure the effect of neighbours: counts a pixel, paintings, their size.
_CONTEXT_COUNTS = (300.0, 1_000.0, 3_000.0, 10_000.0)
_PAINTINGS = 3
_CONTEXT_SHAPE = (48, 64)


@dataclass(frozen=True, kw_only=True)
class EvaluateRequest(CalibrationOptions):
    """Measure the network on independent test sets, and print the figures.

    Examples
    --------
    xrf-pigments evaluate
    xrf-pigments evaluate --sets A --scan scan.rpl --anode Rh --kv 45
    """

    weights: Annotated[
        Path | None, Option(help="Weights of the network (default: the bundled ones).")
    ] = None
    sets: Annotated[
        str, Option(metavar="LETTERS", help="Test sets to use; missing ones are made.")
    ] = "ABCD"
    seed: Annotated[
        int, Option(help="Seed of the paintings, instruments and noise of the test sets.")
    ] = 0
    save: Annotated[Path | None, Option(metavar="JSON", help="Also write the main figures.")] = None
    context: Annotated[
        bool,
        Option(
            "--context",
            help="Also measure on simulated paintings how much similar neighbours improve the "
            "maps, and whether they blur edges (some minutes).",
        ),
    ] = False
    imitations: Annotated[
        bool,
        Option(
            "--imitations",
            help="Also search for paints without a missed pigment that give the same spectrum "
            "(about ten minutes).",
        ),
    ] = False
    scan: Annotated[
        Path | None, Option(help="Also compare the pigment maps of this scan with its elements.")
    ] = None
    device: Device = "auto"

    def run(self) -> None:
        """Evaluate the network and print the tables."""
        from ..evaluation import evaluate
        from ..mapping import map_elements, map_pigments
        from ..network import Predictor

        if self.save is not None:
            check_can_write(self.save, overwrite=True, scan=self.scan)
        predictor = Predictor(self.device, self.weights)
        scan = None
        if self.scan is not None:
            cube = open_scan(self.scan, self)
            with progress_bar("Elements") as progress:
                elements = map_elements(cube, progress=progress)
            with progress_bar("Pigments") as progress:
                scan = elements, map_pigments(cube, predictor=predictor, progress=progress)
        with progress_bar("Test sets", unit=" spectra") as progress:
            sets = tuple(self.sets.upper())
            outcome = evaluate(predictor, sets, scan, progress=progress, seed=self.seed)
        echo(str(outcome))
        if self.context:
            echo(f"\n## Neighbours\n\n{_context_table(predictor)}")
        if self.imitations:
            echo(f"\n## Imitations\n\n{_imitation_table(predictor, self.seed)}")
        if self.save is not None:
            outcome.save(self.save)


def _context_table(predictor: Predictor) -> str:
    """Measure the effect of similar neighbours on simulated paintings."""
    import numpy as np

    from ..evaluation import ContextScore, context_table, score_context
    from ..mapping import map_pigments
    from ..simulation import simulate_scan
    from ..simulation.paintings import mosaic_painting

    rows: list[ContextScore] = []
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


def _imitation_table(predictor: Predictor, seed: int) -> str:
    """Measure how often another paint gives the spectrum of a missed pigment."""
    from ..evaluation import compare_groups, ratio_table

    with progress_bar("Imitations", unit=" groups") as progress:
        return ratio_table(compare_groups(predictor, seed=seed, progress=progress))
