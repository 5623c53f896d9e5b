"""Spectra of Bruker's handheld instruments (.pdz), versions 24 and 25.

The layout is that of Bruker's description of the format. Version 25 is a list of records: a
number (16 bit), a length (32 bit) and the content; each measured phase is one record with a
spectrum. Version 24 is one record of fixed layout. Channel 0 is at 0 keV in both.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import Acquisition, EnergyAxis, XRFCube
from napari_xrf_pigments.io._reader import (
    FormatReader,
    ReadOptions,
    estimated_axis,
    in_range_or_none,
    make_source,
    read_head,
    read_limited,
)
from napari_xrf_pigments.physics.lines import element_symbol

from .._single_spectrum import whole_counts

FORMAT = "Bruker handheld spectrum (.pdz)"
_START_25 = struct.pack("<HI", 25, 14) + "pdz25".encode("utf-16-le")
_START_24 = b"\x01\x01"
# Version 24: channels, eV per channel, kV, uA, live time; then the counts.
_FIELDS_24 = struct.Struct("<6xh42xd104xff184xf")
_MAX_PHASES = 1000
_MAX_CHANNELS = 16384
_INSTRUMENT, _SPECTRUM = 1, 3
# Version 25: live time, kV, uA, three filters (element, um), eV per channel, channels.
_FIELDS_25 = struct.Struct("<4x16x16xfff6h2x12xf6x16x4xh4x")


@dataclass(frozen=True)
class Phase:
    """One measurement.

    Parameters
    ----------
    counts : ndarray, shape (channel,)
        Counts.
    ev : float or None
        Width of a channel in eV.
    live_time_s : float or None
        Live time in s.
    settings : Acquisition
        Voltage, current, filter.
    """

    counts: NDArray[np.int64]
    ev: float | None
    live_time_s: float | None
    settings: Acquisition


def matches(path: Path) -> bool:
    """Check whether the file begins as a spectrum of version 24 or 25 does."""
    start = read_head(path, _FIELDS_24.size)
    if start.startswith(_START_25):
        return True
    if len(start) < _FIELDS_24.size or not start.startswith(_START_24):
        return False
    channels, ev, kv, _, _ = _FIELDS_24.unpack(start)
    return bool(64 <= channels <= _MAX_CHANNELS and 1 < ev < 200 and 0 < kv < 200)


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open a spectrum as a cube of one pixel; several phases make a row of pixels.

    Raises
    ------
    ValueError
        If the file is truncated, damaged or holds no spectrum.
    """
    data = read_limited(path)
    try:
        is_new = data.startswith(_START_25)
        phases, common = _version_25(data) if is_new else ([_version_24(data)], Acquisition())
    except (struct.error, IndexError):
        raise ValueError(f"{path.name} is truncated or damaged.") from None
    if not phases:
        raise ValueError(f"{path.name} holds no spectrum.")
    return _cube(path, phases, common)


def _cube(path: Path, phases: list[Phase], common: Acquisition) -> XRFCube:
    first, notes = phases[0], list[str]()
    alike = [
        each for each in phases if (each.counts.size, each.ev) == (first.counts.size, first.ev)
    ]
    if len(alike) < len(phases):
        notes.append(f"{len(phases) - len(alike)} phases have other channels and are left out.")
    counts = [whole_counts(path.name, each.counts, notes) for each in alike]
    settings = first.settings
    if len(alike) > 1:
        voltages = ", ".join(f"{each.settings.tube_kv or 0:g} kV" for each in alike)
        notes.append(f"Each pixel is one of {len(alike)} phases of a measurement ({voltages}).")
        if any(each.settings != first.settings for each in alike):
            settings = Acquisition()
    channels, ev = first.counts.size, first.ev
    axis = estimated_axis(channels, notes) if ev is None else EnergyAxis(channels, ev / 1000)
    times = [each.live_time_s for each in alike]
    known = [time for time in times if time is not None]
    return XRFCube.from_array(
        np.stack(counts)[None],
        gain_kev=axis.gain_kev,
        energy_source="file" if ev is not None else "estimated",
        acquisition=common.updated(**settings.known()),
        live_time_s=np.array([known]) if len(known) == len(times) else None,
        source=make_source(path, FORMAT, notes),
    )


def _version_24(data: bytes) -> Phase:
    channels, ev, kv, ua, live = _FIELDS_24.unpack_from(data)
    settings = Acquisition(
        tube_kv=in_range_or_none(kv, 1, 200), tube_ua=in_range_or_none(ua, 0, 1e6)
    )
    counts = _counts(data, _FIELDS_24.size, channels)
    return Phase(counts, in_range_or_none(ev, 0, 1000), in_range_or_none(live, 0, 1e7), settings)


def _version_25(data: bytes) -> tuple[list[Phase], Acquisition]:
    phases: list[Phase] = []
    common, at = Acquisition(), 0
    while at < len(data) and len(phases) < _MAX_PHASES:
        kind, length = struct.unpack_from("<HI", data, at)
        at += 6
        if at + length > len(data):
            raise IndexError
        record = data[at : at + length]
        if kind == _SPECTRUM:
            phases.append(_phase(record))
        elif kind == _INSTRUMENT:
            common = _instrument(record)
        at += length
    return phases, common


def _phase(record: bytes) -> Phase:
    live, kv, ua, *filters, ev, channels = _FIELDS_25.unpack_from(record)
    # A text of any length, and a flag, precede the counts.
    (letters,) = struct.unpack_from("<I", record, _FIELDS_25.size)
    settings = Acquisition(
        tube_kv=in_range_or_none(kv, 1, 200),
        tube_ua=in_range_or_none(ua, 0, 1e6),
        filter=_layers(filters),
    )
    counts = _counts(record, _FIELDS_25.size + 4 + 2 * letters + 2, channels)
    return Phase(counts, in_range_or_none(ev, 0, 1000), in_range_or_none(live, 0, 1e7), settings)


def _layers(filters: list[int]) -> tuple[tuple[str, float], ...] | None:
    """Convert filters to (material, thickness in mm); None where none is named."""
    layers = []
    for z, um in zip(filters[::2], filters[1::2], strict=True):
        if 1 <= z <= 98 and um > 0:
            layers.append((element_symbol(z), um / 1000))
    return tuple(layers) or None


def _instrument(record: bytes) -> Acquisition:
    """Read anode and angles, which follow the serial number and the build number."""
    at, texts = 0, []
    for _ in range(2):
        (letters,) = struct.unpack_from("<I", record, at)
        if at + 4 + 2 * letters > len(record):
            raise IndexError
        texts.append(record[at + 4 : at + 4 + 2 * letters].decode("utf-16-le", "replace"))
        at += 4 + 2 * letters
    anode, _, incidence, takeoff = struct.unpack_from("<4B", record, at)
    return Acquisition(
        anode=element_symbol(anode) if 1 <= anode <= 98 else None,
        incidence_deg=in_range_or_none(incidence, 0, 90),
        takeoff_deg=in_range_or_none(takeoff, 0, 90),
        instrument=f"Bruker {texts[0]}" if texts[0].isprintable() and texts[0] else None,
    )


def _counts(data: bytes, at: int, channels: int) -> NDArray[np.int64]:
    if not 0 < channels <= _MAX_CHANNELS or at + 4 * channels > len(data):
        raise IndexError
    return np.frombuffer(data, "<i4", channels, at).astype(np.int64)


READER = FormatReader(FORMAT, matches, read, spectra=True)
