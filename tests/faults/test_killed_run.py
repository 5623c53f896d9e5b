"""A run that is killed: no half maps under their name, and its finished tiles are not lost."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from napari_xrf_pigments import open_cube
from napari_xrf_pigments.mapping import map_elements
from napari_xrf_pigments.mapping._journal import keeps_tiles

from .fault import Declared
from .victim import ROOT

survives = Declared()

RUN = """
import os, signal, sys, threading, time
from pathlib import Path
from napari_xrf_pigments import open_cube
from napari_xrf_pigments.mapping import map_elements

cube = open_cube(sys.argv[1], gain_kev=0.03, anode="Rh", tube_kv=40.0)
out, unfinished, tiles, moment = Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
kill = lambda: os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
seen = [time.monotonic()]

def tell(done, total):
    seen.append(time.monotonic())
    if len(seen) == tiles + 1:
        threading.Timer(float(moment) * (seen[-1] - seen[-2]), kill).start()
    if len(seen) > tiles + 1:
        time.sleep(60)  # the end comes in time: a fast run must not be over before it

map_elements(cube, ["Fe", "Ca"], out=out, unfinished=unfinished, progress=tell)
"""


@survives(
    "The program is killed during a run",
    "`SIGKILL` (on Windows an end without notice) after each of several tiles, at a random moment "
    "of the next one; maps on disk, finished tiles kept",
    "No maps have the name that was asked for. The next run takes the finished tiles and makes the "
    "others; its maps are those of a run that nothing happened to.",
)
def test_a_killed_run_is_gone_on_with(
    scan_folder: Path, tmp_path: Path, unchanged: Callable[[], None]
) -> None:
    scan, out, kept = scan_folder / "scan.npy", tmp_path / "maps.zarr", tmp_path / "unfinished"
    moments = random.Random(2)
    command = [sys.executable, "-c", RUN, str(scan), str(out), str(kept)]
    for tiles in (1, 2):
        moment = moments.uniform(0, 1)
        run = subprocess.run([*command, str(tiles), str(moment)], cwd=ROOT, capture_output=True)
        assert run.returncode != 0
        assert run.stderr == b""
        assert not out.exists()
        assert keeps_tiles(kept)
    done: list[int] = []
    cube = open_cube(scan, gain_kev=0.03, anode="Rh", tube_kv=40.0)
    maps = map_elements(
        cube, ["Fe", "Ca"], out=out, unfinished=kept, progress=lambda now, _: done.append(now)
    )
    whole = map_elements(cube, ["Fe", "Ca"])
    np.testing.assert_array_equal(np.asarray(maps.counts), whole.counts)
    np.testing.assert_array_equal(np.asarray(maps.sigma), whole.sigma)
    assert done[-1] == whole.counts[0].size
    unchanged()
