"""Test that a killed run leaves no incomplete output and can be continued."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments import open_cube
from napari_xrf_pigments.io import load_results, save_results
from napari_xrf_pigments.mapping import has_tiles, map_elements

from .fault import Declared
from .victim import ROOT

survives = Declared()

RUN = """
import os, signal, sys, threading, time
from pathlib import Path
from napari_xrf_pigments import open_cube
from napari_xrf_pigments.io import save_results
from napari_xrf_pigments.mapping import map_elements

cube = open_cube(sys.argv[1], gain_kev=0.03, anode="Rh", tube_kv=40.0)
out, unfinished, steps, moment = Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
kill = lambda: os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
times = [time.monotonic()]

def progress(done, total):
    times.append(time.monotonic())
    if len(times) == steps + 1:
        threading.Timer(float(moment) * (times[-1] - times[-2]), kill).start()
    if len(times) > steps + 1:
        time.sleep(60)  # a fast run must not end before it is killed

maps = map_elements(cube, ["Fe", "Ca"], unfinished=unfinished, progress=progress)
save_results(out, elements=maps)
"""


@pytest.mark.slow
@survives(
    "The program is killed during a run",
    "`SIGKILL` (on Windows, immediate termination) at a random moment after the first tile, and "
    "again after the second",
    "No output file exists. The next run continues the unfinished maps and repeats at most one "
    "band of rows; its maps equal those of an uninterrupted run.",
)
def test_a_killed_run_is_continued(
    scan_folder: Path, tmp_path: Path, unchanged: Callable[[], None]
) -> None:
    scan, out, unfinished = (
        scan_folder / "scan.npy",
        tmp_path / "maps.zarr",
        tmp_path / "unfinished",
    )
    moments = random.Random(2)
    command = [sys.executable, "-c", RUN, str(scan), str(out), str(unfinished)]
    for steps in (1, 2):
        moment = moments.uniform(0, 1)
        run = subprocess.run([*command, str(steps), str(moment)], cwd=ROOT, capture_output=True)
        assert run.returncode != 0
        assert run.stderr == b""
        assert not out.exists()
        assert has_tiles(unfinished)
    done: list[int] = []
    cube = open_cube(scan, gain_kev=0.03, anode="Rh", tube_kv=40.0)
    maps = map_elements(
        cube, ["Fe", "Ca"], unfinished=unfinished, progress=lambda now, _: done.append(now)
    )
    save_results(out, elements=maps)
    saved, _ = load_results(out)
    whole = map_elements(cube, ["Fe", "Ca"])
    assert saved is not None
    np.testing.assert_array_equal(np.asarray(saved.counts), whole.counts)
    np.testing.assert_array_equal(np.asarray(saved.sigma), whole.sigma)
    assert done[0] > 0
    assert done[-1] == whole.counts[0].size
    unchanged()
