"""Waiting times before anything happens, each in a fresh process."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from ._scans import write_raw
from ._tables import Tables

TURNS = 3
TITLE = "Start-up, each in a fresh process"
_TIMED = "import sys, time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"
_DECIDE = """
import sys, time
import napari.viewer, qtpy.QtWidgets  # imported before any reader
start = time.perf_counter()
from napari_xrf_pigments.plugin._reader import get_reader
loaded = time.perf_counter()
assert get_reader(sys.argv[1]) is not None
print(loaded - start, time.perf_counter() - loaded)
"""
_FIRST_TILE = """
import sys, time
from napari_xrf_pigments import open_cube
from napari_xrf_pigments.mapping import iter_{0}_tiles
cube = open_cube(sys.argv[1])
start = time.perf_counter()
next(iter_{0}_tiles(cube))
print(time.perf_counter() - start)
"""


def fresh(code: str, *words: str, word: int = -1) -> list[float]:
    """Return a number that a program prints, in fresh processes; the first one fills caches."""
    command = [sys.executable, "-c", code, *words]
    printed = [subprocess.check_output(command, text=True) for _ in range(TURNS + 1)]
    return [float(text.split()[word]) for text in printed[1:]]


def run(tables: Tables, folder: Path) -> None:
    """Measure import, the decision of the reader, and the first tile."""
    imported = fresh(_TIMED.format("import napari_xrf_pigments"))
    tables.add(TITLE, "import napari_xrf_pigments", imported, target="< 0.1 s")
    scan = str(write_raw(folder / "scan", 128, 128, 2048))
    for kind in ("pigment", "element"):
        first = fresh(_FIRST_TILE.format(kind), scan)
        tables.add(TITLE, f"first tile of {kind} maps after run", first, target="< 2 s")
    if find_spec("napari") is None:
        print("start_up: napari is not installed, so the rows of the reader are missing")
        return
    decided = [1e3 * one for one in fresh(_DECIDE, scan)]
    tables.add(TITLE, "the reader decides", decided, "ms", target="< 50 ms")
    tables.add(TITLE, "the reader is imported, once per session", fresh(_DECIDE, scan, word=-2))
