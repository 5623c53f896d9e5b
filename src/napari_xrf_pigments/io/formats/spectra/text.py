"""Spectra as text in columns: counts, or channels or energies and counts (.csv, .txt, .dat).

Bruker's handheld instruments (S1PXRF), HORIBA, and spreadsheets write such files. Several columns
of counts beside one of energies are several measurements.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import Acquisition, EnergyAxis, XRFCube
from napari_xrf_pigments.io._reader import (
    MAX_CHANNELS,
    FormatReader,
    ReadOptions,
    estimated_axis,
    in_range_or_none,
    make_source,
    read_head,
    read_limited,
)

from .._single_spectrum import ROUNDING, whole_counts
from .._stated_axis import plausible, stated_axis
from ._columns import Columns, decode, parse_columns

FORMAT = "spectrum as text"
HANDHELD_FORMAT = "Bruker handheld spectrum as text (S1PXRF)"
_HEAD_BYTES = 64 * 2**10
_CHANNEL = re.compile(r"channel|\bch\b|\bbin\b|kanal|canal|^#$|^no\.?$|index", re.IGNORECASE)
_ENERGY = re.compile(r"energ|\bk?ev\b", re.IGNORECASE)
_OTHER = re.compile(
    r"2?theta|wave ?length|wave ?number|raman|\bnm\b|1/cm|cm-1|degree", re.IGNORECASE
)
_PLACE = re.compile(r"x|y|row|column|col|line|[xy] ?\(\w+\)|[xy]_\w+", re.IGNORECASE)
_GAIN = (
    r".*\bev ?(?:per|/) ?(?:channel|ch|chan)\b.*",
    r".*\bkev ?(?:per|/) ?(?:channel|ch|chan)\b.*",
    r"(?:energy |calibration |cal[ _])?(?:gain|slope)\b.*",
    r"(?:energy per channel|channel width|xperchan|x ?step|step)\b.*",
)
_OFFSET = (
    r"(?:energy |calibration |cal[ _])?(?:offset|intercept|zero)\b.*",
    r"energy of (?:the )?first channel\b.*",
)
_LIVE = (r"live[ _]?time\b.*", r".*\blive[ _]?time\b.*", r"t[ _]?live\b.*", r".*messzeit.*")
_KV = (
    r"hv adc",
    r"(?:x-?ray )?(?:tube |acc(?:elerating|\.)? ?|high )?(?:voltage|kv)\b.*",
    r"beamkv\b.*",
    r"(?:u|hv)\b ?\(?(?:kv)?\)?",
)
_UA = (r"filament adc", r"(?:x-?ray )?(?:tube |anode )?current\b.*")
_CHANNELS = (r"(?:number of |no\. ?of |n)?channels?(?: count)?", r"npoints")


def matches(path: Path) -> bool:
    """Check whether the file begins as a spectrum in columns does."""
    head = read_head(path, _HEAD_BYTES)
    text = decode(head)
    if text is None:
        return False
    if len(head) == _HEAD_BYTES:
        text = text.rpartition("\n")[0]
    columns = parse_columns(text)
    return columns is not None and _is_spectrum(columns)


def _is_spectrum(columns: Columns) -> bool:
    """Return whether one column can be counts, and another, if any, channels or energies."""
    count = columns.values.shape[1]
    places = [_PLACE.fullmatch(word) is not None for word in columns.heading[:2]]
    if places == [True, True]:
        return False
    if count == 1:
        counts = columns.values[:, 0]
        return bool(np.all(counts >= 0) and np.all(np.abs(counts - np.rint(counts)) <= ROUNDING))
    named = bool(columns.heading) and _axis_name(columns) != ""
    return (count == 2 or named) and _evenly(columns.values[:, 0]) is not None


def _axis_name(columns: Columns) -> str:
    """Return what the heading calls the first of several columns: channel, energy or nothing."""
    first = columns.heading[0] if columns.heading else ""
    if _CHANNEL.search(first):
        return "channel"
    return "energy" if _ENERGY.search(first) else ""


def _evenly(values: NDArray[np.float64]) -> EnergyAxis | None:
    """Return the axis of numbers that rise in even steps; None where they do not."""
    try:
        return EnergyAxis.from_kev(values, "file")
    except ValueError:
        return None


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open a spectrum as a cube of one pixel, and several as one row of pixels.

    Raises
    ------
    ValueError
        If the numbers are no counts, or those beside them no energies.
    """
    text = decode(read_limited(path))
    columns = None if text is None else parse_columns(text)
    if columns is None or not _is_spectrum(columns):
        raise ValueError(f"{path.name} is damaged: its columns of numbers are not complete.")
    notes: list[str] = []
    spectra = columns.values.shape[1]
    _check(path.name, columns)
    one = spectra == 1
    counts = whole_counts(path.name, columns.values.T if one else columns.values[:, 1:].T, notes)
    axis = _header_axis(path.name, columns, notes) if one else _axis(path.name, columns, notes)
    handheld = "S1PXRF" in columns.text
    live = in_range_or_none(columns.number(*_LIVE), 0, 1e9)
    cube = XRFCube.from_array(
        counts[None],
        gain_kev=axis.gain_kev,
        offset_kev=axis.offset_kev,
        energy_source=axis.source,
        acquisition=_acquisition(columns, handheld),
        live_time_s=None if live is None else np.full((1, len(counts)), live),
    )
    source = make_source(path, HANDHELD_FORMAT if handheld else FORMAT, notes)
    names = columns.heading[1:] if len(columns.heading) == spectra else ()
    if len(counts) > 1:
        numbered = tuple(str(number + 1) for number in range(len(counts)))
        source = replace(source, points=names or numbered)
    return replace(cube, source=source)


