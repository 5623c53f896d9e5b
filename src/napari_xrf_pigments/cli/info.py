"""``xrf-pigments info``: the description of a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from ._console import echo, print_json
from ._options import Dataset, Detector, Json, PlacementOptions, ScanArgument


@dataclass(frozen=True, kw_only=True)
class InfoRequest(PlacementOptions):
    """Describe a scan, or maps: format, size, energy axis, counts, tube, geometry, provenance.

    Examples
    --------
    xrf-pigments info scan.rpl
    xrf-pigments info maps.zarr
    xrf-pigments info scan.h5 --save-instrument our_scanner.toml
    """

    scan: ScanArgument
    dataset: Dataset = None
    detector: Detector = None
    json: Json = False
    save_instrument: Annotated[
        Path | None,
        Option(
            metavar="TOML",
            help="Also save the settings of the instrument, for 'map --instrument' with other "
            "scans; edit the file to add what SCAN does not state.",
        ),
    ] = None
    overwrite: Annotated[
        bool, Option("--overwrite", help="Replace earlier settings of --save-instrument.")
    ] = False

    def run(self) -> None:
        """Print the description, and save the settings of the instrument."""
        from ..io import describe, open_cube
        from ..io.describe import facts
        from ..io.instrument_file import SavedInstrument, check_instrument, save_instrument

        if self.save_instrument is not None:
            check_instrument(self.save_instrument, overwrite=self.overwrite)
        chosen: dict[str, Any] = {
            "dataset": self.dataset,
            "detector": self.detector,
            **self.placement(),
        }
        if self.json:
            print_json(facts(self.scan, **chosen))
        else:
            echo(describe(self.scan, **chosen))
        if self.save_instrument is not None:
            cube = open_cube(self.scan, **chosen)
            save_instrument(self.save_instrument, SavedInstrument.of(cube))
            if not self.json:
                echo(f"Instrument: {self.save_instrument}")
