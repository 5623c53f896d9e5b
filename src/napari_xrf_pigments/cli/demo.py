"""``xrf-pigments demo``: every step once, on a simulated painting."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from typer import Option

from ._console import echo
from ._options import Device, PaintingOptions
from .map import MapRequest
from .simulate import simulate


@dataclass(frozen=True, kw_only=True)
class DemoRequest(PaintingOptions):
    """Simulate a painting, map it, and open the result in napari.

    Examples
    --------
    xrf-pigments demo
    xrf-pigments demo -o my_demo --seed 3 --no-viewer
    """

    out: Annotated[Path, Option("-o", "--out", help="Folder for the files.")] = Path(
        "xrf-pigments-demo"
    )
    no_viewer: Annotated[bool, Option("--no-viewer", help="Do not open napari.")] = False
    device: Device = "auto"

    def run(self) -> None:
        """Simulate, map, save, draw, and open the viewer if there is a screen."""
        folder = self.out
        scan, results, picture = (
            folder / name for name in ("scan.h5", "maps.zarr", "overview.png")
        )
        entries = set(folder.glob("[!.]*"))
        if entries - {scan, results, picture}:
            raise ValueError(f"{folder} contains other files; choose another folder with -o.")
        folder.mkdir(parents=True, exist_ok=True)
        simulate(scan, self.seed, self.shape)
        MapRequest(
            scans=[scan],
            out=results,
            overwrite=True,
            overview=picture,
            no_calibrate=True,
            device=self.device,
        ).run()
        if not self.no_viewer:
            open_viewer(scan, results)


def open_viewer(scan: Path, results: Path) -> None:
    """Open napari in a process of its own, or print why it cannot be opened."""
    if not has_screen(sys.platform, os.environ):
        echo("There is no screen here, so napari is not opened.")
    elif find_spec("napari") is None:
        echo('napari is not installed; pip install "napari-xrf-pigments[all]" installs it.')
    else:
        # The core never imports the plugin; napari does, in its own process.
        plugin = "napari-xrf-pigments"
        docks = ["--with", plugin, "Elements", "Pigments", "Spectrum"]
        files = [str(scan), str(results)]
        command = [sys.executable, "-m", "napari", *files, "--plugin", plugin, *docks]
        subprocess.run(command, check=False)


def has_screen(platform: str, environment: Mapping[str, str]) -> bool:
    """Return whether a window can be opened, from ``sys.platform`` and ``os.environ``."""
    if platform in ("win32", "darwin"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
