"""EMSA/MAS spectra (.msa, .emsa): one spectrum as text (ISO 22029)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import Acquisition, Detector, EnergyAxis, XRFCube

from .._metadata import energy_unit_kev
from .._reader import (
    MAX_CHANNELS,
    FormatReader,
    ReadOptions,
    estimated_axis,
    in_range_or_none,
    parse_float,
    read_head,
    read_limited,
    used_number,
)
from ._single_spectrum import one_pixel, whole_counts
from ._stated_axis import stated_axis

FORMAT = "EMSA/MAS spectrum (.msa)"
_HEADER = re.compile(r"#+\s*([A-Za-z]+)\s*(?:-\w+)?\s*:(.*)")


@dataclass(frozen=True)
class MsaText:
    """Header (upper-case keys) and numbers of a file."""

    header: dict[str, str]
    values: NDArray[np.float64]


def parse_msa(text: str, name: str = "The text") -> MsaText:
    """Parse header and numbers of an EMSA/MAS text, called `name` in errors.

    Raises
    ------
    ValueError
        If the text between header and end holds anything but numbers.
    """
    header: dict[str, str] = {}
    values: list[float] = []
    for line in text.splitlines():
        if line.startswith("#"):
            found = _HEADER.match(line)
            if found is None:
                continue
            key = found[1].upper()
            if key == "ENDOFDATA":
                break
            header[key] = found[2].strip()
        elif line.strip():
            try:
                values.extend(float(word) for word in line.replace(",", " ").split())
            except ValueError:
                shown = line.strip()[:30]
                raise ValueError(f"{name} has the line {shown!r} where counts should be.") from None
    return MsaText(header, np.array(values, dtype=np.float64))


def matches(path: Path) -> bool:
    """Return whether the file begins as the standard demands."""
    return bool(re.match(rb"\s*#FORMAT\s*:\s*EMSA", read_head(path, 200), re.IGNORECASE))


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open a spectrum as a cube of one pixel.

    Raises
    ------
    ValueError
        If the spectrum is truncated or the header is wrong.
    """
    msa = parse_msa(read_limited(path).decode("latin-1"), path.name)
    notes: list[str] = []
    values, energies = _columns(path.name, msa, notes)
    axis = _axis(path.name, msa.header, values.size, energies, notes)
    live = used_number(parse_float(msa.header.get("LIVETIME")), 0, 1e9, "live time", "s", notes)
    counts = whole_counts(path.name, values, notes)
    return one_pixel(path, FORMAT, counts, axis, notes, _acquisition(msa.header, notes), live)


def _columns(
    name: str, msa: MsaText, notes: list[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return the counts, and the energies beside them where the data type is XY."""
    declared = parse_float(msa.header.get("NPOINTS"))
    if declared is None or not 1 <= declared <= MAX_CHANNELS:
        raise ValueError(f"{name} does not state in its header how many channels it has (NPOINTS).")
    points = int(declared)
    pairs = msa.header.get("DATATYPE", "Y").upper() == "XY"
    needed = points * (2 if pairs else 1)
    if msa.values.size < needed:
        raise ValueError(
            f"{name} is truncated: it holds {msa.values.size // (2 if pairs else 1)} "
            f"of its {points} channels."
        )
    if msa.values.size > needed:
        further = (msa.values.size - needed) // (2 if pairs else 1)
        notes.append(
            f"Values after the {points} channels that NPOINTS states, not read: {further}."
        )
    if pairs:
        return msa.values[1:needed:2], msa.values[0:needed:2]
    return msa.values[:points], None


def _axis(
    name: str,
    header: dict[str, str],
    channels: int,
    energies: NDArray[np.float64] | None,
    notes: list[str],
) -> EnergyAxis:
    unit = _unit(name, header)
    offset, gain = parse_float(header.get("OFFSET")), parse_float(header.get("XPERCHAN"))
    stated = None
    if gain is not None and gain > 0:
        stated = EnergyAxis(channels, gain, offset or 0.0, "file")
    if energies is not None and channels > 1:
        # The header has more digits than the column, where the two agree.
        if stated is None or np.abs(stated.kev - energies).max() > stated.gain_kev:
            try:
                stated = EnergyAxis.from_kev(energies, "file")
            except ValueError as error:
                raise ValueError(f"{name} has a wrong energy column: {error}") from None
    if stated is None:
        return estimated_axis(channels, notes)
    return stated_axis(name, channels, (stated.offset_kev, stated.gain_kev), unit, notes)


def _unit(name: str, header: dict[str, str]) -> str:
    """Return "keV" or "eV" as the header states it; empty where it states no unit.

    Raises
    ------
    ValueError
        If it states a unit of something else than energy.
    """
    text = header.get("XUNITS", "").strip()
    stated = energy_unit_kev(text)
    if stated in (1.0, 1e-3):
        return "keV" if stated == 1.0 else "eV"
    if stated is None and text.lower() in (
        "",
        "unknown",
        "none",
        "undefined",
        "channel",
        "channels",
    ):
        return ""
    raise ValueError(
        f"{name} has a spectrum along {text[:20]!r}, not along an energy in eV or keV."
    )


def _acquisition(header: dict[str, str], notes: list[str]) -> Acquisition:
    width_kev = in_range_or_none(parse_float(header.get("MNFWHM")), 0.05, 1)
    thickness_cm = in_range_or_none(parse_float(header.get("TACTLYR")), 0, 10)
    detector = None
    if width_kev is not None or thickness_cm is not None:
        detector = Detector(
            thickness_mm=Detector.thickness_mm if thickness_cm is None else 10 * thickness_cm,
            fwhm_mn_ka_ev=None if width_kev is None else 1000 * width_kev,
        )
    return Acquisition(
        tube_kv=used_number(parse_float(header.get("BEAMKV")), 1, 200, "tube voltage", "kV", notes),
        takeoff_deg=in_range_or_none(parse_float(header.get("ELEVANGLE")), 0, 90),
        detector=detector,
    )


READER = FormatReader(FORMAT, matches, read, spectra=True)
