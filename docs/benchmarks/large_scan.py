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
from collections.abc import Callable
from pathlib import Path

import numpy as np

from napari_xrf_pigments import XRFCube, open_cube
from napari_xrf_pigments.io import save_cube
from napari_xrf_pigments.mapping import iter_element_tiles, plan_elements
from napari_xrf_pigments.plugin.state.totals import TotalCounts

from ._scans import write_raw
from ._tables import Tables

ROWS, COLUMNS, CHANNELS = 1273, 1662, 4096
SCALE = float(os.environ.get("XRF_PIGMENTS_BENCH_SCALE", 1 / 32))
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


def run(tables: Tables, folder: Path) -> None:
    """Measure a scan of 17 GB, copies of a smaller one, and the peak memory of maps."""
    _huge_scan(tables, folder)
    copies = _copies(tables, folder)
    for name in (".raw", ".zarr", ".h5"):
        found = clicks(copies[name])
        tables.add(f"Spectrum of a pixel ({COPY})", name, found, "ms", target="< 100 ms")
    _maps_from_disk(tables, copies)
    if sys.platform == "linux":
        for part in ("--elements-only", "--pigments-only"):
            _peak_memory(tables, folder, part)


def _huge_scan(tables: Tables, folder: Path) -> None:
    filled = [0, 1, ROWS // 2, ROWS - 1]
    huge = write_raw(folder / "huge", ROWS, COLUMNS, CHANNELS, gain_kev=0.01, filled=filled)
    title = "A 17 GB .raw (1273 x 1662 x 4096)"
    code = (
        "import sys, time; start = time.perf_counter(); "
        "from napari_xrf_pigments import open_cube; open_cube(sys.argv[1]); "
        "print(time.perf_counter() - start)"
    )
    command = [sys.executable, "-c", code, str(huge)]
    fresh = [float(subprocess.check_output(command)) for _ in range(3)]
    tables.add(title, "import and open, in a fresh process", fresh, target="< 2 s")
    cube = open_cube(huge)
    totals = TotalCounts(cube)
    start = time.perf_counter()
    totals.start()
    while totals.fraction == 0:
        time.sleep(0.001)
    tables.add(title, "first total counts after", time.perf_counter() - start, target="< 2 s")
    tables.add(title, "click while they are summed", clicks(cube), "ms", target="< 100 ms")
    before, start = totals.fraction, time.perf_counter()
    totals.wait(10)
    rate = (totals.fraction - before) * cube.counts.nbytes / (time.perf_counter() - start)
    tables.add(title, "total counts", rate / 1e9, "GB/s")
    totals.stop()
    totals.wait()
    tables.add(title, "click", clicks(cube), "ms", target="< 100 ms")
    huge.with_suffix(".raw").unlink()


def clicks(cube: XRFCube, count: int = 25) -> list[float]:
    """Return the milliseconds that spectra of pixels all over a scan take."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(count):
        y, x = int(rng.integers(cube.shape[0])), int(rng.integers(cube.shape[1]))
        start = time.perf_counter()
        cube.spectrum(y, x)
        found.append(1e3 * (time.perf_counter() - start))
    return found


def _copies(tables: Tables, folder: Path) -> dict[str, XRFCube]:
    """Return one scan in memory, as .raw, Zarr and HDF5."""
    raw = write_raw(folder / "copied", COPY_ROWS, COLUMNS, CHANNELS, gain_kev=0.01)
    cube = open_cube(raw)
    opened = {"memory": _in_memory(cube), ".raw": cube}
    for name in ("scan.zarr", "scan.h5"):
        start = time.perf_counter()
        save_cube(cube, folder / name)
        rate = cube.counts.nbytes / (time.perf_counter() - start) / 1e6
        tables.add(f"convert (.raw of {COPY})", Path(name).suffix, rate, "MB/s")
        opened[Path(name).suffix] = open_cube(folder / name)
    return opened


def _in_memory(cube: XRFCube) -> XRFCube:
    axis = cube.energies
    return XRFCube.from_array(
        cube.counts.compute(), gain_kev=axis.gain_kev, offset_kev=axis.offset_kev
    )


def _maps_from_disk(tables: Tables, copies: dict[str, XRFCube]) -> None:
    plan = plan_elements(copies["memory"], ["Ca K", "Fe K", "Cu K", "Pb L"])
    targets = {name: "ratio < 2" for name in (".raw", ".zarr", ".h5")}

    def work(name: str) -> Callable[[], object]:
        return lambda: deque(iter_element_tiles(copies[name], plan=plan), maxlen=0)

    works = {name: work(name) for name in ("memory", ".raw", ".zarr", ".h5")}
    tables.side_by_side(f"Element maps of {COPY} from", works, targets=targets)


def _peak_memory(tables: Tables, folder: Path, part: str) -> None:
    # At least 2.4 GB, so that a copy in memory would show.
    rows = max(4, round(ROWS * max(SCALE, 1 / 7)))
    scan = write_raw(folder / f"scan{part}", rows, COLUMNS, CHANNELS, gain_kev=0.01)
    words = ["map", str(scan), "-o", str(folder / f"maps{part}.zarr"), part]
    start = time.perf_counter()
    said = subprocess.check_output(
        [sys.executable, "-c", WITH_PEAK, *words], text=True, stderr=subprocess.DEVNULL
    )
    seconds = time.perf_counter() - start
    peak = int(said.split()[-1]) / 1e6
    size = rows * COLUMNS * CHANNELS * 2 / 1e9
    title = f"xrf-pigments map of a .raw of {size:.2g} GB"
    tables.add(title, f"{part}: peak memory", peak, "GB", target="< 2 GB")
    tables.add(title, f"{part}: all of it", seconds)
    tables.add(title, f"{part}: pixels", rows * COLUMNS / seconds, "/s")
