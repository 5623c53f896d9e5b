"""Instruments that the network was trained on, and warnings about all others."""

from __future__ import annotations

from ..cube import Acquisition, EnergyAxis
from ..physics.tube_library import ANODES

#: Ranges of the simulated instruments; see ``simulation/instruments.py``.
TUBE_KV = (20.0, 50.0)
TUBE_KV_TUNGSTEN = (20.0, 60.0)
FWHM_EV = (122.0, 190.0)
MAX_CHANNEL_KEV = 0.05
MIN_END_KEV = 18.0
MAX_START_KEV = 1.6
ANGLES_DEG = {"incidence_deg": (35.0, 90.0), "takeoff_deg": (25.0, 90.0)}


def instrument_warnings(energies: EnergyAxis, acquisition: Acquisition) -> tuple[str, ...]:
    """Describe the settings that lie outside the training; unknown settings give no warning.

    Parameters
    ----------
    energies : EnergyAxis
        The energy axis.
    acquisition : Acquisition
        Settings of the instrument.

    Returns
    -------
    tuple of str
        One sentence per setting.
    """
    return (*_tube(acquisition), *_detector(acquisition), *_axis(energies))


def _tube(known: Acquisition) -> list[str]:
    warnings = []
    anode, voltage = known.anode, known.tube_kv
    if anode is not None and anode not in ANODES:
        warnings.append(
            f"The network was not trained for an anode of {anode}, only for {', '.join(ANODES)}: "
            "its probabilities may be wrong."
        )
    low, high = TUBE_KV_TUNGSTEN if anode in (None, "W") else TUBE_KV
    if voltage is not None and not low <= voltage <= high:
        warnings.append(
            f"The tube ran at {voltage:g} kV, but the network was trained for {low:g} to "
            f"{high:g} kV: its probabilities may be wrong."
        )
    for name, (low, high) in ANGLES_DEG.items():
        angle = getattr(known, name)
        if angle is not None and not low <= angle <= high:
            side = "beam" if name == "incidence_deg" else "detector"
            warnings.append(
                f"The {side} stands at {angle:g} degrees to the surface, but the network was "
                f"trained for {low:g} to {high:g} degrees: the depth of pigments may be wrong."
            )
    return warnings


def _detector(known: Acquisition) -> list[str]:
    width = known.detector.fwhm_mn_ka_ev if known.detector is not None else None
    low, high = FWHM_EV
    if width is None or low - 5 <= width <= high + 5:
        return []
    return [
        f"The resolution is {width:.0f} eV at Mn K alpha, but the network was trained for "
        f"{low:.0f} to {high:.0f} eV: its probabilities may be wrong."
    ]


def _axis(energies: EnergyAxis) -> list[str]:
    warnings = []
    start, end = energies.edges_kev[0], energies.edges_kev[-1]
    if energies.gain_kev > MAX_CHANNEL_KEV:
        warnings.append(
            f"The channels are {energies.gain_kev * 1e3:.0f} eV wide, but the network was trained "
            f"for {MAX_CHANNEL_KEV * 1e3:.0f} eV at most: neighbouring lines merge, and its "
            "probabilities may be wrong."
        )
    if end < MIN_END_KEV - 0.5:
        warnings.append(
            f"The energy axis ends at {end:.1f} keV, but the network was trained for axes that end "
            f"at {MIN_END_KEV:.0f} keV or more: lines of higher energy are missing, and its "
            "probabilities may be wrong."
        )
    if start > MAX_START_KEV:
        warnings.append(
            f"The energy axis begins at {start:.1f} keV, but the network was trained for axes that "
            f"begin below {MAX_START_KEV:.1f} keV: lines of lower energy are missing, and its "
            "probabilities may be wrong."
        )
    return warnings
