"""Spectra of GSECARS' and EPICS' programs (.mca): one spectrum per detector as text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import XRFCube
from napari_xrf_pigments.io import _detector_choice as detectors
from napari_xrf_pigments.io._reader import (
    MAX_CHANNELS,
    FormatReader,
    ReadOptions,
    in_range_or_none,
    parse_float,
    read_head,
    read_limited,
)

from .._single_spectrum import one_pixel, whole_counts
from .._stated_axis import stated_axis

FORMAT = "GSECARS spectrum (.mca)"
_MAX_DETECTORS = 256
_AXIS = ("CAL_OFFSET", "CAL_SLOPE", "CAL_QUAD")


@dataclass(frozen=True)
class McaText:
    """A file: its header, and the counts of shape (channel, detector)."""

    header: dict[str, list[str]]
    values: NDArray[np.float64]

    def number(self, key: str, detector: int) -> float | None:
        """Return a number that the header states for a detector; None where it states none."""
        words = self.header.get(key, [])
        return parse_float(words[detector]) if detector < len(words) else None


def parse_mca(text: str, name: str = "The text") -> McaText:
    """Parse header and counts, called `name` in errors.

    Raises
    ------
    ValueError
        If the counts are not complete.
    """
    top, found, data = text.partition("\nDATA:")
    header: dict[str, list[str]] = {}
    for line in top.splitlines():
        key, colon, rest = line.partition(":")
        if colon:
            header.setdefault(key.strip().upper(), rest.split())
    channels = parse_float(next(iter(header.get("CHANNELS", [])), None))
    count = parse_float(next(iter(header.get("ELEMENTS", ["1"])), None))
    if channels is None or not 1 <= channels <= MAX_CHANNELS:
        raise ValueError(f"{name} does not state how many channels it has (CHANNELS).")
    if count is None or not 1 <= count <= _MAX_DETECTORS:
        raise ValueError(f"{name} does not state how many detectors it has (ELEMENTS).")
    words = data.split(maxsplit=int(channels) * int(count))
    if len(words) > int(channels) * int(count):
        raise ValueError(f"{name} holds more numbers than the channels that it states.")
    try:
        values = np.array([float(word) for word in words])
    except ValueError:
        raise ValueError(f"{name} has text where counts should be.") from None
    if not found or values.size != int(channels) * int(count):
        raise ValueError(
            f"{name} is truncated: it holds {values.size} of {int(channels) * int(count)} numbers "
            f"({int(channels)} channels of {int(count)} detectors)."
        )
    return McaText(header, values.reshape(int(channels), int(count)))


def matches(path: Path) -> bool:
    """Check whether the file begins as such a text does."""
    start = read_head(path)
    return start.startswith(b"VERSION:") and b"\nCHANNELS:" in start


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open the sum of the detectors, or one of them, as a cube of one pixel.

    Raises
    ------
    ValueError
        If the counts are not complete, or there is no such detector.
    """
    mca = parse_mca(read_limited(path).decode("latin-1"), path.name)
    channels, count = mca.values.shape
    notes: list[str] = []
    names = [str(number + 1) for number in range(count)]
    axes = [
        stated_axis(path.name, channels, [mca.number(key, each) for key in _AXIS], "keV", notes)
        for each in range(count)
    ]
    notes[:] = dict.fromkeys(notes)
    chosen = detectors.select_detectors(options.detector, names)
    if chosen is None:
        chosen = detectors.default_selection(names, axes, notes)
    detectors.note_selection(chosen, names, notes)
    counts = whole_counts(path.name, mca.values[:, list(chosen)], notes).sum(axis=1)
    times = [in_range_or_none(mca.number("LIVE_TIME", each), 0, 1e9) for each in chosen]
    known = [time for time in times if time is not None]
    live = float(np.mean(known)) if len(known) == len(times) else None
    return one_pixel(path, FORMAT, counts, axes[chosen[0]], notes, live_time_s=live)


READER = FormatReader(FORMAT, matches, read, chooses_detectors=True, spectra=True)
