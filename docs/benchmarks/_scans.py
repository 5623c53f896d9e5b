"""Scans for benchmarks, simulated with the fit's own line shapes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from napari_xrf_pigments import XRFCube
from napari_xrf_pigments.fitting.artefacts import scatter_shapes
from napari_xrf_pigments.fitting.conditions import Conditions
from napari_xrf_pigments.fitting.design_matrix import line_columns

#: Mean counts per pixel in the lines of a painting, in scatter and in the continuum.
_LINES = {
    "Ar K": 60, "K K": 60, "Ca K": 500, "Mn K": 60, "Fe K": 700, "Cu K": 300, "Zn K": 100,
    "Sr K": 100, "Hg L": 400, "Pb L": 1500,
}  # fmt: skip
_SCATTER, _CONTINUUM = 800.0, 1500.0
#: Anode, voltage in kV, resolution in eV.
_CONDITIONS = Conditions("Rh", 45.0, 145.0)
#: Energy of the last channel, keV.
_RANGE_KEV = 40.96


def pixels(rows: int, columns: int, channels: int, gain_kev: float = 0.02) -> np.ndarray:
    """Draw counts of pixels of a painting, shape (row, column, channel), uint16."""
    mean, rng = _expected(columns, channels, gain_kev), np.random.default_rng(0)
    return np.stack([rng.poisson(mean).astype(np.uint16) for _ in range(rows)])


def cube_of(counts: np.ndarray) -> XRFCube:
    """Make a scan with a rhodium tube; its channels reach 41 keV."""
    gain = _RANGE_KEV / counts.shape[-1]
    return XRFCube.from_array(counts, gain_kev=gain, offset_kev=0.0, anode="Rh", tube_kv=45.0)


def write_raw(
    folder: Path,
    rows: int,
    columns: int,
    channels: int,
    *,
    gain_kev: float = 0.02,
    filled: Sequence[int] | None = None,
) -> Path:
    """Write a .rpl/.raw pair into a new folder; only the rows in `filled` (None: all) hold counts.

    The other rows are holes of the file, which take no disk space.
    """
    folder.mkdir(parents=True)
    header = folder / "scan.rpl"
    row = pixels(1, columns, channels, gain_kev).tobytes()
    with (folder / "scan.raw").open("wb") as file:
        file.truncate(rows * len(row))
        for index in range(rows) if filled is None else filled:
            file.seek(index * len(row))
            file.write(row)
    header.write_text(
        f"key\tvalue\nwidth\t{columns}\nheight\t{rows}\ndepth\t{channels}\noffset\t0\n"
        "data-length\t2\ndata-type\tunsigned\nbyte-order\tlittle-endian\nrecord-by\tvector\n"
        f" depth-scale\t{gain_kev}\n depth-origin\t0\n depth-units\tkeV\n"
    )
    return header


def _expected(count: int, channels: int, gain_kev: float) -> np.ndarray:
    """Return expected counts of pixels, each with its own mixture, shape (pixel, channel)."""
    rng, kev = np.random.default_rng(0), gain_kev * np.arange(channels)
    mean = _CONTINUUM * np.exp(-(((kev - 10) / 7) ** 2))[None] * rng.uniform(0.7, 1.3, (count, 1))
    mean *= gain_kev / 12.4 * (kev > 0.9)
    for name, counts in _LINES.items():
        shape = line_columns(kev, name, _CONDITIONS, uncertainties=False).shapes.mean(axis=0)
        mean = mean + counts * rng.exponential(1.0, (count, 1)) * shape
    hard = [part for part in scatter_shapes(kev, _CONDITIONS) if part.kev > 4]
    weights = np.array([0.15 if "b " in part.name else 1.0 for part in hard])
    for part, weight in zip(hard, weights / weights.sum(), strict=True):
        mean = mean + _SCATTER * weight * part.shape
    return mean
