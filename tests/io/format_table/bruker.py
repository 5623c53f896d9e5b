"""Bruker's hypermaps and handheld spectra."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from .case import Layout, Made, Real, Row, small_counts


def _hypermap(name: str):
    def make(real: Path, folder: Path) -> Made:
        from rsciio.bruker import file_reader

        path = real / "bcf" / name
        (signal,) = file_reader(str(path), select_type="spectrum_image")
        axis = signal["axes"][2]
        return Made(path, signal["data"].astype(np.int64), (axis["scale"], axis["offset"]))

    return make


def m6_hypermap(folder: Path) -> Made:
    """With what the header of an M6 says of its tube, and the counts of two detectors."""
    from ..formats.bruker import bcf_maker

    counts = small_counts()
    bcf_maker.write(folder / "m6.bcf", [counts, counts], squeeze=True)
    return Made(folder / "m6.bcf", 2 * counts, (0.02, 0.0))


def pdz(real: Path, folder: Path, name: str = "pdz25_example.pdz") -> Made:
    """Counts and energies as pdz-tool, an independent program, reads them."""
    from pdz_tool.pdz24_tool import PDZ24Tool
    from pdz_tool.pdz25_tool import PDZ25Tool

    path = real / "pdz" / name
    tool = (PDZ24Tool if "24" in name else PDZ25Tool)(str(path))
    spectrum = tool.parse()["XRF Spectrum"]
    spectrum = spectrum[0] if isinstance(spectrum, list) else spectrum
    counts = np.array(spectrum["spectrum_data"], dtype=np.int64)[None, None]
    return Made(path, counts, (spectrum["ev_per_channel"] / 1000, 0.0))


ROWS = [
    Row(
        "`.bcf`",
        "Bruker hypermap: counts, energies, size of a pixel, live or dwell time, anode and voltage "
        "where they are. Rows are unpacked when they are needed. Several detectors are added up, "
        "or `--detector 1`.",
        (
            Real(
                "electron microscopes, 12 bit pulses",
                _hypermap("16x16_12bit_packed_8bit.bcf"),
                ("rsciio",),
            ),
            Real("counts over 16 bit", _hypermap("over16bit.bcf"), ("rsciio",)),
            Layout("a Bruker M6 with two detectors", m6_hypermap),
        ),
        said="Bruker hypermap",
    ),
    Row(
        "`.pdz`",
        "Bruker's handheld instruments, versions 24 and 25: counts, energies, live time, voltage, "
        "current, anode and filter; several phases make a row of pixels.",
        (
            Real("version 24", partial(pdz, name="pdz24_example.pdz"), ("pdz_tool",)),
            Real("version 25", pdz, ("pdz_tool",)),
        ),
        holds="spectrum",
        said="Bruker handheld spectrum",
    ),
]
