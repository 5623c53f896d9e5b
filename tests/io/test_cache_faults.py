"""Copies that are made by two programs at once, or by one that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments import open_cube
from napari_xrf_pigments.io import CacheSettings, cache_entries, trim_cache
from napari_xrf_pigments.io._cache import FROM_CACHE

OPEN = """
import sys, time
from pathlib import Path
from napari_xrf_pigments import open_cube
from napari_xrf_pigments.io import CacheSettings

scan, cache, wait = sys.argv[1:]

def slowly(done, total):
    print("half-way", flush=True)
    time.sleep(float(wait))

cube = open_cube(scan, cache=CacheSettings(Path(cache)), progress=slowly)
print(int(cube.counts.sum().compute()), *cube.source.notes, sep="|", flush=True)
"""


@pytest.fixture
def settings(tmp_path) -> CacheSettings:
    return CacheSettings(tmp_path / "elsewhere" / "cache")


def started(scan: Path, settings: CacheSettings, wait: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", OPEN, str(scan), str(settings.folder), str(wait)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
def test_a_program_that_is_killed_leaves_nothing_that_passes_for_a_copy(mca_folder, settings):
    process = started(mca_folder, settings, 600)
    with process:
        assert process.stdout.readline() == "half-way\n"
        process.send_signal(signal.SIGKILL)
    assert cache_entries(settings) == ()
    (left,) = settings.folder.iterdir()
    assert left.name.startswith(".")
    cube = open_cube(mca_folder, cache=settings)
    assert FROM_CACHE in cube.source.notes
    assert np.array_equal(cube.counts.compute(), open_cube(mca_folder).counts.compute())
    # What was left behind is removed once it is plain that nobody works on it.
    assert left.exists()
    long_ago = time.time() - 7200
    for path in left.rglob("*"):
        os.utime(path, (long_ago, long_ago))
    trim_cache(settings)
    assert not left.exists()
    assert len(cache_entries(settings)) == 1


def test_two_programs_at_once_end_with_one_whole_copy(mca_folder, settings):
    total = int(open_cube(mca_folder).counts.sum().compute())
    both = [started(mca_folder, settings, 0.5) for _ in range(2)]
    for process in both:
        with process:
            said = process.stdout.read().splitlines()[-1].split("|")
        assert process.returncode == 0
        assert int(said[0]) == total
        assert FROM_CACHE in said
    assert len(cache_entries(settings)) == 1
    assert len(list(settings.folder.iterdir())) == 1


def test_a_copy_that_is_removed_while_it_is_open_is_told_not_read_as_zeros(mca_folder, settings):
    cube = open_cube(mca_folder, cache=settings)
    trim_cache(CacheSettings(settings.folder, 1e-9))
    with pytest.raises((OSError, ValueError), match="copy of panel in the cache"):
        cube.counts.compute()
