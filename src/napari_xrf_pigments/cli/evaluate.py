"""``xrf-pigments evaluate``: how well the network does on independent test sets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from ._console import echo, progress_bar
from ._options import CalibrationOptions, Device
from .map import open_scan

if TYPE_CHECKING:
    from ..network import Predictor


@dataclass(frozen=True, kw_only=True)
class EvaluateRequest(CalibrationOptions):
    """Measure the network on independent test sets, and print the figures.

    Examples
    --------
    xrf-pigments evaluate
    xrf-pigments evaluate --sets A --scan scan.rpl --anode Rh --kv 45
    xrf-pigments evaluate --references board --labels board/labels.csv --anode Rh --kv 40
    """

    weights: Annotated[
        Path | None, Option(help="Weights of the network (default: the bundled ones).")
    ] = None
    sets: Annotated[
        str | None,
        Option(
            metavar="LETTERS",
            help="Test sets to use; missing ones are made (default: ABCD, or none with "
            "--references).",
        ),
    ] = None
    references: Annotated[
        Path | None,
        Option(
            metavar="FOLDER|FILE",
            help="Spectra of known pigments: they are thinned and mixed, and scored with --labels.",
        ),
    ] = None
    labels: Annotated[
        Path | None,
        Option(
            metavar="CSV",
            help="Table with the columns file and pigments: the labels of --references.",
        ),
    ] = None
    seed: Annotated[
        int, Option(help="Seed of the paintings, instruments and noise of the test sets.")
    ] = 0
    save: Annotated[Path | None, Option(metavar="JSON", help="Also write the main figures.")] = None
    overwrite: Annotated[bool, Option("--overwrite", help="Replace earlier figures of --save.")] = (
        False
    )
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
        from ..evaluation import (
            check_scores,
            compare_groups,
            context_table,
            evaluate,
            measure_context,
            ratio_table,
        )
        from ..mapping import map_elements, map_pigments
        from ..network import Predictor

        if self.save is not None:
            check_scores(self.save, overwrite=self.overwrite, scan=self.scan)
        if (self.references is None) != (self.labels is None):
            raise ValueError("--references and --labels belong together; give both.")
        predictor = Predictor(self.device, self.weights)
        if self.references is not None and self.labels is not None:
            self._score_references(predictor, self.references, self.labels)
            if self.sets is None:
                return
        scan = None
        if self.scan is not None:
            cube = open_scan(self.scan, self)
            with progress_bar("Elements") as progress:
                elements = map_elements(cube, progress=progress)
            with progress_bar("Pigments") as progress:
                scan = elements, map_pigments(cube, predictor=predictor, progress=progress)
        with progress_bar("Test sets", unit=" spectra") as progress:
            sets = tuple((self.sets or "ABCD").upper())
            outcome = evaluate(predictor, sets, scan, progress=progress, seed=self.seed)
        echo(str(outcome))
        if self.context:
            with progress_bar("Neighbours", unit=" scans") as progress:
                table = context_table(measure_context(predictor, progress=progress))
            echo(f"\n## Neighbours\n\n{table}")
        if self.imitations:
            with progress_bar("Imitations", unit=" groups") as progress:
                table = ratio_table(compare_groups(predictor, seed=self.seed, progress=progress))
            echo(f"\n## Imitations\n\n{table}")
        if self.save is not None:
            outcome.save(self.save)

    def _score_references(self, predictor: Predictor, folder: Path, table: Path) -> None:
        """Score the network on spectra of known pigments and print the tables."""
        from ..cube import Acquisition
        from ..evaluation import read_labels, score_references
        from ..io import read_point_spectra

        labels = read_labels(table)
        points = read_point_spectra(folder)
        known = Acquisition(anode=self.anode, tube_kv=self.tube_kv)
        with progress_bar("References", unit=" spectra") as progress:
            report = score_references(
                predictor,
                points,
                labels,
                acquisition=known if known.known() else None,
                seed=self.seed,
                progress=progress,
            )
        echo(f"## References\n\n{report}")
