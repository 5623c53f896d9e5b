"""How long one waits before anything happens; each in a fresh process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Tables

TURNS = 3
TITLE = "Start-up, each in a fresh process"
_TIMED = "import sys, time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"
_DECIDE = """
import sys, time
import napari.viewer, qtpy.QtWidgets  # which are there before any reader
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
    """A word that a program prints in fresh processes; the first run, that fills caches, is out."""
    command = [sys.executable, "-c", code, *words]
    said = [subprocess.check_output(command, text=True) for _ in range(TURNS + 1)]
    return [float(text.split()[word]) for text in said[1:]]


def test_before_run(tables: Tables) -> None:
    found = fresh(_TIMED.format("import napari_xrf_pigments"))
    tables.add(TITLE, "import napari_xrf_pigments", found, wanted="< 0.1 s")


def test_the_reader(raw_scan: Callable[..., Path], tables: Tables) -> None:
    pytest.importorskip("napari", reason="needs the plugin's extras")
    scan = str(raw_scan(128, 128, 2048))
    decided = [1e3 * one for one in fresh(_DECIDE, scan)]
    tables.add(TITLE, "the reader decides", decided, "ms", wanted="< 50 ms")
    loaded = fresh(_DECIDE, scan, word=-2)
    tables.add(TITLE, "the reader is imported, once in a session", loaded)


@pytest.mark.parametrize("kind", ["pigment", "element"])
def test_first_tile(raw_scan: Callable[..., Path], tables: Tables, kind: str) -> None:
    first = fresh(_FIRST_TILE.format(kind), str(raw_scan(128, 128, 2048)))
    tables.add(TITLE, f"first tile of {kind} maps after run", first, wanted="< 2 s")
