"""Bruker's hypermaps."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .case import Made, Real, Row


def _hypermap(name: str):
    def make(real: Path, folder: Path) -> Made:
        from rsciio.bruker import file_reader

        path = real / "bcf" / name
        (signal,) = file_reader(str(path), select_type="spectrum_image")
        axis = signal["axes"][2]
        return Made(path, signal["data"].astype(np.int64), (axis["scale"], axis["offset"]))

    return make


ROWS = [
    Row(
        "`.bcf`",
        "Bruker hypermap: counts, energies, size of a pixel, live or dwell time, anode and voltage "
        "where they are. Rows are unpacked when they are needed. Several detectors are added up, "
        "or `--detector 1`.",
        (
            Real("12 bit pulses", _hypermap("16x16_12bit_packed_8bit.bcf"), ("rsciio",)),
            Real("counts over 16 bit", _hypermap("over16bit.bcf"), ("rsciio",)),
        ),
        said="Bruker hypermap",
        extra="bruker",
    ),
]
