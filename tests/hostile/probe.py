"""Check that opening a file gives a scan or a one-sentence error, and has no other effect."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np

from napari_xrf_pigments import open_cube
from napari_xrf_pigments.io import can_open, describe, scan_path

#: More memory than this while opening and reading one tile of a small file is a defect.
MOST_BYTES = 200 * 2**20


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Return names, sizes and modification times of all files below a folder."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        found[str(path)] = (status.st_size if path.is_file() else 0, status.st_mtime_ns)
    return found


def sentence(error: Exception) -> None:
    """Fail if the message of an error is not one plain sentence."""
    text = str(error)
    assert text, type(error)
    assert "\n" not in text, text
    assert "Traceback" not in text, text
    assert len(text) < 600, text


def touch(path: Path) -> bool:
    """Open a file as the program does and read a part; return whether it contains a scan."""
    can_open(path)
    scan_path(path)
    try:
        cube = open_cube(path)
        rows, columns, channels = cube.shape
        assert min(rows, columns, channels) >= 1
        block = cube.counts.blocks[0, 0]
        if block.nbytes <= MOST_BYTES // 4:
            corner = np.asarray(block.compute(scheduler="synchronous"))
            assert corner.dtype.kind in "iu"
    except (ValueError, OSError) as error:
        sentence(error)
        # For a scan this also searches for elements, which is slow; see the test of good files.
        try:
            describe(path)
        except (ValueError, OSError) as error:
            sentence(error)
        return False
    return True


def probe(path: Path, folder: Path) -> bool:
    """Call :func:`touch` and check that nothing is written to `folder` and memory is bounded."""
    before = state(folder)
    tracemalloc.start()
    try:
        opened = touch(path)
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()
    assert state(folder) == before
    return opened
