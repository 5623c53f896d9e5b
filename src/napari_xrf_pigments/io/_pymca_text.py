"""The text of fit settings as PyMca reads them, with all that PyMca wants to be set."""

from __future__ import annotations

import math
from collections.abc import Sequence

MN_KA_KEV = 5.8951
#: As PyMca has it: full width over sigma, and keV of an electron-hole pair.
_FWHM, _PAIR_KEV = 2.3548, 0.00385
_FANO = 0.114
_LEAST_NOISE_KEV = 0.03

_REST = """
[concentrations]
distance = 10.0
area = 30.0
flux = 10000000000.0
time = 1.0
useattenuators = 1
usematrix = 0

[peakshape]
st_arearatio = 0.05
fixedst_arearatio = 0
deltast_arearatio = 0.03
st_sloperatio = 0.5
fixedst_sloperatio = 0
deltast_sloperatio = 0.49
lt_arearatio = 0.02
fixedlt_arearatio = 0
deltalt_arearatio = 0.015
lt_sloperatio = 10.0
fixedlt_sloperatio = 0
deltalt_sloperatio = 7.0
step_heightratio = 0.0001
fixedstep_heightratio = 0
deltastep_heightratio = 5e-05

[materials]

[materials.Air]
Comment = Dry Air (Near sea level) density=0.001204790 g/cm3
Thickness = 1.0
Density = 0.00120479
CompoundFraction = 0.000124, 0.75527, 0.23178, 0.012827, 3.2e-06
CompoundList = C1, N1, O1, Ar1, Kr1
"""


def spread_kev2(fano: float, kev: float) -> float:
    """Square of the full width that the making of charge alone gives a peak, keV^2."""
    return _PAIR_KEV * kev * fano * _FWHM**2


def text_of(
    families: Sequence[str],
    *,
    gain_kev: float | None,
    offset_kev: float | None,
    fwhm_mn_ka_ev: float | None,
    excitation_kev: float | None,
    air_mm: float | None,
) -> str:
    """Fit settings as text; what is None gets a common value."""
    noise, fano = noise_and_fano(fwhm_mn_ka_ev or 145.0)
    gain, zero = gain_kev or 0.01, offset_kev or 0.0
    energy = "None" if excitation_kev is None else f"{excitation_kev:.10g}"
    air = f"{1 if air_mm else 0}, Air, 0.00120479, {(air_mm or 0.0) / 10:.10g}"
    last = (excitation_kev or 40.0) - zero
    lines = [
        "[attenuators]",
        f"atmosphere = {air}",
        "deadlayer = 0, Si1, 2.33, 0.002",
        "window = 0, Be1, 1.848, 0.00125",
        "Detector = 0, Si1, 2.33, 0.045",
        "Matrix = 0, MULTILAYER, 0.0, 0.0, 45.0, 45.0",
        "",
        "[peaks]",
        *(f"{element} = {', '.join(shells)}" for element, shells in _by_element(families).items()),
        "",
        "[fit]",
        *(f"{key} = {value}" for key, value in _fit(energy, gain, last).items()),
        "",
        "[detector]",
        f"zero = {zero:.10g}",
        "deltazero = 0.1",
        "fixedzero = 0",
        f"gain = {gain:.10g}",
        "deltagain = 0.001",
        "fixedgain = 0",
        f"noise = {noise:.10g}",
        "deltanoise = 0.05",
        "fixednoise = 0",
        f"fano = {fano:.10g}",
        "deltafano = 0.114",
        "fixedfano = 0",
        "sum = 1e-08",
        "deltasum = 1e-08",
        "fixedsum = 0",
        "detele = Si",
        "ethreshold = 0.02",
        "ithreshold = 1e-07",
        "nthreshold = 4",
    ]
    return "\n".join(lines) + "\n" + _REST


def noise_and_fano(fwhm_mn_ka_ev: float) -> tuple[float, float]:
    """Noise (keV) and Fano factor that give a resolution at Mn K-alpha (eV)."""
    square = (fwhm_mn_ka_ev / 1000) ** 2
    noise2 = square - spread_kev2(_FANO, MN_KA_KEV)
    if noise2 > _LEAST_NOISE_KEV**2:
        return math.sqrt(noise2), _FANO
    # Sharper than the usual Fano factor allows.
    return _LEAST_NOISE_KEV, max(square - _LEAST_NOISE_KEV**2, 0.0) / spread_kev2(1.0, MN_KA_KEV)


def _fit(energy: str, gain: float, last_kev: float) -> dict[str, object]:
    return {
        "energy": energy,
        "energyflag": 0 if energy == "None" else 1,
        "energyweight": "None" if energy == "None" else 1.0,
        "energyscatter": 0 if energy == "None" else 1,
        "scatterflag": 0,
        "fitfunction": 0,
        "fitweight": 1,
        "linearfitflag": 1,
        "maxiter": 10,
        "deltachi": 0.001,
        "continuum": 0,
        "exppolorder": 6,
        "linpolorder": 5,
        "stripflag": 1,
        "stripalgorithm": 1,
        "stripconstant": 1.0,
        "stripiterations": 20000,
        "stripwidth": 1,
        "stripfilterwidth": 1,
        "stripanchorsflag": 0,
        "stripanchorslist": "0, 0, 0, 0",
        "snipwidth": max(5, round(0.35 / gain)),
        "escapeflag": 1,
        "sumflag": 0,
        "hypermetflag": 1,
        "use_limit": 0,
        "xmin": max(1, round(1.0 / gain)),
        "xmax": max(100, round(last_kev / gain)),
        "deltaonepeak": 0.01,
    }


def _by_element(families: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in families:
        element, shell = name.split()
        found.setdefault(element, []).append(shell)
    return found
