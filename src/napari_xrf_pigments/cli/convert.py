"""``xrf-pigments convert``: a scan saved in another format, with the same counts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from typer import Option

from ._console import echo, progress_bar
from ._options import Dataset, Detector, EnergyOptions, PlacementOptions, ScanArgument


@dataclass(frozen=True, kw_only=True)
class ConvertRequest(EnergyOptions, PlacementOptions):
    """Save a scan in another format, with the same counts.

    Examples
    --------
    xrf-pigments convert folder_of_mca -o scan.zarr
    xrf-pigments convert scan.rpl -o scan.h5 --gain-kev 0.01 --anode Rh
    """

    scan: ScanArgument
    out: Annotated[Path, Option("-o", "--out", help="OUT.zarr, OUT.h5, or OUT.rpl (with OUT.raw).")]
    format: Annotated[
        Literal["zarr", "hdf5", "rpl"] | None, Option(help="Default: by the ending of OUT.")
    ] = None
    overwrite: Annotated[
        bool, Option("--overwrite", help="Replace a scan that this program wrote.")
    ] = False
    dataset: Dataset = None
    detector: Detector = None

    def run(self) -> None:
        """Open the scan and save it."""
        from ..io import open_cube, save_cube
        from ..io.outputs.output_lock import reserve_output
        from ..io.scans import check_scan_output

        check_scan_output(self.out, self.format, overwrite=self.overwrite, scan=self.scan)
        chosen = {"dataset": self.dataset, "detector": self.detector, **self.placement()}
        cube = open_cube(self.scan, **chosen, **self.overrides())
        rows, columns, channels = cube.shape
        echo(f"{self.scan}: {rows} x {columns} pixels, {channels} channels, {cube.counts.dtype}.")
        with reserve_output(self.out), progress_bar("Scan") as progress:
            save_cube(
                cube, self.out, format=self.format, overwrite=self.overwrite, progress=progress
            )
        echo(f"Scan: {self.out}")
