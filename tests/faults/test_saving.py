"""Saving that fails or is killed: the old result stays whole, nothing half passes for it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.io import is_results, load_results, save_results

from .conftest import contents, results, value_of
from .fault import Declared
from .victim import TOLD, posix, victims, without_room

survives = Declared()
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


def once(target: str) -> None:
    """Save over what has that name."""
    save(Path(target), 2.0)


def again(turn: int, target: str) -> None:
    """Save one and another in turn."""
    save(Path(target), 2.0 + turn % 2)


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
    done = without_room(room, __name__, tmp_path / name)
    assert done.returncode == TOLD, done.stderr
    assert done.stdout.startswith(f"{name} could not be written: ")
    assert done.stdout.count("\n") == 1
    assert contents(tmp_path) == before
    assert read(tmp_path / name) == 1.0


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
    found = []
    with victims(__name__, target) as kill:
        for _ in range(5):
            kill(moments.uniform(0, 1.5))
            found.append(read(target))
            rest = [path.name for path in tmp_path.iterdir() if path != target]
            assert all(entry.startswith(".") and ".part" in entry for entry in rest)
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
def test_foreign_files_are_not_replaced(tmp_path: Path, name: str, kind: str) -> None:
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
