"""Test that saving that fails or is killed leaves the previous result intact."""

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
from .victim import REPORTED, posix, run_on_full_disk, victims

survives = Declared()
NAMES = {"maps.zarr": None, "maps.h5": None, "maps": "tiff"}


def save(target: Path, value: float) -> None:
    elements, pigments = results(value)
    save_results(target, elements=elements, pigments=pigments, format=NAMES[target.name])


def read(target: Path) -> float:
    """Return the value of all maps of a saved result."""
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
    """Replace the result."""
    save(Path(target), 2.0)


def again(turn: int, target: str) -> None:
    """Replace the result by one of two others in turn."""
    save(Path(target), 2.0 + turn % 2)


@survives(
    "The disk is full while results are saved",
    "file size limited to 0, 700 or 6,000 bytes (`RLIMIT_FSIZE`); Zarr, HDF5, TIFF",
    "The previous result is intact and no other file remains. Message: *maps.zarr could not be "
    "written: file too large* (on a full disk: *no space left on device*).",
)
@posix
@pytest.mark.parametrize("limit", [0, 700, 6000])
@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_leaves_the_previous_result_intact(
    tmp_path: Path, name: str, limit: int
) -> None:
    save(tmp_path / name, 1.0)
    before = contents(tmp_path)
    done = run_on_full_disk(limit, __name__, tmp_path / name)
    assert done.returncode == REPORTED, done.stderr
    assert done.stdout.startswith(f"{name} could not be written: ")
    assert done.stdout.count("\n") == 1
    assert contents(tmp_path) == before
    assert read(tmp_path / name) == 1.0


@survives(
    "The program is killed while a saved result is replaced",
    "`SIGKILL` at random moments; Zarr, HDF5, TIFF",
    "The result is complete: either the previous or the new one. Incomplete files have hidden "
    "names ending in `.part`.",
)
@posix
@pytest.mark.parametrize("name", NAMES)
def test_a_killed_program_leaves_a_complete_result(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    save(target, 1.0)
    moments = random.Random(name)
    values = []
    with victims(__name__, target) as kill:
        for _ in range(5):
            kill(moments.uniform(0, 1.5))
            values.append(read(target))
            rest = [path.name for path in tmp_path.iterdir() if path != target]
            assert all(entry.startswith(".") and ".part" in entry for entry in rest)
    assert set(values) <= {2.0, 3.0}


@survives(
    "Two runs save to the same file at the same time",
    "two threads repeatedly save to one file; Zarr, HDF5",
    "The file contains one of the two results, complete; no other file remains.",
)
@pytest.mark.parametrize("name", ["maps.zarr", "maps.h5"])
def test_two_saves_at_once_leave_one_complete_result(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    save(target, 1.0)
    errors: list[Exception] = []

    def work(value: float) -> None:
        for _ in range(4):
            try:
                save(target, value)
            except OSError as error:  # the second run may fail, with a one-sentence message
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
    "A file that is not a result already has the name of the output",
    "a folder or a file of the user",
    "It is left unchanged, bit for bit. Message: *maps.h5 exists and is not a result of this "
    "program, so it was left as it is.*",
)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_files_of_the_user_are_not_replaced(tmp_path: Path, name: str, kind: str) -> None:
    existing = tmp_path / name
    if kind == "folder":
        existing.mkdir()
        (existing / "notes.txt").write_text("mine")
    else:
        existing.write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(OSError, match=r"is not a result of this program"):
        save(existing, 1.0)
    assert contents(tmp_path) == before


def test_a_mixture_of_results_is_detected(tmp_path: Path) -> None:
    elements, pigments = results(1.0)
    other, _ = results(2.0)
    check: Callable[..., float] = value_of
    assert check((elements, pigments)) == 1.0
    with pytest.raises(AssertionError):
        check((other, pigments))
