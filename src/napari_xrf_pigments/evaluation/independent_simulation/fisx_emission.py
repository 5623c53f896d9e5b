"""Emission of a stack: fluorescence by fisx, single scatter with xraylib's cross-sections.

Rates are photons into the whole sphere per photon of the tube that reaches the sample, without the
solid angle of the detector.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import xraylib

from napari_xrf_pigments._typing import FloatArray, IntArray

from .._extras import require
from .ebel_tube import tube_spectrum
from .instruments import Geometry, TestInstrument
from .stratigraphy import Strata

_SCATTER_STEP = 0.1
_MC2 = 510.999

#: Layer number of the air in front of the sample; its lines are those of 1 mm.
AIR = -1


@dataclass(frozen=True)
class Emission:
    """Photons that leave a stack towards the detector.

    Parameters
    ----------
    line_kev, line_rate : ndarray, shape (line,)
        Energy in keV and rate of each line of each layer.
    line_layer : ndarray, shape (line,)
        Number of the emitting layer, 0 on top, `AIR` for the air.
    line_family : tuple of str
        Line family, such as ``"Fe K"``.
    scatter_kev, scatter_rate : ndarray, shape (source,)
        Rayleigh and Compton scatter; energy and rate.
    scatter_width_kev : ndarray, shape (source,)
        Standard deviation of the Doppler broadening; 0 for Rayleigh.
    """

    line_kev: FloatArray
    line_rate: FloatArray
    line_layer: IntArray
    line_family: tuple[str, ...]
    scatter_kev: FloatArray
    scatter_rate: FloatArray
    scatter_width_kev: FloatArray


def beam_edges(kv: float) -> FloatArray:
    """Choose the edges of the beam's bins, keV: fine at absorption edges of paint elements."""
    return np.unique(
        np.concatenate([np.arange(1.6, 14.0, 0.45), np.arange(14.0, 30.0, 0.75),
                        np.arange(30.0, kv, 1.5), [kv]])
    )  # fmt: skip


@lru_cache(maxsize=1)
def _library() -> Any:
    elements = require("fisx").Elements()
    elements.initializeAsPyMca()
    return elements


def _families(z: int, kv: float) -> list[str]:
    families = []
    for shell, first, last, line in (
        ("K", 12, 60, xraylib.KL3_LINE),
        ("L", 29, 94, xraylib.L3M5_LINE),
        ("M", 70, 94, xraylib.M5N7_LINE),
    ):
        number = {"K": xraylib.K_SHELL, "L": xraylib.L3_SHELL, "M": xraylib.M5_SHELL}[shell]
        if first <= z <= last and xraylib.EdgeEnergy(z, number) < kv - 0.5:
            if xraylib.LineEnergy(z, line) > 0.9:
                families.append(f"{xraylib.AtomicNumberToSymbol(z)} {shell}")
    return families


def fluorescence(
    strata: Strata,
    geometry: Geometry,
    beam: tuple[FloatArray, FloatArray],
    kv: float,
    secondary: int = 0,
) -> tuple[FloatArray, FloatArray, IntArray, tuple[str, ...]]:
    """Compute the lines that leave a stack with ``fisx.XRF.getMultilayerFluorescence``.

    Parameters
    ----------
    strata : Strata
        The layers.
    geometry : Geometry
        Angles.
    beam : (kev, photons)
        Energies and weights of the beam.
    kv : float
        Tube voltage.
    secondary : {0, 1, 2}
        Secondary excitation: none, within a layer, between layers too (20 times slower).

    Returns
    -------
    kev, rate, layer, family
        See `Emission`.
    """
    fisx = require("fisx")
    library = _library()
    library.removeMaterials()
    layers = []
    for i, layer in enumerate(strata.layers):
        material = fisx.Material(f"layer{i}", layer.density, layer.thickness_um * 1e-4)
        material.setComposition(
            {xraylib.AtomicNumberToSymbol(z): f for z, f in layer.elements.items() if f > 0}
        )
        library.addMaterial(material, 0)
        layers.append([f"layer{i}", layer.density, layer.thickness_um * 1e-4])
    engine = fisx.XRF()
    engine.setBeam(beam[0].tolist(), beam[1].tolist())
    engine.setGeometry(geometry.incidence_deg, geometry.takeoff_deg)
    engine.setSample(layers, 0)
    numbers = sorted({z for layer in strata.layers for z in layer.elements})
    wanted = [family for z in numbers for family in _families(z, kv)]
    rates = engine.getMultilayerFluorescence(wanted, library, secondary, 0, 1)
    rows = [
        (line["energy"], line["rate"], index, family)
        for family, by_layer in rates.items()
        for index, lines in by_layer.items()
        for line in lines.values()
        if line["energy"] > 0.9 and line["rate"] > 0.0
    ]
    floor = 1e-7 * max((row[1] for row in rows), default=0.0)
    rows = [row for row in rows if row[1] > floor]
    return (
        np.array([row[0] for row in rows], dtype=np.float64),
        np.array([row[1] for row in rows], dtype=np.float64),
        np.array([row[2] for row in rows], dtype=np.int64),
        tuple(row[3] for row in rows),
    )


