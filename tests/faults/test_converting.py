"""Scans that are saved by `convert`, killed and without room: the earlier one stays whole."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import dask.array as da
import numpy as np
import pytest

from napari_xrf_pigments import EnergyAxis, XRFCube, open_cube
from napari_xrf_pigments.io import save_cube

from .conftest import contents
from .fault import Declared

survives = Declared()
ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs signals and limits of POSIX")
NAMES = ("scan.zarr", "scan.h5", "scan.rpl")
ROWS, COLUMNS, CHANNELS = 20, 24, 256


def save(target: Path, value: int) -> None:
    """Save a scan whose counts, live times and energy axis all tell which one it is."""
    rng = np.random.default_rng(0)
    # Noise, which no compression makes small, above a whole number that tells which it is.
    counts = (1000 * value + rng.integers(0, 1000, (ROWS, COLUMNS, CHANNELS))).astype(np.uint16)
    times = value + rng.random((ROWS, COLUMNS)) / 2
    cube = XRFCube(
        da.from_array(counts, chunks=(5, -1, -1)),
        EnergyAxis(CHANNELS, 0.01 * value, 0.0, "file"),
        live_time_s=times,
    )
    save_cube(cube, target, overwrite=True)


def read(target: Path) -> int:
    """Which of the scans a saved one is; fails where it is a mixture or not whole."""
    cube = open_cube(target)
    assert cube.shape == (ROWS, COLUMNS, CHANNELS)
    assert cube.live_time_s is not None
    values = {int(value) for value in np.unique(cube.counts.compute() // 1000)}
    values |= {int(value) for value in np.unique(np.floor(cube.live_time_s))}
    values |= {round(100 * cube.energies.gain_kev)}
    assert len(values) == 1, values
    return values.pop()


FULL = """
import resource, sys
from pathlib import Path
from tests.faults.test_converting import save
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    save(Path(sys.argv[1]), 2)
except OSError as error:
    print(error)
    sys.exit(3)
"""


@survives(
    "The disk is full while a scan is converted",
    "no file may grow over 0 or 6,000 bytes (`RLIMIT_FSIZE`); Zarr, HDF5, Ripple pair",
    "The earlier converted scan is whole and nothing else is left. One sentence: *scan.h5 could "
    "not be written: file too large* (on a full disk: *no space left on device*).",
)
@posix
@pytest.mark.parametrize("room", [0, 6000])
@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_leaves_the_old_scan(tmp_path: Path, name: str, room: int) -> None:
    save(tmp_path / name, 1)
    before = contents(tmp_path)
    command = [sys.executable, "-c", FULL, str(tmp_path / name), str(room)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 3, done.stderr
    assert " could not be written: " in done.stdout
    assert done.stdout.count("\n") == 1
    assert contents(tmp_path) == before
    assert read(tmp_path / name) == 1


KILLED = """
import os, signal, sys, time
from pathlib import Path
import h5py, zarr
from tests.faults.test_converting import read, save

# Forked before anything was saved, so that every victim begins alike. It dies after its first
# saving, at a moment of the second or third.
for line in sys.stdin:
    heard, tells = os.pipe()
    begun = time.monotonic()
    victim = os.fork()
    if victim == 0:
        for round in range(1000):
            save(Path(sys.argv[1]), 2 + round % 2)
            os.write(tells, b"saved")
        os._exit(0)
    os.read(heard, 5)
    time.sleep(float(line) * (time.monotonic() - begun))
    os.kill(victim, signal.SIGKILL)
    os.waitpid(victim, 0)
    os.close(heard)
    os.close(tells)
    print("killed", flush=True)
"""


@survives(
    "The program is killed while a scan is converted over an earlier one",
    "`SIGKILL` at random moments; Zarr, HDF5, Ripple pair",
    "The converted scan is whole: the earlier or the new one. A pair of which one half is new has "
    "no header, and is no scan. What is left half has a hidden name that ends in `.part`.",
)
@posix
@pytest.mark.parametrize("name", NAMES)
def test_a_killed_program_leaves_a_whole_scan(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    save(target, 1)
    halves = {target.name, "scan.raw", "scan.pixels.npz"} if name == "scan.rpl" else {name}
    moments = random.Random(name)
    command = [sys.executable, "-c", KILLED, str(target)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    with subprocess.Popen(command, **pipes) as nursery:  # type: ignore[call-overload]
        for _ in range(4):
            nursery.stdin.write(f"{moments.uniform(0, 1.5)}\n")
            nursery.stdin.flush()
            assert nursery.stdout.readline() == "killed\n"
            if target.exists():
                assert read(target) in (2, 3)
            else:
                assert name == "scan.rpl"
            rest = [path.name for path in tmp_path.iterdir() if path.name not in halves]
            assert all(entry.startswith(".") and ".part" in entry for entry in rest)
        nursery.stdin.close()


def test_a_mixture_of_scans_would_be_seen(tmp_path: Path) -> None:
    save(tmp_path / "scan.rpl", 1)
    save(tmp_path / "other.rpl", 2)
    assert read(tmp_path / "other.rpl") == 2
    (tmp_path / "other.raw").replace(tmp_path / "scan.raw")
    with pytest.raises(AssertionError):
        read(tmp_path / "scan.rpl")
