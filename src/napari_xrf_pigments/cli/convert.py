"""``xrf-pigments convert``: a scan in another format, with the same counts."""

from __future__ import annotations

import argparse

from ._console import free_to_write, progress_bar, say


def run(options: argparse.Namespace) -> None:
    """Open a scan and save it."""
    from ..io import open_cube, save_cube
    from ..io.scans import scan_format, written_paths

    name = scan_format(options.out, options.format)
    for path in written_paths(options.out, name):
        free_to_write(path, overwrite=options.overwrite, scan=options.scan)
    cube = open_cube(
        options.scan,
        gain_kev=options.gain_kev,
        offset_kev=options.offset_kev,
        anode=options.anode,
        tube_kv=options.kv,
        dataset=options.dataset,
        detector=options.detector,
    )
    rows, columns, channels = cube.shape
    say(f"{options.scan}: {rows} x {columns} pixels, {channels} channels, {cube.counts.dtype}.")
    with progress_bar("Scan") as progress:
        save_cube(cube, options.out, format=name, overwrite=options.overwrite, progress=progress)
    say(f"Scan: {options.out}")
