"""Instruments that the network learned from, and sentences about those that it did not."""

from __future__ import annotations

from ..cube import Acquisition, EnergyAxis
from ..physics._tube_library import ANODES

#: Ranges of the simulated instruments; see ``simulation/conditions.py``.
TUBE_KV = (20.0, 50.0)
TUBE_KV_TUNGSTEN = (20.0, 60.0)
FWHM_EV = (122.0, 190.0)
WIDEST_CHANNEL_KEV = 0.05
LOWEST_END_KEV = 18.0
HIGHEST_START_KEV = 1.6
ANGLES_DEG = {"incidence_deg": (35.0, 90.0), "takeoff_deg": (25.0, 90.0)}


def instrument_warnings(energies: EnergyAxis, acquisition: Acquisition) -> tuple[str, ...]:
    """Plain sentences on what lies outside the training; unknown settings give none.

    Parameters
    ----------
    energies : EnergyAxis
        The energy axis.
    acquisition : Acquisition
        Settings of the instrument.
    """
    return (*_tube(acquisition), *_detector(acquisition), *_axis(energies))


def _tube(known: Acquisition) -> list[str]:
    told = []
    anode, voltage = known.anode, known.tube_kv
    if anode is not None and anode not in ANODES:
        told.append(
            f"The network never saw a tube with an anode of {anode}, only {', '.join(ANODES)}: "
            "its answers may be wrong."
        )
    low, high = TUBE_KV_TUNGSTEN if anode in (None, "W") else TUBE_KV
    if voltage is not None and not low <= voltage <= high:
        told.append(
            f"The tube ran at {voltage:g} kV, but the network learned from {low:g} to {high:g} kV: "
            "its answers may be wrong."
        )
    for name, (least, most) in ANGLES_DEG.items():
        angle = getattr(known, name)
        if angle is not None and not least <= angle <= most:
            side = "beam" if name == "incidence_deg" else "detector"
            told.append(
                f"The {side} stands at {angle:g} degrees to the surface, but the network learned "
                f"from {least:g} to {most:g} degrees: what it says of depth may be wrong."
            )
    return told


def _detector(known: Acquisition) -> list[str]:
    width = known.detector.fwhm_mn_ka_ev if known.detector is not None else None
    low, high = FWHM_EV
    if width is None or low - 5 <= width <= high + 5:
        return []
    return [
        f"The resolution is {width:.0f} eV at Mn K-alpha, but the network learned from {low:.0f} "
        f"to {high:.0f} eV: its answers may be wrong."
    ]


def _axis(energies: EnergyAxis) -> list[str]:
    told = []
    start, end = energies.edges_kev[0], energies.edges_kev[-1]
    if energies.gain_kev > WIDEST_CHANNEL_KEV:
        told.append(
            f"The channels are {energies.gain_kev * 1e3:.0f} eV wide, wider than any that the "
            f"network learned from ({WIDEST_CHANNEL_KEV * 1e3:.0f} eV): neighbouring lines run "
            "together."
        )
    if end < LOWEST_END_KEV - 0.5:
        told.append(
            f"The energy axis ends at {end:.1f} keV, but the network learned from axes that end at "
            f"{LOWEST_END_KEV:.0f} keV or more: harder lines are missing."
        )
    if start > HIGHEST_START_KEV:
        told.append(
            f"The energy axis begins at {start:.1f} keV, but the network learned from axes that "
            f"begin below {HIGHEST_START_KEV:.1f} keV: softer lines are missing."
        )
    return told
