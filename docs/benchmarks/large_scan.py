"""Scans larger than memory: opening, clicking, total counts, maps, peak memory.

``XRF_PIGMENTS_BENCH_SCALE`` is the share of a 17 GB scan that is mapped (default 1/32, and 1/7
where the peak of memory is asserted; 1 takes long on a slow machine). The scan of 17 GB itself is
a file of holes and takes no disk.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments import XRFCube, open_cube
from napari_xrf_pigments.io import save_cube
from napari_xrf_pigments.mapping import iter_element_tiles, plan_elements
from napari_xrf_pigments.plugin.state.totals import TotalCounts

ROWS, COLUMNS, CHANNELS = 1273, 1662, 4096
SCALE = float(os.environ.get("XRF_PIGMENTS_BENCH_SCALE", 1 / 32))
MAX_PEAK_GB = 2.0
#: A smaller scan, that is there in every format.
COPY_ROWS = max(8, round(ROWS * SCALE / 2))
COPY = f"{2 * COPY_ROWS * COLUMNS * CHANNELS / 1e6:.0f} MB"

#: The command line, and at its end the peak of memory in kB. (What the system says of a finished
#: child counts the memory of the program that started it as well.)
WITH_PEAK = """
import sys
from napari_xrf_pigments.cli import main

code = main(sys.argv[1:])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
sys.exit(code)
"""


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
    """One scan in memory, as .raw, Zarr and HDF5."""
    raw = raw_scan(COPY_ROWS, COLUMNS, CHANNELS, gain_kev=0.01)
    cube = open_cube(raw)
    folder = tmp_path_factory.mktemp("copies")
    opened = {"memory": cube_in_memory(cube), ".raw": cube}
    for name in ("scan.zarr", "scan.h5"):
        start = time.perf_counter()
        save_cube(cube, folder / name)
        rate = cube.counts.nbytes / (time.perf_counter() - start) / 1e6
        tables.add(f"convert (.raw of {COPY})", Path(name).suffix, rate, "MB/s")
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
        tables.add(f"Spectrum of a pixel ({COPY})", name, found, "ms", wanted="< 100 ms")


def test_maps_from_disk_beside_maps_from_memory(copies, tables):
    plan = plan_elements(copies["memory"], ["Ca K", "Fe K", "Cu K", "Pb L"])
    wanted = {name: "ratio < 2" for name in (".raw", ".zarr", ".h5")}

    def work(name: str) -> Callable[[], object]:
        return lambda: deque(iter_element_tiles(copies[name], plan=plan), maxlen=0)

    works = {name: work(name) for name in ("memory", ".raw", ".zarr", ".h5")}
    tables.side_by_side(f"Element maps of {COPY} from", works, wanted=wanted)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for a peak of memory")
@pytest.mark.parametrize("part", ["--elements-only", "--pigments-only"])
def test_the_peak_memory_of_map_stays_under_2_gb(raw_scan, tables, tmp_path, part):
    # More than the limit, even where little is mapped: a copy in memory would break it.
    rows = max(4, round(ROWS * max(SCALE, 1 / 7)))
    scan = raw_scan(rows, COLUMNS, CHANNELS, gain_kev=0.01)
    words = ["map", str(scan), "-o", str(tmp_path / "maps.zarr"), part]
    start = time.perf_counter()
    said = subprocess.check_output(
        [sys.executable, "-c", WITH_PEAK, *words], text=True, stderr=subprocess.DEVNULL
    )
    seconds = time.perf_counter() - start
    peak = int(said.split()[-1]) / 1e6
    size = rows * COLUMNS * CHANNELS * 2 / 1e9
    title = f"xrf-pigments map of a .raw of {size:.2g} GB"
    tables.add(title, f"{part}: peak memory", peak, "GB", wanted=f"< {MAX_PEAK_GB:g} GB")
    tables.add(title, f"{part}: all of it", seconds)
    tables.add(title, f"{part}: pixels", rows * COLUMNS / seconds, "/s")
    assert peak < MAX_PEAK_GB
