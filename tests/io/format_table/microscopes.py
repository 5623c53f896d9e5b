"""GeoPIXE, and maps of electron microscopes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.hostile.seeds import COUNTS, geopixe_bytes
from tests.io.formats.hdf5.test_hyperspy import write as write_hyperspy
from tests.io.formats.test_microscope import edax_bytes

from .case import Layout, Made, Peer, Real, Row, small_counts


def geopixe(real: Path, folder: Path) -> Made:
    path = real / "peers" / "ts2_01_sub_export.GeoPIXE"
    return Made(path, None, (0.01, 0.0), (10, 20, 4096), 1_777_000)


def geopixe_layout(folder: Path) -> Made:
    path = folder / "scan.GeoPIXE"
    path.write_bytes(geopixe_bytes())
    return Made(path, 2 * COUNTS, (0.02, 0.0))


def hyperspy(folder: Path) -> Made:
    counts = small_counts()
    path = write_hyperspy(folder / "scan.hspy", counts.astype(np.uint16))
    return Made(path, counts, (0.02, -0.1))


def edax(folder: Path) -> Made:
    counts = small_counts()
    (folder / "scan.spd").write_bytes(edax_bytes(counts.astype("<u2")))
    return Made(folder / "scan.spd", counts)


ROWS = [
    Row(
        "GeoPIXE list mode (`.GeoPIXE`)",
        "Export of GeoPIXE and IXRF: energies, pixel size, dwell time, anode, voltage and angles. "
        "Several detectors are summed; `--detector 1` selects one.",
        (Real("IXRF", geopixe), Layout("GeoPIXE's export", geopixe_layout)),
        described_as="GeoPIXE",
    ),
    Row(
        "HyperSpy (`.hspy`, `.zspy`)",
        "A spectrum, line or map in HDF5 or (maps only) Zarr: energies, pixel size, live time.",
        (Peer("RosettaSciIO", hyperspy, ("rsciio",)),),
        described_as="HyperSpy",
    ),
    Row(
        "EDAX (`.spd`)",
        "A spectrum image; energies from the `.spc` and pixel size from the `.ipr` beside it. "
        "Needs the extra `microscope`.",
        (Layout("EDAX, as RosettaSciIO reads it", edax, ("rsciio",)),),
        described_as="EDAX",
    ),
]