@lru_cache(maxsize=128)
def _attenuation_table(z: int) -> FloatArray:
    return np.array([xraylib.CS_Total(z, e) for e in np.arange(0.9, 61.0, 0.05)])


def attenuation(elements: dict[int, float], kev: FloatArray) -> FloatArray:
    """Compute the mass attenuation coefficient of a mixture in cm2/g."""
    grid = np.arange(0.9, 61.0, 0.05)
    total = sum(w * _attenuation_table(z) for z, w in elements.items())
    return np.asarray(np.interp(kev, grid, total), dtype=np.float64)


def compton_kev(kev: FloatArray, angle_deg: float) -> FloatArray:
    """Compute the energy in keV after Compton scattering by an electron at rest."""
    return np.asarray(kev / (1.0 + kev / _MC2 * (1.0 - np.cos(np.radians(angle_deg)))))


def scatter(
    strata: Strata, geometry: Geometry, beam: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Compute single Rayleigh and Compton scatter of a beam in a stack.

    Returns
    -------
    kev, rate, width_kev : ndarray, shape (2 * energy,)
        Rayleigh first, then Compton with the standard deviation of its Doppler profile.
    """
    kev, photons = beam
    angle = geometry.scatter_deg
    theta = np.radians(angle)
    shifted = compton_kev(kev, angle)
    s_in = np.sin(np.radians(geometry.incidence_deg))
    s_out = np.sin(np.radians(geometry.takeoff_deg))
    rates = np.zeros((2, len(kev)))
    momentum = np.zeros(len(kev))
    above = np.zeros((2, len(kev)))
    for layer in strata.layers:
        depth = layer.density * layer.thickness_um * 1e-4
        mu_in = attenuation(layer.elements, kev)
        for kind, out in enumerate((kev, shifted)):
            chi = mu_in / s_in + attenuation(layer.elements, out) / s_out
            cross = np.zeros(len(kev))
            for z, w in layer.elements.items():
                function = xraylib.DCS_Compt if kind else xraylib.DCS_Rayl
                part = w * np.array([function(z, float(e), theta) for e in kev])
                cross += part
                if kind:
                    # Width of a Gaussian Compton profile of the height J(0), in atomic units of
                    # momentum.
                    share = part * np.exp(-above[1]) * -np.expm1(-chi * depth) / chi
                    momentum += share * z / (xraylib.ComptonProfile(z, 0.0) * np.sqrt(2 * np.pi))
            rates[kind] += (
                4 * np.pi * cross / s_in * np.exp(-above[kind]) * -np.expm1(-chi * depth) / chi
            )
            above[kind] += chi * depth
    mean_momentum = momentum * 4 * np.pi / s_in / np.maximum(rates[1], 1e-300) / 137.036
    transfer = np.sqrt(kev**2 + shifted**2 - 2 * kev * shifted * np.cos(theta))
    width = mean_momentum * transfer * shifted / kev
    weight = photons / photons.sum()
    return (
        np.concatenate([kev, shifted]),
        np.concatenate([rates[0] * weight, rates[1] * weight]),
        np.concatenate([np.zeros(len(kev)), width]),
    )


def argon_per_mm(beam: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Compute the Ar K lines of 1 mm of air in the beam: energies in keV and rates."""
    weight = beam[1] / beam[1].sum()
    energies, rates = [], []
    for line in (xraylib.KL3_LINE, xraylib.KL2_LINE, xraylib.KM3_LINE):
        cross = [
            xraylib.CS_FluorLine_Kissel(18, line, e) if e > 3.21 else 0.0 for e in beam[0].tolist()
        ]
        energies.append(xraylib.LineEnergy(18, line))
        rates.append(float(np.dot(weight, cross)) * 0.013 * 1.2e-3 * 0.1)
    return np.array(energies), np.array(rates)


def emit(
    strata: Strata, instrument: TestInstrument, geometry: Geometry, secondary: int = 0
) -> Emission:
    """Compute all photons that leave a stack in front of an instrument."""
    kv = instrument.tube_kv
    coarse = tube_spectrum(instrument, geometry, beam_edges(kv))
    fine = tube_spectrum(instrument, geometry, np.arange(1.0, kv + 0.01, _SCATTER_STEP))
    lines = fluorescence(strata, geometry, coarse, kv, secondary)
    argon = argon_per_mm(coarse)
    share = coarse[1].sum() / fine[1].sum()  # the coarse beam lacks the softest photons
    kev, rate, width = scatter(strata, geometry, fine)
    return Emission(
        np.concatenate([lines[0], argon[0]]),
        np.concatenate([lines[1], argon[1]]) * share,
        np.concatenate([lines[2], np.full(len(argon[0]), AIR)]),
        (*lines[3], *("Ar K",) * len(argon[0])),
        kev,
        rate,
        width,
    )
