"""How long one waits before anything happens; each in a fresh process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from .conftest import Tables

TURNS = 3
_TIMED = "import sys, time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"
_DECIDE = """
import sys, time
import dask.array, numpy  # which napari has loaded
start = time.perf_counter()
from napari_xrf_pigments.plugin.reader import get_reader
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
    """A word that a program prints in fresh processes; the first run, that fills caches, is out."""
    command = [sys.executable, "-c", code, *words]
    said = [subprocess.check_output(command, text=True) for _ in range(TURNS + 1)]
    return [float(text.split()[word]) for text in said[1:]]


def test_start_up(raw_scan: Callable[..., Path], tables: Tables) -> None:
    title = "Start-up, each in a fresh process"
    scan = str(raw_scan(128, 128, 2048))
    found = fresh(_TIMED.format("import napari_xrf_pigments"))
    tables.add(title, "import napari_xrf_pigments", found, wanted="< 0.1 s")
    decided = [1e3 * one for one in fresh(_DECIDE, scan)]
    tables.add(title, "the reader decides", decided, "ms", wanted="< 50 ms")
    loaded = [1e3 * one for one in fresh(_DECIDE, scan, word=-2)]
    tables.add(title, "the reader is imported", loaded, "ms")
    for kind in ("pigment", "element"):
        first = fresh(_FIRST_TILE.format(kind), scan)
        tables.add(title, f"first tile of {kind} maps after run", first, wanted="< 2 s")
