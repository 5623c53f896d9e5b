"""Spectra of ORTEC's and others' programs (.spe): one spectrum as text, with $KEYWORDS."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import EnergyAxis, XRFCube
from napari_xrf_pigments.io._reader import (
    MAX_CHANNELS,
    FormatReader,
    ReadOptions,
    estimated_axis,
    in_range_or_none,
    parse_float,
    read_head,
    read_limited,
)

from .._single_spectrum import one_pixel, whole_counts
from .._stated_axis import stated_axis

FORMAT = "spectrum with $ keywords (.spe)"
_KEYWORD = re.compile(r"^\$([A-Z0-9_]+):\s*$", re.MULTILINE)


def parse_spe(text: str) -> dict[str, list[str]]:
    """Parse the words after each $KEYWORD; of too many, the last one holds the rest."""
    parts = _KEYWORD.split(text)
    return {
        key: body.split(maxsplit=MAX_CHANNELS + 2)
        for key, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def matches(path: Path) -> bool:
    """Check whether the file begins with a keyword and has counts."""
    start = read_head(path, 16384).replace(b"\r\n", b"\n").lstrip()
    return re.match(rb"\$[A-Z0-9_]+:", start) is not None and b"$DATA:" in start


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open a spectrum as a cube of one pixel.

    Raises
    ------
    ValueError
        If the counts are not complete.
    """
    sections = parse_spe(read_limited(path).decode("latin-1"))
    counts, notes = _counts(path.name, sections.get("DATA", [])), list[str]()
    live = next(iter(sections.get("MEAS_TIM", [])), None)
    return one_pixel(
        path,
        FORMAT,
        whole_counts(path.name, counts, notes),
        _axis(path.name, sections, counts.size, notes),
        notes,
        live_time_s=in_range_or_none(parse_float(live), 0, 1e9),
    )


def _counts(name: str, words: list[str]) -> NDArray[np.float64]:
    if len(words) > MAX_CHANNELS + 2:
        raise ValueError(f"{name} holds more than {MAX_CHANNELS:,} numbers, so it is no spectrum.")
    try:
        first, last = int(words[0]), int(words[1])
        values = np.array([float(word) for word in words[2:]])
    except (ValueError, IndexError):
        raise ValueError(f"{name} has text where counts should be ($DATA).") from None
    declared = last - first + 1
    if not 0 < declared <= MAX_CHANNELS:
        raise ValueError(f"{name} does not state how many channels it has ($DATA).")
    if values.size != declared:
        raise ValueError(
            f"{name} is truncated or damaged: it holds {values.size} of its {declared} channels."
        )
    return values


def _axis(name: str, sections: dict[str, list[str]], channels: int, notes: list[str]) -> EnergyAxis:
    """Make the axis from $MCA_CAL (number of coefficients, coefficients, unit) or $ENER_FIT."""
    words = sections.get("MCA_CAL", [])[1:] or sections.get("ENER_FIT", [])
    numbers = [value for value in map(parse_float, words) if value is not None]
    unit = next((word for word in words if word.lower() in ("ev", "kev")), "")
    if len(numbers) < 2:
        return estimated_axis(channels, notes)
    return stated_axis(name, channels, numbers[:3], unit, notes)


READER = FormatReader(FORMAT, matches, read, spectra=True)
