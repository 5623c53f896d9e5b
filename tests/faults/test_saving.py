"""Saving that fails or is killed: the old result stays whole, nothing half passes for it."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.io import is_results, load_results, save_results

from .conftest import contents, results, value_of
from .fault import Declared

survives = Declared()
ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs signals and limits of POSIX")
NAMES = {"maps.zarr": None, "maps.h5": None, "maps": "tiff"}


def save(target: Path, value: float) -> None:
    elements, pigments = results(value)
    save_results(target, elements=elements, pigments=pigments, format=NAMES[target.name])


def read(target: Path) -> float:
    """The value that all maps of a saved result hold."""
    if target.suffix:
        return value_of(load_results(target))
    import tifffile

    assert is_results(target)
    images = [tifffile.imread(path) for path in sorted(target.glob("*.tif"))]
    assert len(images) == 3 + 3 + 9 + 3 + 1
    values = {float(value) for image in images for value in np.unique(np.floor(image))}
    assert len(values) == 1
    return values.pop()


FULL = """
import resource, sys
from pathlib import Path
from tests.faults.test_saving import save
# As a disk that is full: no file may grow over so many bytes.
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    save(Path(sys.argv[1]), 2.0)
except OSError as error:
    print(error)
    sys.exit(3)
"""


@survives(
    "The disk is full while results are saved",
    "no file may grow over 0, 700 or 6,000 bytes (`RLIMIT_FSIZE`); Zarr, HDF5, TIFF",
    "The earlier result is whole and nothing else is left. One sentence: *maps.zarr could not be "
    "written: file too large* (on a full disk: *no space left on device*).",
)
@posix
@pytest.mark.parametrize("room", [0, 700, 6000])
@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_leaves_the_old_result(tmp_path: Path, name: str, room: int) -> None:
    save(tmp_path / name, 1.0)
    before = contents(tmp_path)
    command = [sys.executable, "-c", FULL, str(tmp_path / name), str(room)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 3, done.stderr
    assert done.stdout.startswith(f"{name} could not be written: ")
    assert done.stdout.count("\n") == 1
    assert contents(tmp_path) == before
    assert read(tmp_path / name) == 1.0


KILLED = """
import os, signal, sys, time
from pathlib import Path
import h5py, tifffile, zarr, napari_xrf_pigments.io.save
from tests.faults.test_saving import save
from napari_xrf_pigments.io import save_hdf5, save_tiff, save_zarr

# Forked before anything was saved, so that every victim begins alike. It dies after its first
# saving, at a moment of the second or third.
for line in sys.stdin:
    heard, tells = os.pipe()
    begun = time.monotonic()
    victim = os.fork()
    if victim == 0:
        for round in range(1000):
            save(Path(sys.argv[1]), 2.0 + round % 2)
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
    "The program is killed while results are saved over an earlier result",
    "`SIGKILL` at random moments; Zarr, HDF5, TIFF",
    "The result is whole: the earlier or the new one. What is left half has a hidden name that "
    "ends in `.part`.",
)
@posix
@pytest.mark.parametrize("name", NAMES)
def test_a_killed_program_leaves_a_whole_result(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    save(target, 1.0)
    moments = random.Random(name)
    command = [sys.executable, "-c", KILLED, str(target)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    found = []
    with subprocess.Popen(command, **pipes) as nursery:  # type: ignore[call-overload]
        for _ in range(5):
            nursery.stdin.write(f"{moments.uniform(0, 1.5)}\n")
            nursery.stdin.flush()
            assert nursery.stdout.readline() == "killed\n"
            found.append(read(target))
            rest = [path.name for path in tmp_path.iterdir() if path != target]
            assert all(entry.startswith(".") and ".part" in entry for entry in rest)
        nursery.stdin.close()
    assert set(found) <= {2.0, 3.0}


@survives(
    "Two runs save the same result at once",
    "two threads save to one name again and again; Zarr, HDF5",
    "The result is one of the two, whole; nothing else is left.",
)
@pytest.mark.parametrize("name", ["maps.zarr", "maps.h5"])
def test_two_savings_at_once_leave_one_whole_result(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    save(target, 1.0)
    errors: list[Exception] = []

    def work(value: float) -> None:
        for _ in range(4):
            try:
                save(target, value)
            except OSError as error:  # who comes second may be told so, but in a sentence
                errors.append(error)

    threads = [threading.Thread(target=work, args=(value,)) for value in (2.0, 3.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(str(error).endswith(".") for error in errors)
    assert read(target) in (2.0, 3.0)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@survives(
    "Something else has the name of a result",
    "a folder of the user's, a file of the user's",
    "It stays as it is, to the bit. One sentence says so.",
)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_not_ours_is_left_alone(tmp_path: Path, name: str, kind: str) -> None:
    mine = tmp_path / name
    if kind == "folder":
        mine.mkdir()
        (mine / "notes.txt").write_text("mine")
    else:
        mine.write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(OSError, match=r"is not a result of this program"):
        save(mine, 1.0)
    assert contents(tmp_path) == before


def test_a_mixture_of_results_would_be_seen(tmp_path: Path) -> None:
    elements, pigments = results(1.0)
    other, _ = results(2.0)
    check: Callable[..., float] = value_of
    assert check((elements, pigments)) == 1.0
    with pytest.raises(AssertionError):
        check((other, pigments))
