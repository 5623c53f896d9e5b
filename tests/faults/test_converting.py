"""Test that a killed conversion or a full disk leaves the previous scan intact."""

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
from .victim import REPORTED, posix, run_on_full_disk, victims

survives = Declared()
NAMES = ("scan.zarr", "scan.h5", "scan.rpl")
ROWS, COLUMNS, CHANNELS = 20, 24, 256


def save(target: Path, value: int) -> None:
    """Save a scan whose counts, live times and energy axis all contain `value`."""
    rng = np.random.default_rng(0)
    # Noise is added, which does not compress; the multiple of 1000 identifies the scan.
    counts = (1000 * value + rng.integers(0, 1000, (ROWS, COLUMNS, CHANNELS))).astype(np.uint16)
    times = value + rng.random((ROWS, COLUMNS)) / 2
    cube = XRFCube(
        da.from_array(counts, chunks=(5, -1, -1)),
        EnergyAxis(CHANNELS, 0.01 * value, 0.0, "file"),
        live_time_s=times,
    )
    save_cube(cube, target, overwrite=True)


def read(target: Path) -> int:
    """Return the value of a saved scan; fail if it is a mixture or incomplete."""
    cube = open_cube(target)
    assert cube.shape == (ROWS, COLUMNS, CHANNELS)
    assert cube.live_time_s is not None
    values = {int(value) for value in np.unique(cube.counts.compute() // 1000)}
    values |= {int(value) for value in np.unique(np.floor(cube.live_time_s))}
    values |= {round(100 * cube.energies.gain_kev)}
    assert len(values) == 1, values
    return values.pop()


def once(target: str) -> None:
    """Replace the scan."""
    save(Path(target), 2)


def again(turn: int, target: str) -> None:
    """Replace the scan by one of two others in turn."""
    save(Path(target), 2 + turn % 2)


@survives(
    "The disk is full while a scan is converted",
    "file size limited to 0 or 6,000 bytes (`RLIMIT_FSIZE`); Zarr, HDF5, Ripple pair",
    "The previously converted scan is intact and no other file remains. Message: *scan.h5 could "
    "not be written: file too large* (on a full disk: *no space left on device*).",
)
@posix
@pytest.mark.parametrize("limit", [0, 6000])
@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_leaves_the_previous_scan_intact(tmp_path: Path, name: str, limit: int) -> None:
    save(tmp_path / name, 1)
    before = contents(tmp_path)
    done = run_on_full_disk(limit, __name__, tmp_path / name)
    assert done.returncode == REPORTED, done.stderr
    assert " could not be written: " in done.stdout
    assert done.stdout.count("\n") == 1
    assert contents(tmp_path) == before
    assert read(tmp_path / name) == 1


@pytest.mark.slow
@survives(
    "The program is killed while a converted scan is replaced",
    "`SIGKILL` at random moments; Zarr, HDF5, Ripple pair",
    "The converted scan is complete: either the previous or the new one. A Ripple pair of which "
    "only one file was replaced has no header and does not open as a scan. Incomplete files have "
    "hidden names ending in `.part`.",
)
@posix
@pytest.mark.parametrize("name", NAMES)
def test_a_killed_program_leaves_a_complete_scan(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    save(target, 1)
    files = {target.name, "scan.raw", "scan.pixels.npz"} if name == "scan.rpl" else {name}
    moments = random.Random(name)
    with victims(__name__, target) as kill:
        for _ in range(4):
            kill(moments.uniform(0, 1.5))
            if target.exists():
                assert read(target) in (2, 3)
            else:
                assert name == "scan.rpl"
                # Data without a header may belong to another program, so they are never replaced.
                for file in files:
                    (tmp_path / file).unlink(missing_ok=True)
            rest = [path.name for path in tmp_path.iterdir() if path.name not in files]
            assert all(entry.startswith(".") and ".part" in entry for entry in rest)


def test_a_mixture_of_scans_is_detected(tmp_path: Path) -> None:
    save(tmp_path / "scan.rpl", 1)
    save(tmp_path / "other.rpl", 2)
    assert read(tmp_path / "other.rpl") == 2
    (tmp_path / "other.raw").replace(tmp_path / "scan.raw")
    with pytest.raises(AssertionError):
        read(tmp_path / "scan.rpl")


@posix
def test_work_that_fails_before_it_is_killed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "scan.raw").write_bytes(b"another program's")
    with victims(__name__, tmp_path / "scan.rpl") as kill, pytest.raises(AssertionError):
        kill(0.5)
    assert [path.name for path in tmp_path.iterdir()] == ["scan.raw"]
