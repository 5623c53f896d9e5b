"""Copies of slow scans in the cache: killed, and without room."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.io import CacheSettings, clear_cache, open_cube
from napari_xrf_pigments.io._cache import FROM_CACHE

from .conftest import contents
from .fault import Declared
from .victim import posix, victims, without_room

survives = Declared()
CHANNELS, ROWS, COLUMNS = 256, 6, 8


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a .mca a pixel, which is slow to read."""
    rng = np.random.default_rng(3)
    home = tmp_path / "scan"
    (home / "pixels").mkdir(parents=True)
    (home / "colonneXrighe.txt").write_text(f"righe  {ROWS}\ncolonne  {COLUMNS}\ndwell-time 1,0\n")
    for index in range(ROWS * COLUMNS):
        lines = "\n".join(str(value) for value in rng.poisson(4, CHANNELS))
        text = f"<<PMCA SPECTRUM>>\nGAIN - 1\n<<DATA>>\n{lines}\n<<END>>\n"
        (home / "pixels" / f"p_{index + 1}.mca").write_text(text)
    return home


def again(turn: int, scan: str, cache: str) -> None:
    """Empty the cache and open the scan, which puts a copy into it."""
    settings = CacheSettings(Path(cache), 1.0)
    clear_cache(settings)
    open_cube(scan, cache=settings)


def once(scan: str, cache: str) -> None:
    """Open the scan; say its counts and its last note."""
    cube = open_cube(scan, cache=CacheSettings(Path(cache), 1.0))
    assert cube.source is not None
    print(int(cube.counts.sum().compute()))
    print(cube.source.notes[-1])


@survives(
    "The program is killed while a copy of a slow scan is put into the cache, or removed from it",
    "`SIGKILL` at random moments",
    "The next opening gives the counts of the scan: from a whole copy, or a new one. The scan is "
    "as it was.",
)
@posix
def test_a_killed_program_leaves_no_half_copy_in_use(folder: Path, tmp_path: Path) -> None:
    before = contents(folder)
    expected = open_cube(folder).counts.compute()
    settings = CacheSettings(tmp_path / "elsewhere" / "cache", 1.0)
    moments = random.Random(5)
    with victims(__name__, folder, settings.folder) as kill:
        for _ in range(4):
            kill(moments.uniform(0, 1.5))
            cube = open_cube(folder, cache=settings)
            np.testing.assert_array_equal(cube.counts.compute(), expected)
    assert cube.source is not None
    assert FROM_CACHE in cube.source.notes
    assert contents(folder) == before


@survives(
    "The disk is full while a copy is put into the cache",
    "no file may grow over 0, 200 or 2,000 bytes (`RLIMIT_FSIZE`)",
    "The scan opens from its own files; a note says why there is no copy. Nothing is left in the "
    "cache.",
)
@posix
@pytest.mark.parametrize("room", [0, 200, 2000])
def test_without_room_for_a_copy_the_scan_opens_as_it_is(
    folder: Path, tmp_path: Path, room: int
) -> None:
    cache = tmp_path / "elsewhere" / "cache"
    before = contents(folder)
    done = without_room(room, __name__, folder, cache)
    assert done.returncode == 0, done.stderr
    total, note = done.stdout.splitlines()
    assert int(total) == int(open_cube(folder).counts.sum().compute())
    assert note.startswith("No copy of it was kept in the cache: ")
    assert contents(cache) == {}
    assert contents(folder) == before


survives.elsewhere(
    "tests/evaluation/test_cache.py::test_a_file_cut_short_is_computed_again",
    "A file of the evaluation's cache is cut short or changed",
    "files of 0 to 700 bytes, an array doubled, a checksum removed",
    "It does not match its checksum and is computed again.",
)
survives.elsewhere(
    "tests/network/test_weights.py::test_one_changed_byte_of_user_weights_is_seen",
    "Weights are damaged",
    "one bit changed in a tensor or in the settings; files cut short; another file in the place of "
    "the bundled one",
    "They are not used. One sentence: *... was changed or damaged since it was written.*",
)
