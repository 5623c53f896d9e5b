"""The energy axis that the header of a spectrum states, checked for plausibility."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_xrf_pigments.cube import EnergyAxis

from .._reader import estimated_axis

#: No X-ray tube for paintings reaches this energy, and no channel is narrower.
MAX_KEV = 200.0
MIN_GAIN_KEV = 0.001
# The widths of channels that XRF spectrometers have; other numbers are not in eV.
_GAIN_EV = (2.0, 200.0)


def stated_axis(
    name: str, channels: int, coefficients: Sequence[float | None], unit: str, notes: list[str]
) -> EnergyAxis:
    """Make the axis from the polynomial that a header states.

    Parameters
    ----------
    name : str
        Name of the file, for errors.
    channels : int
        Number of channels.
    coefficients : sequence of float or None
        Offset, gain and, where stated, the coefficient of channel squared; None where absent.
    unit : {"keV", "eV", ""}
        Their unit; without one, it is the one that gives energies of X-rays, as a note states.
    notes : list of str
        Gets a sentence if the axis is estimated, curved or of an assumed unit.

    Raises
    ------
    ValueError
        If the axis is none of an X-ray spectrum.
    """
    values = [0.0 if value is None else value for value in coefficients]
    if len(values) < 2 or values[1] <= 0 or np.abs(values).max() > 1e9:
        return estimated_axis(channels, notes)
    channel = np.arange(channels, dtype=np.float64)
    energies = sum(value * channel**power for power, value in enumerate(values[:3]))
    offset, gain = float(values[0]), float(values[1])
    if len(values) > 2 and values[2] != 0 and channels > 2:
        gain, offset = (float(value) for value in np.polyfit(channel, energies, 1))
        worst = float(np.abs(offset + gain * channel - energies).max())
        if gain <= 0:
            return estimated_axis(channels, notes)
        if worst > gain:
            notes.append(
                "The energy axis of the file is curved; the straight line nearest to it is used, "
                f"up to {worst / gain:.1f} channels off."
            )
    scale = _unit_kev(unit, offset, gain, channels, notes)
    return plausible(name, EnergyAxis(channels, gain * scale, offset * scale, "file"))


def _unit_kev(unit: str, offset: float, gain: float, channels: int, notes: list[str]) -> float:
    """Return the unit in keV: the stated one, else keV where that is plausible, else eV."""
    if unit:
        return 1e-3 if unit.lower() == "ev" else 1.0
    if offset + gain * (channels - 1) <= MAX_KEV and gain < 1:
        return 1.0
    if _GAIN_EV[0] <= gain <= _GAIN_EV[1]:
        notes.append("The file states no unit of its energies: eV is assumed.")
        return 1e-3
    return 1.0


def plausible(name: str, axis: EnergyAxis) -> EnergyAxis:
    """Return an axis that an X-ray spectrum can have.

    Raises
    ------
    ValueError
        If it ends above 200 keV, or has channels narrower than 1 eV.
    """
    if axis.kev[-1] > MAX_KEV or axis.gain_kev < MIN_GAIN_KEV:
        raise ValueError(
            f"{name} has {axis.n_channels} channels of {1000 * axis.gain_kev:.4g} eV from "
            f"{axis.kev[0]:.4g} to {axis.kev[-1]:.4g} keV, which is no energy axis of an X-ray "
            "fluorescence spectrum. Give the width of a channel and the energy of the first."
        )
    return axis
