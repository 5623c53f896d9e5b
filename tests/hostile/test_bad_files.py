"""Test that bad files give a one-sentence error, write nothing and execute nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments import open_cube

from .probe import probe
from .seeds import NO_SCAN, SEEDS, Seed

NAMES = list(SEEDS)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def name() -> str:
    """Return the format, which every test sets by parametrisation."""
    raise NotImplementedError


@pytest.fixture
def made(tmp_path: Path, name: str) -> tuple[Seed, Path]:
    """Return a seed and the folder that contains it."""
    seed = SEEDS[name]
    folder = tmp_path / "in"
    folder.mkdir()
    seed.files(folder)
    return seed, folder


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_opens_unless_it_has_no_scan(made: tuple[Seed, Path]) -> None:
    seed, folder = made
    assert probe(folder / seed.opened, folder) == (seed.name not in NO_SCAN)


@pytest.mark.parametrize("fraction", [0.0, 0.02, 0.1, 0.3, 0.5, 0.8, 0.97])
@pytest.mark.parametrize("name", NAMES)
def test_a_truncated_file_opens_or_gives_one_sentence(
    made: tuple[Seed, Path], fraction: float
) -> None:
    seed, folder = made
    place = folder / seed.header
    data = place.read_bytes()
    place.write_bytes(data[: int(fraction * len(data))])
    opened = probe(folder / seed.opened, folder)
    assert not (opened and fraction == 0)


@pytest.mark.parametrize("seed_number", range(3))
@pytest.mark.parametrize("name", NAMES)
def test_random_bytes_give_one_sentence(made: tuple[Seed, Path], seed_number: int) -> None:
    seed, folder = made
    rng = np.random.default_rng(seed_number)
    (folder / seed.header).write_bytes(rng.bytes(5000))
    assert not probe(folder / seed.opened, folder)


@pytest.mark.parametrize("name", NAMES)
def test_random_bytes_after_a_valid_header_open_or_give_one_sentence(
    made: tuple[Seed, Path],
) -> None:
    seed, folder = made
    place = folder / seed.header
    data = place.read_bytes()
    place.write_bytes(data[: len(data) // 4] + np.random.default_rng(1).bytes(len(data)))
    probe(folder / seed.opened, folder)


@pytest.mark.parametrize(
    "number",
    ["100000000", "-1", "0", "1e308", "nan", "99999999999999999999", "many", "", "3.7", "0x10"],
)
@pytest.mark.parametrize("name", [name for name in NAMES if SEEDS[name].text])
def test_hostile_numbers_in_a_header_open_or_give_one_sentence(
    made: tuple[Seed, Path], number: str
) -> None:
    seed, folder = made
    place = folder / seed.header
    data = place.read_bytes()
    numbers = list(re.finditer(rb"(?<![\w.])\d+(?:\.\d+)?", data))
    # Headers come first; the spectra after them are all alike.
    for match in numbers[:8]:
        place.write_bytes(data[: match.start()] + number.encode() + data[match.end() :])
        probe(folder / seed.opened, folder)


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_suffix_opens_or_gives_one_sentence(made: tuple[Seed, Path]) -> None:
    seed, folder = made
    place = folder / seed.header
    for suffix in (".rpl", ".npy", ".h5", ".bcf", ".spx", ".tif", ".xyz", ""):
        other = place.with_name(f"other{suffix}")
        shutil.copyfile(place, other)
        probe(other, folder)
        other.unlink()


@pytest.mark.parametrize("name", ["rpl", "envi"])
@pytest.mark.parametrize("lost", ["header", "data"])
def test_a_missing_file_of_a_pair_gives_one_sentence(made: tuple[Seed, Path], lost: str) -> None:
    seed, folder = made
    header = folder / seed.header
    (data,) = (path for path in folder.iterdir() if path != header)
    gone, left = (header, data) if lost == "header" else (data, header)
    gone.unlink()
    assert not probe(left, folder)


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_link_gives_one_sentence(made: tuple[Seed, Path], tmp_path: Path) -> None:
    seed, folder = made
    link = tmp_path / f"link{Path(seed.opened).suffix}"
    link.symlink_to(tmp_path / "nowhere")
    assert not probe(link, folder)
    ring = tmp_path / "ring"
    ring.symlink_to(ring)
    assert not probe(ring, folder)


ANOTHER_USER = """
import os, sys
from pathlib import Path
import napari_xrf_pigments.io._registry as registry
registry.readers()
import h5py, tifffile, zarr, dask.array
from tests.hostile.probe import touch
# All that is imported on the way: the package itself may lie where others may not look.
for path in sys.argv[2:]:
    touch(Path(path))
