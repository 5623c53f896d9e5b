"""numpy arrays and archives."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .case import Made, Peer, Row, small_counts


def npy(folder: Path) -> Made:
    counts = small_counts(5, 6)
    np.save(folder / "scan.npy", counts.astype(">u2"))
    return Made(folder / "scan.npy", counts)


def npz(folder: Path) -> Made:
    counts = small_counts()
    np.savez_compressed(folder / "scan.npz", counts=counts, gain_kev=0.02, offset_kev=-0.1)
    return Made(folder / "scan.npz", counts, (0.02, -0.1))


ROWS = [
    Row(
        "`.npy`",
        "Integer-valued counts with three axes, in any axis order and byte order.",
        (Peer("numpy", npy),),
        described_as="numpy array",
    ),
    Row(
        "`.npz`",
        "An array of integer-valued counts with three axes; optionally `gain_kev` and `offset_kev` "
        "or `energies_kev`, `anode`, `tube_kv`, `pixel_mm`, `live_time_s` and `valid`.",
        (Peer("numpy", npz),),
        described_as="numpy archive",
    ),
]
