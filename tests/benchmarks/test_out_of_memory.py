"""Scans larger than memory: opening, clicking, total counts, maps, peak memory.

``XRF_PIGMENTS_BENCH_SCALE`` is the share of a 17 GB scan that is mapped (default 1/32; 1 takes
an hour on a slow machine). The scan of 17 GB itself is a file of holes and takes no disk.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments import XRFCube, open_cube
from napari_xrf_pigments.io import save_cube
from napari_xrf_pigments.mapping import map_elements
from napari_xrf_pigments.plugin.totals import TotalCounts

ROWS, COLUMNS, CHANNELS = 1273, 1662, 4096
SCALE = float(os.environ.get("XRF_PIGMENTS_BENCH_SCALE", 1 / 32))
MAX_PEAK_GB = 2.0


@pytest.fixture(scope="module")
def huge(raw_scan: Callable[..., Path]) -> Iterator[Path]:
    """17 GB, of which a few rows hold counts."""
    filled = [0, 1, ROWS // 2, ROWS - 1]
    path = raw_scan(ROWS, COLUMNS, CHANNELS, gain_kev=0.01, filled=filled)
    yield path
    path.with_suffix(".raw").unlink()


def test_a_scan_of_17_gb_opens_and_shows_totals(huge, tables):
    title = "A 17 GB .raw (1273 x 1662 x 4096)"
    code = (
        "import sys, time; start = time.perf_counter(); "
        "from napari_xrf_pigments import open_cube; open_cube(sys.argv[1]); "
        "print(time.perf_counter() - start)"
    )
    command = [sys.executable, "-c", code, str(huge)]
    fresh = [float(subprocess.check_output(command)) for _ in range(3)]
    tables.add(title, "import and open, in a fresh process", fresh, wanted="< 2 s")
    cube = open_cube(huge)
    totals = TotalCounts(cube)
    start = time.perf_counter()
    totals.start()
    while totals.fraction == 0:
        time.sleep(0.001)
    tables.add(title, "first total counts after", time.perf_counter() - start, wanted="< 2 s")
    tables.add(title, "click while they are summed", clicks(cube), "ms", wanted="< 100 ms")
    before, start = totals.fraction, time.perf_counter()
    totals.wait(10)
    rate = (totals.fraction - before) * cube.counts.nbytes / (time.perf_counter() - start)
    tables.add(title, "total counts", rate / 1e9, "GB/s")
    totals.stop()
    totals.wait()
    tables.add(title, "click", clicks(cube), "ms", wanted="< 100 ms")


def clicks(cube: XRFCube, count: int = 25) -> list[float]:
    """Milliseconds of spectra of pixels all over a scan."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(count):
        y, x = int(rng.integers(cube.shape[0])), int(rng.integers(cube.shape[1]))
        start = time.perf_counter()
        cube.spectrum(y, x)
        found.append(1e3 * (time.perf_counter() - start))
    return found


@pytest.fixture(scope="module")
def copies(raw_scan: Callable[..., Path], tmp_path_factory, tables) -> dict[str, XRFCube]:
    """One scan of 330 MB in memory, as .raw, Zarr and HDF5."""
    raw = raw_scan(24, COLUMNS, CHANNELS, gain_kev=0.01)
    cube = open_cube(raw)
    folder = tmp_path_factory.mktemp("copies")
    opened = {"memory": cube_in_memory(cube), ".raw": cube}
    for name in ("scan.zarr", "scan.h5"):
        start = time.perf_counter()
        save_cube(cube, folder / name)
        rate = cube.counts.nbytes / (time.perf_counter() - start) / 1e6
        tables.add("convert (330 MB .raw)", Path(name).suffix, rate, "MB/s")
        opened[Path(name).suffix] = open_cube(folder / name)
    return opened


def cube_in_memory(cube: XRFCube) -> XRFCube:
    axis = cube.energies
    return XRFCube.from_array(
        cube.counts.compute(), gain_kev=axis.gain_kev, offset_kev=axis.offset_kev
    )


def test_a_click_is_one_small_read_in_every_format(copies, tables):
    for name in (".raw", ".zarr", ".h5"):
        found = clicks(copies[name])
        tables.add("Spectrum of a pixel (330 MB)", name, found, "ms", wanted="< 100 ms")


def test_maps_from_disk_beside_maps_from_memory(copies, tables, tmp_path):
    lines = ["Ca K", "Fe K", "Cu K", "Pb L"]
    wanted = {name: "ratio < 2" for name in (".raw", ".zarr", ".h5")}

    def work(name: str) -> Callable[[], object]:
        return lambda: map_elements(copies[name], lines)

    works = {name: work(name) for name in ("memory", ".raw", ".zarr", ".h5")}
    tables.side_by_side("Element maps of 330 MB from", works, turns=3, wanted=wanted)


@pytest.mark.parametrize("part", ["--elements-only", "--pigments-only"])
def test_the_peak_memory_of_map_stays_under_2_gb(raw_scan, tables, tmp_path, part):
    rows = max(4, round(ROWS * SCALE))
    scan = raw_scan(rows, COLUMNS, CHANNELS, gain_kev=0.01)
    command = [sys.executable, "-m", "napari_xrf_pigments.cli", "map", str(scan), part]
    start = time.perf_counter()
    process = subprocess.Popen(
        [*command, "-o", str(tmp_path / "maps.zarr")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    assert process.returncode == 0
    peak = usage.ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    size = rows * COLUMNS * CHANNELS * 2 / 1e9
    title = f"xrf-pigments map of a .raw of {size:.2g} GB"
    tables.add(title, f"{part}: peak memory", peak, "GB", wanted=f"< {MAX_PEAK_GB:g} GB")
    tables.add(title, f"{part}: all of it", seconds)
    tables.add(title, f"{part}: pixels", rows * COLUMNS / seconds, "/s")
    assert peak < MAX_PEAK_GB
