"""numpy arrays and archives."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .case import Made, Peer, Row, small_counts


def npy(folder: Path) -> Made:
    counts = small_counts()
    np.save(folder / "scan.npy", counts.astype(">u2"))
    return Made(folder / "scan.npy", counts)


def npz(folder: Path) -> Made:
    counts = small_counts()
    np.savez_compressed(folder / "scan.npz", counts=counts, gain_kev=0.02, offset_kev=-0.1)
    return Made(folder / "scan.npz", counts, (0.02, -0.1))


ROWS = [
    Row(
        "`.npy`",
        "Three axes of whole counts, in any order of bytes and axes.",
        (Peer("numpy", npy),),
        said="numpy array",
    ),
    Row(
        "`.npz`",
        "An array with three axes of whole counts, and beside it `gain_kev` and `offset_kev` or "
        "`energies_kev`, `anode`, `tube_kv`, `pixel_mm`, `live_time_s`, `valid` where they are.",
        (Peer("numpy", npz),),
        said="numpy archive",
    ),
]
