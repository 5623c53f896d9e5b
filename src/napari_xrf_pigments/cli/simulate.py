"""``xrf-pigments simulate``: a scan of a painting that was never painted."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ._console import free_to_write, progress_bar, say

if TYPE_CHECKING:
    from ..cube import XRFCube


def run(options: argparse.Namespace) -> None:
    """Simulate a scan and write it."""
    if options.out.suffix.lower() not in (".h5", ".hdf5", ".nxs"):
        raise ValueError(f"{options.out} must end in .h5: scans are written as HDF5.")
    free_to_write(options.out, overwrite=options.overwrite)
    simulate(options.out, options.seed, options.shape, options.anode, options.kv)


def simulate(
    path: Path, seed: int, shape: tuple[int, int], anode: str = "Rh", tube_kv: float = 45.0
) -> XRFCube:
    """Simulate a scan, write it, and say so."""
    from ..io import save_cube
    from ..simulation import simulate_scan

    cube, _ = simulate_scan(seed, shape, anode=anode, tube_kv=tube_kv)
    # To whoever opens the file, the scale is the instrument's, to be checked like any other.
    cube = cube.with_energies(replace(cube.energies, source="file"))
    with progress_bar("Simulated scan") as progress:
        save_cube(cube, path, overwrite=True, progress=progress)
    rows, columns, channels = cube.shape
    say(f"Scan: {path} ({rows} x {columns} pixels, {channels} channels)")
    return cube
