"""Scans that are saved by `convert`, killed and without room: the earlier one stays whole."""

from __future__ import annotations

import random
from pathlib import Path

import dask.array as da
import numpy as np
import pytest

from napari_xrf_pigments import EnergyAxis, XRFCube, open_cube
from napari_xrf_pigments.io import save_cube

from .conftest import contents
from .fault import Declared
from .victim import TOLD, posix, victims, without_room

survives = Declared()
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


def once(target: str) -> None:
    """Save over what has that name."""
    save(Path(target), 2)


def again(turn: int, target: str) -> None:
    """Save one and another in turn."""
    save(Path(target), 2 + turn % 2)


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
    done = without_room(room, __name__, tmp_path / name)
    assert done.returncode == TOLD, done.stderr
    assert " could not be written: " in done.stdout
    assert done.stdout.count("\n") == 1
    assert contents(tmp_path) == before
    assert read(tmp_path / name) == 1


@pytest.mark.slow
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
    with victims(__name__, target) as kill:
        for _ in range(4):
            kill(moments.uniform(0, 1.5))
            if target.exists():
                assert read(target) in (2, 3)
            else:
                assert name == "scan.rpl"
                # A half without a header may be anybody's: it is never saved over.
                for half in halves:
                    (tmp_path / half).unlink(missing_ok=True)
            rest = [path.name for path in tmp_path.iterdir() if path.name not in halves]
            assert all(entry.startswith(".") and ".part" in entry for entry in rest)


def test_a_mixture_of_scans_would_be_seen(tmp_path: Path) -> None:
    save(tmp_path / "scan.rpl", 1)
    save(tmp_path / "other.rpl", 2)
    assert read(tmp_path / "other.rpl") == 2
    (tmp_path / "other.raw").replace(tmp_path / "scan.raw")
    with pytest.raises(AssertionError):
        read(tmp_path / "scan.rpl")


@posix
def test_work_that_fails_is_told_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "scan.raw").write_bytes(b"somebody's")
    with victims(__name__, tmp_path / "scan.rpl") as kill, pytest.raises(AssertionError):
        kill(0.5)
    assert [path.name for path in tmp_path.iterdir()] == ["scan.raw"]
