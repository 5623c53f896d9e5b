"""PMCA spectra (.mca of Amptek's and CHNet's programs): one spectrum as text."""

from __future__ import annotations

import re
from dataclasses import dataclass
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

from .._single_spectrum import one_pixel

FORMAT = "PMCA spectrum (.mca)"
MAGIC = b"<<PMCA SPECTRUM>>"
_DATA, _END = b"<<DATA>>", b"<<END>>"
_SECTION = re.compile(r"<<CALIBRATION>>(.*?)(?:<<|\Z)", re.DOTALL)
_ENTRY = re.compile(rb"^\s*([A-Z_]+)\s+-[ \t]*(.*?)\s*$", re.MULTILINE)
_TIMES = re.compile(rb"^(LIVE_TIME|REAL_TIME)[ \t]+-[ \t]*(\S+)", re.MULTILINE)
_NUMBERS = b"0123456789 \t\r\n"
_MAX_COUNT = 2**31 - 1


@dataclass(frozen=True)
class McaHeader:
    """The header before the counts.

    Parameters
    ----------
    entries : dict
        The "KEY - value" lines.
    calibration : tuple of (float, float)
        Calibration points, (channel, keV).
    """

    entries: dict[str, str]
    calibration: tuple[tuple[float, float], ...]

    def seconds(self, key: str) -> float | None:
        """Return a time in s; None where it is absent or 0."""
        return in_range_or_none(parse_float(self.entries.get(key)), 0, 1e9)


def parse_counts(data: bytes) -> NDArray[np.int64] | None:
    """Parse the counts of a PMCA text, shape (channel,); None where they are not complete."""
    start = data.find(_DATA)
    end = data.find(_END, start)
    if start < 0 or end < 0:
        return None
    block = data[start + len(_DATA) : end]
    # Nothing but digits and white space is allowed.
    if not block.strip() or block.translate(None, _NUMBERS):
        return None
    # Several times faster than int() of every word, which matters for 100,000 files.
    counts = np.fromstring(block.decode("ascii"), dtype=np.int64, sep=" ")
    if not 0 < counts.size <= MAX_CHANNELS:
        return None
    return counts if counts.max() <= _MAX_COUNT else None


def parse_times(data: bytes) -> tuple[float, float]:
    """Parse live and real time in s of a PMCA text, 0 where not stated (cheap)."""
    found = dict(_TIMES.findall(data, 0, max(data.find(_DATA), 0)))
    live, real = (
        in_range_or_none(parse_float(found.get(key, b"").decode("latin-1")), 0, 1e9)
        for key in (b"LIVE_TIME", b"REAL_TIME")
    )
    return live or 0.0, real or 0.0


def parse_header(data: bytes) -> McaHeader:
    """Parse entries and calibration points of a PMCA text; meaningless lines are skipped."""
    top = data[: max(data.find(_DATA), 0)]
    entries = {key.decode(): value.decode("latin-1") for key, value in _ENTRY.findall(top)}
    section = _SECTION.search(top.decode("latin-1"))
    points = []
    for line in section[1].splitlines() if section else ():
        words = [parse_float(word) for word in line.split()]
        if len(words) == 2 and words[0] is not None and words[1] is not None:
            points.append((words[0], words[1]))
    return McaHeader(entries, tuple(points))


def energy_axis(header: McaHeader, channels: int, notes: list[str]) -> EnergyAxis:
    """Fit a straight line to the calibration points (least squares).

    Points that do not lie on a line, within a channel, are reported in `notes`.
    """
    points = np.array(header.calibration, dtype=np.float64).reshape(-1, 2)
    # Numbers that no channel and no energy has would overflow below.
    if np.unique(points[:, 0]).size < 2 or np.abs(points).max() > 1e12:
        return estimated_axis(channels, notes)
    if np.abs(points[:, 1]).max() > 500:  # no tube reaches 500 keV: these are eV
        points[:, 1] /= 1000
    centred = points[:, 0] - points[:, 0].mean()
    gain = float(centred @ points[:, 1] / (centred @ centred))
    if not np.isfinite(gain) or gain <= 0:
        return estimated_axis(channels, notes)
    offset = float(points[:, 1].mean() - gain * points[:, 0].mean())
    worst = float(np.abs(offset + gain * points[:, 0] - points[:, 1]).max())
    if worst > gain:
        notes.append(
            f"The calibration points of the file lie up to {1000 * worst:.0f} eV off their line."
        )
    return EnergyAxis(channels, gain, offset, "file")


def matches(path: Path) -> bool:
    """Return whether the file begins as such a text does."""
    return read_head(path, 64).lstrip().startswith(MAGIC)


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open one spectrum as a cube of one pixel.

    Raises
    ------
    ValueError
        If the counts are not complete.
    """
    data = read_limited(path)
    counts = parse_counts(data)
    if counts is None:
        raise ValueError(
            f"{path.name} is truncated or damaged: its list of counts is not complete."
        )
    header, notes = parse_header(data), list[str]()
    axis = energy_axis(header, counts.size, notes)
    live = header.seconds("LIVE_TIME") or header.seconds("REAL_TIME")
    return one_pixel(path, FORMAT, counts, axis, notes, live_time_s=live)


READER = FormatReader(FORMAT, matches, read, spectra=True)
