"""Peaks of other origin than the sample: scatter of the tube lines, and pile-up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._typing import FloatArray
from ..physics.lines import LineFamily, line_family
from .conditions import Conditions
from .lineshape import family_shape, peaks

#: Angles that the broad Compton peak of a hard line is made of, degrees.
_ANGLES = (75.0, 95.0, 115.0, 135.0, 155.0)
_ELECTRON_KEV = 510.999
#: Momentum of the electrons of light matter over m c: it blurs a Compton peak.
_ELECTRON_MOMENTUM = 1 / 137.036


@dataclass(frozen=True)
class Scatter:
    """Shape of a scatter peak.

    Parameters
    ----------
    name : str
        Such as ``"Rh Ka Compton 115"``.
    kind : {"Rayleigh", "Compton"}
        Process.
    kev : float
        Energy of its centre, keV.
    shape : ndarray, shape (channel,)
        Counts in each channel for one count in the peak.
    """

    name: str
    kind: str
    kev: float
    shape: FloatArray


def compton_kev(kev: float, angle_deg: float) -> float:
    """Return the energy (keV) of a photon after Compton scatter by an angle (degrees)."""
    return float(kev / (1 + kev / _ELECTRON_KEV * (1 - np.cos(np.deg2rad(angle_deg)))))


def anode_families(anode: str, conditions: Conditions) -> tuple[LineFamily, ...]:
    """Return the K and L families that the tube emits from its anode."""
    found = []
    for shell in ("K", "L"):
        try:
            family = line_family(f"{anode} {shell}", 45.0 if shell == "L" else 95.0)
        except ValueError:
            continue
        if conditions.excites(min(line.edge_kev for line in family.lines)):
            found.append(family)
    return tuple(found)


def scatter_shapes(axis_kev: FloatArray, conditions: Conditions) -> tuple[Scatter, ...]:
    """Return the Rayleigh and Compton peaks of the anode's lines on an energy axis.

    A Compton peak above 10 keV is represented by several peaks at fixed angles, since the angle
    of the detector, its solid angle and multiple scatter broaden it; their sum with free,
    non-negative amplitudes reproduces any such shape.

    Parameters
    ----------
    axis_kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    conditions : Conditions
        Anode, voltage and resolution.
    """
    if conditions.anode is None:
        return ()
    found: list[Scatter] = []
    for family in anode_families(conditions.anode, conditions):
        soft = family.main.kev < 5.0
        groups = ("L",) if soft and family.family == "L" else _groups(family)
        for group in groups:
            chosen = np.array([group == "L" or line.siegbahn[1] == group for line in family.lines])
            strength = family.strength * chosen
            centre = float(family.kev @ strength / strength.sum())
            if not axis_kev[0] + 0.2 < centre < axis_kev[-1] + 2.0:
                continue
            title = f"{family.name.split()[0]} {family.family}{group if group != 'L' else ''}"
            shape = family_shape(axis_kev, family, chosen * 1.0, conditions.fwhm_mn_ka_ev)
            if centre < axis_kev[-1] - 0.2:
                found.append(Scatter(f"{title} Rayleigh", "Rayleigh", centre, shape))
            if not soft:
                found += _compton(axis_kev, centre, title, conditions)
    return tuple(found)


def _groups(family: LineFamily) -> tuple[str, ...]:
    """Return the Greek letters whose lines hold more than 2 % of the family."""
    shares = {
        letter: sum(
            float(strength)
            for line, strength in zip(family.lines, family.strength, strict=True)
            if line.siegbahn[1] == letter
        )
        for letter in "abg"
    }
    return tuple(letter for letter, share in shares.items() if share > 0.02)


def _compton(
    axis_kev: FloatArray, centre: float, title: str, conditions: Conditions
) -> list[Scatter]:
    found = []
    for angle in _ANGLES if centre > 10.0 else (115.0,):
        at = compton_kev(centre, angle)
        if not axis_kev[0] + 0.2 < at < axis_kev[-1] - 0.2:
            continue
        doppler = 2 * at * np.sin(np.deg2rad(angle) / 2) * _ELECTRON_MOMENTUM
        shape = peaks(axis_kev, np.array([at]), conditions.fwhm_mn_ka_ev, extra_sigma_kev=doppler)
        found.append(Scatter(f"{title} Compton {angle:g}", "Compton", at, shape[0]))
    return found


def pile_up_shape(axis_kev: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the shape of the sum peaks of two spectra, normalised to one count.

    Parameters
    ----------
    axis_kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    first, second : ndarray, shape (channel,)
        Spectra whose photons pile up in pairs.

    Returns
    -------
    ndarray, shape (channel,)
        All zero where the sums lie beyond the end of the axis.
    """
    gain = float(axis_kev[1] - axis_kev[0])
    zero = -float(axis_kev[0]) / gain
    length = 2 * axis_kev.size
    spectrum = np.fft.rfft(first, length) * np.fft.rfft(second, length)
    pairs = np.maximum(np.fft.irfft(spectrum, length), 0.0)
    # Channels i and j sum to channel i + j - zero, since each carries the offset once.
    shape = np.interp(np.arange(axis_kev.size) + zero, np.arange(length), pairs, left=0, right=0)
    total = shape.sum()
    whole = first.sum() * second.sum()
    return np.asarray(shape / total if total > 1e-6 * whole else np.zeros_like(shape))