os.setgid(65534); os.setuid(65534)
print(touch(Path(sys.argv[1])))
"""


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root may setuid")
@pytest.mark.parametrize("name", NAMES)
def test_a_file_without_read_permission_gives_one_sentence(name: str) -> None:
    seed = SEEDS[name]
    # The temporary folder of pytest is not accessible to other users.
    with tempfile.TemporaryDirectory() as home:
        folder, readable = Path(home, "unreadable"), Path(home, "readable")
        for place in (folder, readable):
            place.mkdir()
            seed.files(place)
        for path in folder.rglob("*"):
            path.chmod(0o000)
        Path(home).chmod(0o755)
        folder.chmod(0o755)
        junk = Path(home, f"junk{Path(seed.opened).suffix}")
        junk.write_bytes(b"no scan")
        places = [str(folder / seed.opened), str(readable / seed.opened), str(junk)]
        command = [sys.executable, "-c", ANOTHER_USER, *places]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "False\n"


class Bomb:
    """An object that writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_pickled_arrays_are_refused_and_never_run(tmp_path: Path, suffix: str) -> None:
    mark = tmp_path / "it ran"
    bomb = np.empty((1, 1, 1), object)
    bomb[0, 0, 0] = Bomb(mark)
    path = tmp_path / f"scan{suffix}"
    np.save(path, bomb, allow_pickle=True) if suffix == ".npy" else np.savez(path, counts=bomb)
    assert not probe(path, tmp_path)
    with pytest.raises(ValueError, match="pickled"):
        open_cube(path)
    assert not mark.exists()


def test_an_archive_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "bomb.npz"
    head = np.lib.format.magic(1, 0)
    text = b"{'descr': '<u8', 'fortran_order': False, 'shape': (1000, 1000, 2000), }"
    text = text.ljust(118) + b"\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("counts.npy", "w", force_zip64=True) as file:
            file.write(head + len(text).to_bytes(2, "little") + text)
            for _ in range(40):
                file.write(bytes(2**20))
    assert not probe(path, tmp_path)


@pytest.mark.parametrize("back_to", [0, 120, 130])
def test_tiff_pages_in_a_circle_give_one_sentence(tmp_path: Path, back_to: int) -> None:
    import tifffile

    SEEDS["tiff"].files(tmp_path)
    path = tmp_path / "scan.tif"
    with tifffile.TiffFile(path) as tif:
        pages = [page.offset for page in tif.pages]
    # Page 130 is followed by an earlier page, or by itself.
    data = bytearray(path.read_bytes())
    behind = pages[130] + 2 + 12 * int.from_bytes(data[pages[130] : pages[130] + 2], "little")
    data[behind : behind + 4] = pages[back_to].to_bytes(4, "little")
    path.write_bytes(data)
    assert not probe(path, tmp_path)
    with pytest.raises(ValueError, match="lead back to one another"):
        open_cube(path)


@pytest.mark.parametrize("start", [b"MM\0+\0\x08\0\0", b"II+\0\x08\0\0\0"])
@pytest.mark.parametrize("far", [2**63, 2**63 - 1, 2**40])
def test_a_first_page_beyond_the_end_of_the_file_gives_one_sentence(tmp_path, start, far):
    order = "big" if start[:1] == b"M" else "little"
    path = tmp_path / "scan.tif"
    path.write_bytes(start + far.to_bytes(8, order))
    assert not probe(path, tmp_path)
    with pytest.raises(ValueError, match=r"scan\.tif .*(damaged|not a scan)"):
        open_cube(path)


#: Slightly less than the largest size of a file with one spectrum.
LARGE = 15 * 2**20


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("filled", "size"), [(b"\0", 4 * LARGE), (b"7\n", LARGE), (b"7\n", 5 * LARGE)]
)
def test_gigabytes_after_a_valid_file_open_or_give_one_sentence(
    made: tuple[Seed, Path], filled: bytes, size: int
) -> None:
    seed, folder = made
    place = folder / seed.header
    if filled == b"\0":
        os.truncate(place, size)
    else:
        with place.open("ab") as file:
            for _ in range(size // 2**20):
                file.write(filled * (2**20 // len(filled)))
    probe(folder / seed.opened, folder)
