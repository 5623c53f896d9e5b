"""``xrf-pigments demo``: the whole way once, on a simulated painting."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from . import map as cli_map
from ._console import say
from .simulate import simulate


def run(options: argparse.Namespace) -> None:
    """Simulate, map, save, draw, and open the viewer where there is a screen."""
    folder: Path = options.out
    scan, results, picture = (folder / name for name in ("scan.h5", "maps.zarr", "overview.png"))
    foreign = [
        entry
        for entry in (folder.iterdir() if folder.is_dir() else ())
        if entry not in (scan, results, picture)
    ]
    if foreign:
        raise ValueError(f"{folder} holds other files; give the demo a folder of its own with -o.")
    folder.mkdir(parents=True, exist_ok=True)
    cube = simulate(scan, options.seed, options.shape)
    maps = cli_map.map_cube(cube, device=options.device)
    cli_map.report(maps)
    cli_map.save(maps, results)
    cli_map.overview(maps, picture, "A simulated painting with a hidden layer")
    if not options.no_viewer:
        show(scan, results)


def show(scan: Path, results: Path) -> None:
    """Open napari in a process of its own, or say why not."""
    if not has_screen(sys.platform, os.environ):
        say("There is no screen here, so napari is not opened.")
    elif find_spec("napari") is None:
        say('napari is not installed here: pip install "napari-xrf-pigments[all]" brings it.')
    else:
        # The core never imports the plugin: napari itself, in a process of its own, does.
        plugin = "napari-xrf-pigments"
        docks = ["--with", plugin, "Elements", "Pigments", "Spectrum"]
        files = [str(scan), str(results)]
        command = [sys.executable, "-m", "napari", *files, "--plugin", plugin, *docks]
        subprocess.run(command, check=False)


def has_screen(platform: str, environment: Mapping[str, str]) -> bool:
    """Whether a window can be opened.

    Parameters
    ----------
    platform : str
        As in ``sys.platform``.
    environment : mapping of str to str
        As in ``os.environ``.
    """
    if platform in ("win32", "darwin"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
