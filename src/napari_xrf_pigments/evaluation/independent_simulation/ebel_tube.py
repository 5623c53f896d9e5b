"""Tube spectra by Ebel's model as implemented in PyMca."""

from __future__ import annotations

import numpy as np
import xraylib

from napari_xrf_pigments._typing import FloatArray

from .._extras import require
from .instruments import Geometry, TestInstrument

_AIR = {7: 0.755, 8: 0.232, 18: 0.013}
_AIR_DENSITY = 1.2e-3


def air_transmission(kev: FloatArray, path_mm: float) -> FloatArray:
    """Compute the transmission of a path of air in mm."""
    mu = sum(w * np.array([xraylib.CS_Total(z, float(e)) for e in kev]) for z, w in _AIR.items())
    return np.asarray(np.exp(-mu * _AIR_DENSITY * path_mm * 0.1), dtype=np.float64)


def _filtered(kev: FloatArray, instrument: TestInstrument, geometry: Geometry) -> FloatArray:
    passed = air_transmission(kev, geometry.air_in_mm)
    for symbol, mm in instrument.filter:
        z = xraylib.SymbolToAtomicNumber(symbol)
        mu = np.array([xraylib.CS_Total(z, float(e)) for e in kev])
        passed *= np.exp(-mu * xraylib.ElementDensity(z) * mm * 0.1)
    return passed / (1.0 + (kev / geometry.capillary_kev) ** 2)


def _l_lines(anode: str, kv: float) -> list[tuple[float, float]]:
    """Compute energies and photons of the anode's L lines, Ebel (2003), X-Ray Spectrom. 32, 46.

    The form is that of the K lines with z = 8, b = 0.25 and the constant 4.94e13; the
    empirical factor of the L3 lines as in that paper, half as many vacancies in L2.
    """
    z = xraylib.SymbolToAtomicNumber(anode)
    lines = []
    for name, shell in (("L3M5", "L3"), ("L3M4", "L3"), ("L2M4", "L2"), ("L3N5", "L3")):
        number = getattr(xraylib, f"{shell}_SHELL")
        line = getattr(xraylib, f"{name}_LINE")
        edge = xraylib.EdgeEnergy(z, number)
        u = kv / edge
        core = u * np.log(u) + 1.0 - u
        stop = (np.sqrt(u) * np.log(u) + 2.0 * (1.0 - np.sqrt(u))) / core
        stop = (8.0 * 0.25 / z) * core * (1.0 + 16.05 * np.sqrt(0.0135 * z / edge) * stop)
        back = 1.0 - 0.0081517 * z + 3.613e-5 * z**2 + 0.009583 * z * np.exp(-u) + 0.001141 * kv
        factor = -0.4814 + 0.03781 * z - 2.413e-4 * z**2 if shell == "L3" else 0.4
        strength = 4.94e13 * factor * stop * back
        strength *= xraylib.FluorYield(z, number) * xraylib.RadRate(z, line)
        lines.append((float(xraylib.LineEnergy(z, line)), float(strength)))
    return lines


def tube_spectrum(
    instrument: TestInstrument, geometry: Geometry, edges_kev: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Compute the photons that reach the sample.

    Parameters
    ----------
    instrument : TestInstrument
        Anode, voltage, filters.
    geometry : Geometry
        Tube window, angles, air, optics.
    edges_kev : ndarray, shape (bin + 1,)
        Edges of the bins of the continuum, keV.

    Returns
    -------
    kev, photons : ndarray, shape (bin + line,)
        Energies (the mean of each bin, then the lines) in keV and relative photons.
    """
    ebel = require("PyMca5.PyMcaPhysics.xrf.XRayTubeEbel")
    kv = instrument.tube_kv
    window = ["Be", 1.848, geometry.tube_window_um * 1e-4]
    angles = {"alphae": 90.0 - geometry.tube_takeoff_deg, "alphax": geometry.tube_takeoff_deg}
    fine = np.arange(edges_kev[0] + 0.0125, min(edges_kev[-1], kv - 0.01), 0.025)
    flux = np.asarray(ebel.continuumEbel(instrument.anode, kv, fine, window=window, **angles))
    flux = np.clip(flux * _filtered(fine, instrument, geometry), 0.0, None) * 0.025
    bins = np.digitize(fine, edges_kev) - 1
    n = len(edges_kev) - 1
    photons = np.bincount(bins, flux, n)
    mean = np.bincount(bins, flux * fine, n) / np.maximum(photons, 1e-300)
    mean = np.where(photons > 0, mean, 0.5 * (edges_kev[:-1] + edges_kev[1:]))
    k_lines = ebel.characteristicEbel(instrument.anode, kv, window=window, **angles)
    # The self-absorption of L lines in the anode is taken as that of the continuum at their energy
    # in Ebel's model.
    l_kev, l_photons = (np.array(v) for v in zip(*_l_lines(instrument.anode, kv), strict=True))
    l_photons *= geometry.anode_l * _escape_from_anode(instrument, geometry, l_kev)
    line_kev = np.concatenate([[row[0] for row in k_lines], l_kev])
    line_photons = np.concatenate([[row[1] for row in k_lines], l_photons])
    line_photons *= _filtered(line_kev, instrument, geometry)
    keep = photons > 0
    return np.concatenate([mean[keep], line_kev]), np.concatenate([photons[keep], line_photons])


def _escape_from_anode(
    instrument: TestInstrument, geometry: Geometry, kev: FloatArray
) -> FloatArray:
    """Self-absorption in the anode and transmission of its window at some energies."""
    z = xraylib.SymbolToAtomicNumber(instrument.anode)
    depth = 2.5e-4 * (instrument.tube_kv / 40.0) ** 1.5  # g/cm2, mean depth of generation
    mu = np.array([xraylib.CS_Photo(z, float(e)) for e in kev])
    x = mu * 2.0 * depth / np.sin(np.radians(geometry.tube_takeoff_deg))
    be = np.array([xraylib.CS_Total(4, float(e)) for e in kev])
    window = np.exp(-be * 1.848 * geometry.tube_window_um * 1e-4)
    return np.asarray((1.0 - np.exp(-x)) / x * window, dtype=np.float64)
