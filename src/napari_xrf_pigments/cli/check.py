"""``xrf-pigments check``: how far the pigments of one's own scan can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Option

from ._console import echo, progress_bar
from ._options import CalibrationOptions, Dataset, Detector, Device, ScanArgument
from .map import open_scan


@dataclass(frozen=True, kw_only=True)
class CheckRequest(CalibrationOptions):
    """Measure on a scan itself how stable its pigments are.

    The counts of a sample of pixels are split, thinned and passed through a virtual absorber; other
    detectors of the scan are compared.

    Examples
    --------
    xrf-pigments check scan.rpl --anode Rh --kv 45
    xrf-pigments check folder --detector 10264 --other 19511
    """

    scan: ScanArgument
    detector: Detector = None
    dataset: Dataset = None
    other: Annotated[
        list[str] | None,
        Option(metavar="NAME", help="Another detector of the scan to compare; may be repeated."),
    ] = None
    weights: Annotated[
        Path | None, Option(help="Weights of the network (default: the bundled ones).")
    ] = None
    pixels: Annotated[int, Option(min=1, help="Pixels of the sample.")] = 3000
    seed: Annotated[int, Option(help="Seed of splitting and thinning.")] = 0
    device: Device = "auto"

    def run(self) -> None:
        """Check the scan and print the table."""
        from ..mapping.self_check import check_scan
        from ..network import Predictor

        cube = open_scan(self.scan, self, dataset=self.dataset, detector=self.detector)
        others = [
            (name, open_scan(self.scan, self, dataset=self.dataset, detector=name))
            for name in self.other or ()
        ]
        predictor = Predictor(self.device, self.weights)
        with progress_bar("Check", unit=" steps") as progress:
            check = check_scan(
                cube,
                predictor,
                others=others,
                pixels=self.pixels,
                seed=self.seed,
                progress=progress,
            )
        echo(str(check))
