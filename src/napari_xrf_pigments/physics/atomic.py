"""Atomic data of the fluorescence engine, and their source."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import xraylib

from .._typing import FloatArray
from .lines import Line, element_lines, line_cross_section

#: Si, Cl, Ti, Cr: xraylib's CS_Total is up to 14 % too high just above their K edges, where
#: its own Kissel cross-sections agree with XCOM within 3 % (docs/physics/findings.md).
_WRONG_ABOVE_K = (14, 17, 22, 24)


class AtomicData:
    """Atomic constants of xraylib, with the Kissel cascade for the production of lines.

    Tests pass an object with the same methods to use the constants of another library.
    """

    def lines(self, z: int) -> tuple[Line, ...]:
        """Return the lines of an element above 0.9 keV."""
        return element_lines(z)

    def mass_attenuation(self, z: int, kev: FloatArray) -> FloatArray:
        """Return the total mass attenuation coefficient in cm2/g, shape of `kev`."""
        return _attenuations(z, np.asarray(kev, dtype=np.float64).tobytes()).copy()

    def production(self, z: int, kev: FloatArray) -> FloatArray:
        """Return the line production cross-sections in cm2/g, shape (line, energy)."""
        columns = [_production(z, float(energy)) for energy in kev]
        return np.array(columns).reshape(len(kev), len(element_lines(z))).T.copy()

    def scatter(self, z: int, kev: FloatArray) -> FloatArray:
        """Return the cross-sections of Rayleigh and Compton scattering, cm2/g, shape of `kev`."""
        return np.array([_scatter(z, float(energy)) for energy in kev])


# The lines of a set of elements recur: one look-up for all their energies.
@lru_cache(maxsize=4096)
def _attenuations(z: int, kev: bytes) -> FloatArray:
    return np.array([_attenuation(z, float(energy)) for energy in np.frombuffer(kev)])


@lru_cache(maxsize=1_000_000)
def _attenuation(z: int, kev: float) -> float:
    # Below 0.1 keV xraylib has no data; such photons do not leave a sample.
    energy = max(kev, 0.1)
    if z in _WRONG_ABOVE_K and 1.0 < energy / xraylib.EdgeEnergy(z, xraylib.K_SHELL) < 2.0:
        parts = (xraylib.CS_Photo_Total, xraylib.CS_Rayl, xraylib.CS_Compt)
        return float(sum(part(z, energy) for part in parts))
    return float(xraylib.CS_Total(z, energy))


@lru_cache(maxsize=1_000_000)
def _scatter(z: int, kev: float) -> float:
    return float(xraylib.CS_Rayl(z, kev) + xraylib.CS_Compt(z, kev))


@lru_cache(maxsize=100_000)
def _production(z: int, kev: float) -> FloatArray:
    """Return the production cross-section of every line of an element at one energy."""
    return np.array(
        [line_cross_section(line, kev) if kev > line.edge_kev else 0.0 for line in element_lines(z)]
    )


def compound_attenuation(fractions: dict[int, float], kev: FloatArray) -> FloatArray:
    """Return the mass attenuation coefficient in cm2/g of a compound of mass fractions."""
    data = AtomicData()
    total = np.zeros(len(kev))
    for z, fraction in fractions.items():
        total += fraction * data.mass_attenuation(z, kev)
    return total
