"""Settings that plain containers (.npz, HDF5, Zarr) carry beside the counts, and their units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from .._typing import FloatArray
from ..cube import Acquisition, EnergyAxis
from ._reader import in_range_or_none, note_unused_axis, parse_float, used_number

#: Length in mm of each unit, by the names that programs write, in lower case.
LENGTH_UNITS_MM = {
    **dict.fromkeys(("m", "meter", "meters"), 1e3),
    **dict.fromkeys(("cm", "centimeter", "centimeters"), 10.0),
    **dict.fromkeys(("mm", "millimeter", "millimeters"), 1.0),
    **dict.fromkeys(("um", "µm", "μm", "micron", "micrometer", "micrometers"), 1e-3),
    **dict.fromkeys(("nm", "nanometer", "nanometers"), 1e-6),
}
_ENERGY_UNIT = re.compile(
    r"(?<![a-z])(k|kilo[- ]?|m|mega[- ]?)?(?:ev|electron[- ]?volts?)(?![a-z])", re.IGNORECASE
)
# No X-ray tube for paintings reaches this energy, and no channel is narrower.
_MAX_KEV = 200.0
_MIN_GAIN_KEV = 0.001
# By so much of its length may an axis be curved, and by so many channels is it straight.
_MOST_CURVED = 0.02
_STRAIGHT = 0.5
ENERGY_NAMES = ("energies_kev", "energy_kev", "energies", "energy", "kev")
#: An array whose spectrum is shorter is a stack of pictures, not a scan.
LEAST_CHANNELS = 128
#: Lengths of an axis of colours: grey, RGB and RGBA.
PICTURE_LENGTHS = (1, 3, 4)


def scalar(settings: Mapping[str, Any], key: str) -> float | None:
    """Return a number among the settings; None where it is absent or no number."""
    if key not in settings:
        return None
    value = np.asarray(settings[key])
    return parse_float(str(value.reshape(-1)[0])) if value.size == 1 else None


def text(settings: Mapping[str, Any], key: str) -> str | None:
    """Return a short text among the settings; None where it is absent or no text."""
    if key not in settings:
        return None
    value = np.asarray(settings[key])
    if value.size != 1 or value.dtype.kind not in "USO":
        return None
    item = value.reshape(-1)[0]
    return (item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)) or None


def energy_unit_kev(text: str) -> float | None:
    """Return the unit of energy, in keV, that a text states; None where it states none.

    Examples of such texts are ``"eV"``, ``"Energy (keV)"``, ``"Electron Volts"`` and ``"[k_eV]"``.
    """
    found = _ENERGY_UNIT.search(text.replace("_", ""))
    if found is None:
        return None
    prefix = (found[1] or "")[:1]
    return {"": 1e-3, "k": 1.0, "K": 1.0, "M": 1e3, "m": 1e-6}[prefix]


def axis_from_values(
    values: Any, unit: str, channels: int, notes: list[str] | None = None
) -> EnergyAxis | None:
    """Make an axis from the energies of channel centres or edges; None where they make none.

    Parameters
    ----------
    values : array_like, shape (channel,) or (channel + 1,)
        Energies of the centres, or of the edges.
    unit : str
        Their unit; without one, values beyond 200 are taken as eV.
    channels : int
        Length of the axis.
    notes : list of str, optional
        Gets a sentence if the energies are not used, or a unit is assumed, or the axis is curved.
    """
    energies = np.asarray(values)
    if energies.ndim != 1 or energies.dtype.kind not in "iuf" or channels < 2:
        return None
    energies = energies.astype(np.float64)
    if energies.size == channels + 1:
        energies = (energies[:-1] + energies[1:]) / 2
    if energies.size != channels:
        return None
    unit_kev = energy_unit_kev(unit)
    if not np.all(np.isfinite(energies)):
        note_unused_axis(notes, "its energies are not all numbers")
        return None
    if unit_kev is None and unit.strip():
        note_unused_axis(notes, f"its unit {unit.strip()[:20]!r} is not one of energy")
        return None
    if unit_kev is None and np.abs(energies).max() > _MAX_KEV:
        unit_kev = 1e-3
        if notes is not None:
            notes.append("The energies of the file have no unit: eV is assumed.")
    return straight_axis(energies * (unit_kev or 1.0), notes)


def straight_axis(energies: FloatArray, notes: list[str] | None) -> EnergyAxis | None:
    """Make the straight axis nearest to channel energies (keV); None where they make none.

    Parameters
    ----------
    energies : ndarray, shape (channel,)
        Finite energies of the channel centres in keV.
    notes : list of str or None
        Gets a sentence if the energies are not used, or the axis is curved.
    """
    size = energies.size
    gain = float(energies[-1] - energies[0]) / (size - 1)
    if not gain > 0 or np.any(np.diff(energies) <= 0):
        note_unused_axis(notes, "its energies do not rise")
        return None
    first, last = float(energies[0]), float(energies[-1])
    if gain < _MIN_GAIN_KEV or max(-first, last) > _MAX_KEV:
        note_unused_axis(
            notes,
            f"{size} channels of {1000 * gain:.4g} eV from {first:.4g} to {last:.4g} keV are not "
            "those of an X-ray fluorescence spectrum",
        )
        return None
    channel = np.arange(size, dtype=np.float64)
    offset = first
    if float(np.abs(energies - first - gain * channel).max()) > _STRAIGHT * gain:
        gain, offset = (float(value) for value in np.polyfit(channel, energies, 1))
        worst = float(np.abs(energies - offset - gain * channel).max()) / gain
        if worst > _MOST_CURVED * size:
            note_unused_axis(notes, "its energies do not rise in even steps")
            return None
        if notes is not None:
            notes.append(
                "The energy axis of the file is curved; the straight line nearest to it is used, "
                f"up to {worst:.1f} channels off."
            )
    return EnergyAxis(size, gain, offset, "file")


def axis_from_settings(
    settings: Mapping[str, Any], channels: int, notes: list[str] | None = None
) -> EnergyAxis | None:
    """Make an axis from gain_kev and offset_kev, or from an array of energies."""
    gain = scalar(settings, "gain_kev")
    if gain is not None and gain > 0:
        return EnergyAxis(channels, gain, scalar(settings, "offset_kev") or 0.0, "file")
    for name in ENERGY_NAMES:
        if name in settings:
            unit = "kev" if name.endswith("kev") else ""
            axis = axis_from_values(settings[name], unit, channels, notes)
            if axis is not None:
                return axis
    return None


def acquisition_from_settings(
    settings: Mapping[str, Any], notes: list[str] | None = None
) -> Acquisition:
    """Read anode, voltage and geometry where they have the names of our own settings."""
    return Acquisition(
        anode=text(settings, "anode"),
        tube_kv=used_number(scalar(settings, "tube_kv"), 1, 200, "tube voltage", "kV", notes),
        incidence_deg=in_range_or_none(scalar(settings, "incidence_deg"), 0, 90),
        takeoff_deg=in_range_or_none(scalar(settings, "takeoff_deg"), 0, 90),
        instrument=text(settings, "instrument"),
    )


def pixel_from_settings(settings: Mapping[str, Any]) -> tuple[float, float] | None:
    """Read height and width of a pixel in mm: one number or two."""
    if "pixel_mm" not in settings:
        return None
    sides = np.asarray(settings["pixel_mm"]).reshape(-1)
    if sides.dtype.kind not in "iuf" or sides.size not in (1, 2):
        return None
    if not np.all(np.isfinite(sides)) or sides.min() <= 0:
        return None
    return float(sides[0]), float(sides[-1])


def image_from_settings(
    settings: Mapping[str, Any], key: str, shape: tuple[int, int]
) -> np.ndarray[Any, np.dtype[Any]] | None:
    """Return an image with one number per pixel; None where it is absent or of another shape."""
    if key not in settings:
        return None
    image = np.asarray(settings[key])
    return image if image.shape == shape and image.dtype.kind in "biuf" else None


def guess_channel_axis(shape: tuple[int, int, int]) -> int:
    """Guess the spectrum axis of an array whose axes have no names.

    It is the only axis of 256, 512, 1024 ... channels, as detectors have, or the longest of
    several. Without one it is the last axis, the convention of plain arrays, where that is long
    enough for a spectrum, else the longest.
    """
    powers = [axis for axis, length in enumerate(shape) if is_power_of_two(length)]
    if powers:
        longest = max(shape[axis] for axis in powers)
        return [axis for axis in powers if shape[axis] == longest][-1]
    return 2 if shape[2] >= LEAST_CHANNELS else shape.index(max(shape))


def picture_reason(shape: tuple[int, int, int], channel: int) -> str | None:
    """Explain why an array is not opened as a scan by default; None where it is.

    It applies where no axis has a name and no energies are stated. Pictures have 1, 3 or 4
    colours, and spectra at least 128 channels.

    Parameters
    ----------
    shape : tuple of int
        Lengths of the three axes.
    channel : int
        The axis that would be the spectrum.
    """
    reason = None
    if any(length in PICTURE_LENGTHS for length in shape):
        reason = "looks like a picture, because an axis has a length of 1, 3 or 4"
    elif channel != 2 and shape.count(shape[channel]) > 1:
        reason = f"looks like pictures, because two axes have a length of {shape[channel]}"
    elif shape[channel] < LEAST_CHANNELS:
        reason = f"has no axis of at least {LEAST_CHANNELS} channels"
    return reason and f"{reason} and nothing names its axes or gives energies"


def is_power_of_two(length: int) -> bool:
    """Return whether a length is 256, 512, 1024 ..., as detectors have channels."""
    return length >= 256 and not length & (length - 1)
