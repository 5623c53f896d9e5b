"""``xrf-pigments simulate``: the scan of a simulated painting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from ._console import echo, progress_bar
from ._options import PaintingOptions

if TYPE_CHECKING:
    from ..cube import XRFCube


@dataclass(frozen=True, kw_only=True)
class SimulateRequest(PaintingOptions):
    """Simulate the scan of a painting with a hidden layer, and write its truth beside it.

    Examples
    --------
    xrf-pigments simulate -o painting.h5 --seed 3 --shape 100x150
    """

    out: Annotated[Path, Option("-o", "--out", help="Scan to write, OUT.h5.")]
    overwrite: Annotated[bool, Option("--overwrite", help="Replace an earlier scan.")] = False
    anode: Annotated[str, Option(help="Anode of the tube.")] = "Rh"
    tube_kv: Annotated[float, Option("--kv", metavar="KV", help="Voltage of the tube.")] = 45.0

    def run(self) -> None:
        """Simulate the scan and write it."""
        from ..io.outputs.output_lock import reserve_output
        from ..io.scans import check_scan_output
        from ..io.truth_file import check_truth, truth_path

        if self.out.suffix.lower() not in (".h5", ".hdf5", ".nxs"):
            raise ValueError(f"{self.out} must end in .h5: scans are written as HDF5.")
        check_scan_output(self.out, "hdf5", overwrite=self.overwrite)
        truth = truth_path(self.out)
        check_truth(truth, overwrite=self.overwrite)
        with reserve_output(self.out):
            simulate(self.out, self.seed, self.shape, self.anode, self.tube_kv, truth)


def simulate(
    path: Path,
    seed: int,
    shape: tuple[int, int],
    anode: str = "Rh",
    tube_kv: float = 45.0,
    truth_file: Path | None = None,
) -> XRFCube:
    """Simulate a scan, write it and, where a path is given, its truth; print paths and size."""
    from ..io import save_cube
    from ..io.truth_file import save_truth
    from ..simulation import simulate_scan

    cube, truth = simulate_scan(seed, shape, anode=anode, tube_kv=tube_kv)
    # A reader of the file must check this axis as it would that of an instrument.
    cube = cube.with_energies(replace(cube.energies, source="file"))
    with progress_bar("Simulated scan") as progress:
        save_cube(cube, path, overwrite=True, progress=progress)
    rows, columns, channels = cube.shape
    echo(f"Scan: {path} ({rows} x {columns} pixels, {channels} channels)")
    if truth_file is not None:
        save_truth(truth_file, truth)
        echo(f"Truth: {truth_file}")
    return cube
