"""Longest gaps of the window in the steps of the tutorial, beside napari alone doing the same.

Every program runs in a process of its own, the plugin's and napari's in turns. napari alone opens
the total counts of the same scan with its own reader, adds as many hidden and visible images,
moves a point as often and changes as many colormaps.
``XRF_PIGMENTS_BENCH_SCAN`` names another scan than that of the tutorial. It needs a screen, such as
that of ``.ci/display``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from ._tables import Tables

TITLE = "Longest gap of the window's event loop"
TURNS = 3
LIMIT = "ratio 1.5"
_ROOT = Path(__file__).parents[2]
_SIMULATE = (
    "import sys; from napari_xrf_pigments.cli import main; "
    "sys.exit(main(['simulate', '-o', sys.argv[1], '--seed', '0']))"
)


def run(tables: Tables, folder: Path) -> None:
    """Measure the window."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        print("window: left out, since there is no screen")
        return
    scan = Path(os.environ.get("XRF_PIGMENTS_BENCH_SCAN") or folder / "painting.h5")
    if not scan.exists():
        subprocess.run([sys.executable, "-c", _SIMULATE, str(scan)], check=True, cwd=_ROOT)
    plugin: dict[str, list[float]] = {}
    alone: dict[str, list[float]] = {}
    for turn in range(TURNS):
        session = folder / f"session{turn}"
        gaps = _program("_window_plugin", folder, scan, session)
        gaps |= _program("_window_session", folder, session)
        maps = {
            name: [int(gaps.pop(f"{kind}: {name}")) for kind in ("hidden", "visible")]
            for name in ("elements", "pigments", "many")
        }
        for found, into in (
            (gaps, plugin),
            (_program("_window_napari", folder, scan, maps), alone),
            (_program("_window_napari", folder, scan, maps, "all"), alone),
        ):
            for name, seconds in found.items():
                into.setdefault(name, []).append(1e3 * seconds)
    for name, values in plugin.items():
        peers = alone.get(name, [])
        ratios = [float(np.median(values) / np.median(peers))] if peers else []
        tables.add(TITLE, name, values, "ms", ratios=ratios, target=LIMIT if peers else "")
        if peers:
            tables.add(TITLE, f"- napari alone: {name}", peers, "ms")


def _program(module: str, folder: Path, *arguments: object) -> dict[str, float]:
    words = [json.dumps(one) if isinstance(one, dict) else str(one) for one in arguments]
    command = [sys.executable, "-m", f"docs.benchmarks.{module}", *words]
    settings = {**os.environ, "NAPARI_CONFIG": str(folder / f"{module}.yaml")}
    ended = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, cwd=_ROOT, env=settings
    )
    gaps: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return gaps
