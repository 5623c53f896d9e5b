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
    """Write a hypermap with the tube settings of an M6 header and the counts of two detectors."""
    from ..formats.bruker import bcf_maker

    counts = small_counts()
    bcf_maker.write(folder / "m6.bcf", [counts, counts], squeeze=True)
    return Made(folder / "m6.bcf", 2 * counts, (0.02, 0.0))


def pdz(real: Path, folder: Path, name: str = "pdz25_example.pdz") -> Made:
    """Read counts and energies with pdz-tool, an independent program."""
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
        "Bruker hypermap: counts, energies, pixel size, live or dwell time, anode and voltage, "
        "where present. Rows are unpacked on demand. Several detectors are summed; `--detector 1` "
        "selects one.",
        (
            Real(
                "electron microscope with 12-bit pulses",
                _hypermap("16x16_12bit_packed_8bit.bcf"),
                ("rsciio",),
            ),
            Real("counts above 16 bits", _hypermap("over16bit.bcf"), ("rsciio",)),
            Layout("a Bruker M6 with two detectors", m6_hypermap),
        ),
        described_as="Bruker hypermap",
    ),
    Row(
        "`.pdz`",
        "Bruker handheld instruments, versions 24 and 25: counts, energies, live time, voltage, "
        "current, anode and filter. Several phases open as a row of pixels.",
        (
            Real("version 24", partial(pdz, name="pdz24_example.pdz"), ("pdz_tool",)),
            Real("version 25", pdz, ("pdz_tool",)),
        ),
        holds="spectrum",
        described_as="Bruker handheld spectrum",
    ),
]
