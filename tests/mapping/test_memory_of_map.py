"""Test that a scan larger than the available memory can be mapped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.io import load_results

ROWS, COLUMNS, CHANNELS = 600, 600, 1200
COUNTS_BYTES = 2 * ROWS * COLUMNS * CHANNELS
MAPS = ("Ca K", "Ti K", "Cr K", "Mn K", "Fe K", "Co K", "Ni K", "Cu K", "Zn K", "As K", "Pb L")
#: Beyond Python with its libraries; counts and maps in memory would need more.
ALLOWED_BYTES = 450 * 2**20

#: The command line, which prints its peak memory in kB at the end. (The figure of the system for a
#: finished child includes the memory of the parent.)
WITH_PEAK = """
import sys
from napari_xrf_pigments.cli import main
import napari_xrf_pigments.io.results, napari_xrf_pigments.mapping.elements

def peak():
    status = open("/proc/self/status").read()
    return int(status.partition("VmHWM:")[2].split()[0])

libraries = peak()
code = main(sys.argv[1:])
print(peak() - libraries)
sys.exit(code)
"""


@pytest.fixture
def scan(tmp_path) -> Path:
    """Write 860 MB of counts: iron in one row, a sparse file elsewhere."""
    kev = 0.02 * np.arange(CHANNELS)
    line = 400 * np.exp(-(((kev - 6.4) / 0.07) ** 2)) + 60 * np.exp(-(((kev - 7.06) / 0.07) ** 2))
    row = np.random.default_rng(0).poisson(np.tile(line + 2, (COLUMNS, 1))).astype("<u2")
    with (tmp_path / "scan.raw").open("wb") as file:
        file.truncate(COUNTS_BYTES)
        file.seek(300 * row.nbytes)
        file.write(row.tobytes())
    header = tmp_path / "scan.rpl"
    header.write_text(
        f"width\t{COLUMNS}\nheight\t{ROWS}\ndepth\t{CHANNELS}\noffset\t0\ndata-length\t2\n"
        "data-type\tunsigned\nbyte-order\tlittle-endian\nrecord-by\tvector\n"
        "depth-scale\t0.02\ndepth-origin\t0\ndepth-units\tkeV\n"
    )
    return header


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory from /proc")
def test_mapping_needs_less_memory_than_the_size_of_the_scan(scan, tmp_path):
    assert COUNTS_BYTES > ALLOWED_BYTES
    out = tmp_path / "maps.zarr"
    words = ["map", str(scan), "-o", str(out), "--elements-only", "--lines", ",".join(MAPS)]
    command = [sys.executable, "-c", WITH_PEAK, *words, "--no-calibrate"]
    # Each thread of a linear algebra library needs additional memory.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    output = subprocess.check_output(command, env=environment, text=True)
    assert 1024 * int(output.split()[-1]) < ALLOWED_BYTES
    elements, _ = load_results(out)
    iron = np.asarray(elements.counts[elements.names.index("Fe K")])
    assert iron.shape == (ROWS, COLUMNS)
    assert iron[300].mean() > 1000
    assert abs(np.delete(iron, 300, axis=0)).max() < 1
    # Only the scan and its maps remain.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["maps.zarr", "scan.raw", "scan.rpl"]
