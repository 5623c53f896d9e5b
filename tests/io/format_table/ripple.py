"""Ripple pairs."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import numpy as np

from .case import Made, Peer, Real, Row, small_counts


def rosettasciio(folder: Path, dtype: str = "u2", record: str = "vector") -> Made:
    """A signal as HyperSpy would hand it over: spectra in pixels, or an image a channel."""
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
    """The header of a real M6, with counts that fit it."""
    shutil.copy(real / "rpl" / "m6_dialect.rpl", folder / "m6.rpl")
    counts = np.arange(3 * 3 * 6, dtype="<u2").reshape(3, 3, 6)
    (folder / "m6.raw").write_bytes(counts.tobytes())
    return Made(folder / "m6.raw", counts, (0.010002, -0.956))


ROWS = [
    Row(
        "`.rpl` + `.raw`",
        "Ripple and Lispix, the dialect of Bruker's M6 included: record-by vector, image or "
        "dont-care, 8 to 64 bit, signed, unsigned or floating point, both orders of bytes, offset; "
        "energies, size of a pixel, live time and voltage where they stand. Either half finds the "
        "other; both dropped together open once.",
        (
            Real("header of a Bruker M6", m6),
            Peer("RosettaSciIO", rosettasciio, ("rsciio",)),
            Peer("RosettaSciIO", partial(rosettasciio, dtype=">i4", record="image"), ("rsciio",)),
            Peer("RosettaSciIO", partial(rosettasciio, dtype="f4"), ("rsciio",)),
        ),
        said="Ripple",
    ),
]
