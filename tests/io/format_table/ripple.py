"""Ripple pairs."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import numpy as np

from .case import Made, Peer, Real, Row, small_counts


def rosettasciio(folder: Path, dtype: str = "u2", record: str = "vector") -> Made:
    """Write a signal of HyperSpy's form: one spectrum per pixel, or one image per channel."""
    from rsciio.ripple import file_writer

    counts = small_counts()
    axes = [
        {"name": name, "size": size, "scale": 0.5, "offset": 0.0, "units": "mm", "navigate": True}
        for name, size in zip("yx", counts.shape[:2], strict=True)
    ]
    energy = {"name": "Energy", "size": 160, "scale": 0.02, "offset": -0.1, "units": "keV"}
    axes.append({**energy, "navigate": False})
    data = counts.astype(dtype)
    if record == "image":
        axes = [axes[2], axes[0], axes[1]]
        axes = [{**axis, "navigate": axis["name"] == "Energy"} for axis in axes]
        data = np.moveaxis(data, 2, 0)
    for index, axis in enumerate(axes):
        axis["index_in_array"] = index
    about = {"Signal": {"signal_type": ""}, "General": {"title": ""}}
    signal = {
        "data": np.ascontiguousarray(data),
        "axes": axes,
        "metadata": about,
        "original_metadata": {},
    }
    file_writer(str(folder / "scan.rpl"), signal)
    return Made(folder / "scan.rpl", counts, (0.02, -0.1))


def m6(real: Path, folder: Path) -> Made:
    """Copy the header of a real M6 and write counts that fit it."""
    shutil.copy(real / "rpl" / "m6_dialect.rpl", folder / "m6.rpl")
    counts = np.arange(3 * 3 * 6, dtype="<u2").reshape(3, 3, 6)
    (folder / "m6.raw").write_bytes(counts.tobytes())
    return Made(folder / "m6.raw", counts, (0.010002, -0.956))


ROWS = [
    Row(
        "`.rpl` + `.raw`",
        "Ripple and Lispix, including the dialect of the Bruker M6: record-by vector, image or "
        "dont-care, 8 to 64 bits, signed, unsigned or floating point, either byte order, offset; "
        "energies, pixel size, live time and voltage, where present. Either file of the pair can "
        "be opened; the two dropped together open as one scan.",
        (
            Real("header of a Bruker M6", m6),
            Peer("RosettaSciIO", rosettasciio, ("rsciio",)),
            Peer("RosettaSciIO", partial(rosettasciio, dtype=">i4", record="image"), ("rsciio",)),
            Peer("RosettaSciIO", partial(rosettasciio, dtype="f4"), ("rsciio",)),
        ),
        described_as="Ripple",
    ),
]