def _check(name: str, columns: Columns) -> None:
    channels = len(columns.values)
    declared = columns.number(*_CHANNELS)
    if declared is not None and channels < declared <= MAX_CHANNELS:
        raise ValueError(
            f"{name} is truncated: it holds {channels} of its {declared:.0f} channels."
        )
    if _OTHER.search(" ".join(columns.heading)):
        raise ValueError(
            f"{name} holds a spectrum over {columns.heading[0]}, not over the energies of X-rays."
        )


def _axis(name: str, columns: Columns, notes: list[str]) -> EnergyAxis:
    """Make the axis from the first column: energies, or channels that the header calibrates."""
    first, called = columns.values[:, 0], _axis_name(columns)
    axis = _evenly(first)
    if axis is None:
        raise ValueError(f"{name} is damaged: its first column does not rise in even steps.")
    counted = bool(axis.gain_kev == 1 and first[0] in (0, 1) and np.all(first == np.rint(first)))
    if called == "channel" or (called == "" and counted):
        return _header_axis(name, columns, notes)
    unit = re.search(r"\b(k?ev)\b", columns.heading[0], re.IGNORECASE) if columns.heading else None
    coefficients = (axis.offset_kev, axis.gain_kev)
    if unit is None and called == "":
        notes.append("The first of the columns has no name; it is taken for energies.")
    return stated_axis(name, len(first), coefficients, unit[1] if unit else "", notes)


def _header_axis(name: str, columns: Columns, notes: list[str]) -> EnergyAxis:
    """Make the axis from the gain and offset of the header."""
    found = columns.find(*_GAIN)
    gain, offset = columns.number(*_GAIN), columns.number(*_OFFSET)
    if found is None or gain is None or gain <= 0:
        return estimated_axis(len(columns.values), notes)
    unit = re.search(r"k?ev\b", found[0] + " " + found[1], re.IGNORECASE)
    scale = 1.0 if unit and unit[0].lower() == "kev" else 1e-3
    if unit is None and gain < 1:
        scale = 1.0
    shift = 0.0 if offset is None else offset
    return plausible(name, EnergyAxis(len(columns.values), gain * scale, shift * scale, "file"))


def _acquisition(columns: Columns, handheld: bool) -> Acquisition:
    return Acquisition(
        tube_kv=in_range_or_none(columns.number(*_KV), 1, 200),
        tube_ua=in_range_or_none(columns.number(*_UA), 0, 1e6) if handheld else None,
        instrument="Bruker handheld (S1PXRF)" if handheld else None,
    )


READER = FormatReader(FORMAT, matches, read, spectra=True)
