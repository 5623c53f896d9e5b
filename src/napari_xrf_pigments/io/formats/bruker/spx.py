"""Bruker spectra (.spx): one spectrum in XML."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_xrf_pigments.cube import EnergyAxis, XRFCube
from napari_xrf_pigments.io._reader import (
    MAX_CHANNELS,
    FormatReader,
    ReadOptions,
    estimated_axis,
    in_range_or_none,
    read_head,
    read_limited,
)

from .._single_spectrum import one_pixel, whole_counts
from ._xml import instance, parse_xml, read_acquisition, value

FORMAT = "Bruker spectrum (.spx)"


def matches(path: Path) -> bool:
    """Check whether the file is the XML of such a spectrum."""
    start = read_head(path, 2048)
    return start.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<") and b"<TRTSpectrum" in start


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open a spectrum as a cube of one pixel.

    Raises
    ------
    ValueError
        If the file is damaged or holds no counts.
    """
    data = read_limited(path)
    try:
        root = parse_xml(data)
    except ValueError as error:
        raise ValueError(f"{path.name} {error}.") from None
    # Backgrounds and fits, further down in the file, are spectra as well.
    spectrum = instance(root, "TRTSpectrum")
    text = None if spectrum is None else spectrum.findtext("Channels")
    if spectrum is None or not text:
        raise ValueError(f"{path.name} holds no counts.")
    header = instance(spectrum, "TRTSpectrumHeader")
    try:
        values = np.array([float(word) for word in text.split(",") if word.strip()])
    except ValueError:
        raise ValueError(f"{path.name} has text where counts should be.") from None
    declared = value(header, "ChannelCount")
    if not 0 < values.size <= MAX_CHANNELS or (declared is not None and values.size < declared):
        raise ValueError(
            f"{path.name} is truncated: it holds {values.size} of its {declared or 0:.0f} channels."
        )
    notes: list[str] = []
    counts = whole_counts(path.name, values, notes)
    gain, offset = value(header, "CalibLin"), value(header, "CalibAbs")
    axis = (
        EnergyAxis(values.size, gain, offset or 0.0, "file")
        if gain is not None and gain > 0
        else estimated_axis(values.size, notes)
    )
    hardware = instance(spectrum, "TRTSpectrumHardwareHeader")
    live_ms = in_range_or_none(value(hardware, "LifeTime"), 0, 1e12)
    return one_pixel(
        path,
        FORMAT,
        counts,
        axis,
        notes,
        read_acquisition(spectrum),
        None if live_ms is None else live_ms / 1000,
    )


READER = FormatReader(FORMAT, matches, read, spectra=True)
