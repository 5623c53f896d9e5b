"""Settings that plain containers (.npz, HDF5, Zarr) carry beside the counts, and their units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..cube import Acquisition, EnergyAxis
from ._reader import in_range_or_none, parse_float

#: Length in mm of each unit, by the names that programs write, in lower case.
LENGTH_UNITS_MM = {
    **dict.fromkeys(("m", "meter", "meters"), 1e3),
    **dict.fromkeys(("cm", "centimeter", "centimeters"), 10.0),
    **dict.fromkeys(("mm", "millimeter", "millimeters"), 1.0),
    **dict.fromkeys(("um", "µm", "μm", "micron", "micrometer", "micrometers"), 1e-3),
    **dict.fromkeys(("nm", "nanometer", "nanometers"), 1e-6),
}
#: Energy in keV of each unit.
ENERGY_UNITS_KEV = {"kev": 1.0, "kiloelectronvolt": 1.0, "ev": 1e-3, "electronvolt": 1e-3}
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


def axis_from_values(values: Any, unit: str, channels: int) -> EnergyAxis | None:
    """Make an axis from the energies of channel centres or edges; None where they make none.

    Parameters
    ----------
    values : array_like, shape (channel,) or (channel + 1,)
        Energies of the centres, or of the edges.
    unit : str
        Their unit; without one, values beyond 200 are taken as eV.
    channels : int
        Length of the axis.
    """
    energies = np.asarray(values)
    if energies.ndim != 1 or energies.dtype.kind not in "iuf" or channels < 2:
        return None
    energies = energies.astype(np.float64)
    if energies.size == channels + 1:
        energies = (energies[:-1] + energies[1:]) / 2
    if energies.size != channels or not np.all(np.isfinite(energies)):
        return None
    unit_kev = ENERGY_UNITS_KEV.get(unit.lower())
    if unit_kev == 1e-3 or (unit_kev is None and np.abs(energies).max() > 200):
        energies = energies / 1000
    try:
        return EnergyAxis.from_kev(energies, "file")
    except ValueError:
        return None


def axis_from_settings(settings: Mapping[str, Any], channels: int) -> EnergyAxis | None:
    """Make an axis from gain_kev and offset_kev, or from an array of energies."""
    gain = scalar(settings, "gain_kev")
    if gain is not None and gain > 0:
        return EnergyAxis(channels, gain, scalar(settings, "offset_kev") or 0.0, "file")
    for name in ENERGY_NAMES:
        if name in settings:
            unit = "kev" if name.endswith("kev") else ""
            axis = axis_from_values(settings[name], unit, channels)
            if axis is not None:
                return axis
    return None


def acquisition_from_settings(settings: Mapping[str, Any]) -> Acquisition:
    """Read anode, voltage and geometry where they have the names of our own settings."""
    return Acquisition(
        anode=text(settings, "anode"),
        tube_kv=in_range_or_none(scalar(settings, "tube_kv"), 1, 200),
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
    """Explain why an array is not opened as a scan unasked; None where it is.

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
