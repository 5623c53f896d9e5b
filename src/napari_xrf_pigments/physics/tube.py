"""X-ray tube spectra after window and filters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import xraylib

from .._typing import FloatArray
from .atomic import compound_attenuation
from .composition import formula_fractions
from .lines import atomic_number, element_lines, line_cross_section
from .tube_library import ANODES, FINE_KEV, Emission, emission

#: Voltages that the model covers, kV.
LOWEST_KV, HIGHEST_KV, HIGHEST_KV_TUNGSTEN = 10.0, 50.0, 60.0
#: Lowest beam energy of the model, keV.
MIN_BEAM_KEV = 1.5


@dataclass(frozen=True)
class Beam:
    """A polychromatic beam as a list of energy components.

    Parameters
    ----------
    kev : ndarray, shape (component,)
        Energies in keV: first the continuum bins (their centres), then the tube's lines.
    width_kev : ndarray, shape (component,)
        Width of each continuum bin in keV; 0 for a line.
    flux : ndarray, shape (component,)
        Photons in each component, normalised to a sum of 1.
    """

    kev: FloatArray
    width_kev: FloatArray
    flux: FloatArray


def continuum_edges(tube_kv: float) -> FloatArray:
    """Return the edges of the continuum bins in keV, finer where absorption edges are dense."""
    edges = np.concatenate(
        [np.arange(MIN_BEAM_KEV, 12.0, 0.5), np.arange(12.0, 26.0, 0.7), np.arange(26.0, 62.0, 1.5)]
    )
    below = edges[edges < tube_kv - 0.05]
    return np.append(below, tube_kv)


@lru_cache(maxsize=512)
def _emission(anode: str, tube_kv: float, angle_deg: float) -> Emission:
    """Return continuum (fine bins) and lines of the anode, before any window."""
    kev, continuum, line_kev, lines = emission(anode, tube_kv, angle_deg)
    return kev, continuum, _snap(anode, line_kev, tube_kv), lines


def _snap(anode: str, centres: FloatArray, tube_kv: float) -> FloatArray:
    """Move the centres of spekpy's bins onto the true energies of the anode's lines.

    spekpy's own line energies stray by some 20 eV, so that a line can fall into the bin
    beside its own (W Lg1, Au Lg1): a bin without a known line takes those next to it.
    """
    known = element_lines(atomic_number(anode))
    kev = np.array([line.kev for line in known])
    strength = np.array([line_cross_section(line, tube_kv) for line in known]) + 1e-12
    moved = centres.copy()
    for index, centre in enumerate(centres):
        away = np.abs(kev - centre)
        inside = away <= 0.6 * FINE_KEV
        if not inside.any():
            inside = away <= FINE_KEV
        if inside.any():
            moved[index] = np.average(kev[inside], weights=strength[inside])
    return moved


def transmission(layers: tuple[tuple[str, float], ...], kev: FloatArray) -> FloatArray:
    """Compute the transmission of filters, shape of `kev`.

    Parameters
    ----------
    layers : tuple of (str, float)
        Formula and thickness in mm; density of the pure element from xraylib.
    kev : ndarray
        Energies in keV.
    """
    passed = np.ones(len(kev))
    for formula, thickness_mm in layers:
        fractions = formula_fractions(formula)
        if len(fractions) != 1:
            raise ValueError(f"A filter must be a pure element, not {formula!r}.")
        if not 0 <= thickness_mm < np.inf:
            raise ValueError(f"A filter cannot be {thickness_mm:g} mm thick.")
        density = xraylib.ElementDensity(next(iter(fractions)))
        passed *= np.exp(-compound_attenuation(fractions, kev) * density * thickness_mm / 10)
    return passed


def tube_beam(
    anode: str,
    tube_kv: float,
    *,
    filters: tuple[tuple[str, float], ...] = (),
    window_be_mm: float = 0.15,
    angle_deg: float = 20.0,
    optics_cut_kev: float | None = None,
    line_ratio: float = 1.0,
) -> Beam:
    """Compute the spectrum of a tube after its window, filters and optics.

    The emission is spekpy's (Poludniowski et al. 2021, doi:10.1002/mp.14945).

    Parameters
    ----------
    anode : str
        Cr, Cu, Mo, Rh, Ag, W or Au.
    tube_kv : float
        Voltage in kV, 10-50 (W: to 60).
    filters : tuple of (str, float)
        Elements and thickness in mm.
    window_be_mm : float
        Thickness of the beryllium window in mm.
    angle_deg : float
        Take-off angle of the anode in degrees.
    optics_cut_kev : float, optional
        Energy at which a polycapillary passes half of the photons; its transmission
        falls as 1 / (1 + (E / cut)^4), after the critical angle falling as 1/E.
    line_ratio : float
        Factor on the characteristic lines, for the spread between tube models.

    Raises
    ------
    ValueError
        If there is no model for the anode or the voltage, or a filter is not an element.
    """
    if anode not in ANODES:
        raise ValueError(
            f"There is no tube model for the anode {anode}; known are {', '.join(ANODES)}."
        )
    highest = HIGHEST_KV_TUNGSTEN if anode == "W" else HIGHEST_KV
    if not LOWEST_KV <= tube_kv <= highest:
        raise ValueError(
            f"The tube model of {anode} covers {LOWEST_KV:g} to {highest:g} kV, not {tube_kv:g} kV."
        )
    fine, continuum, line_kev, lines = _emission(anode, float(tube_kv), float(angle_deg))
    edges = continuum_edges(tube_kv)
    before = (("Be", window_be_mm), *filters)
    binned, _ = np.histogram(fine, edges, weights=continuum * transmission(before, fine))
    keep = line_kev > MIN_BEAM_KEV
    line_kev, lines = line_kev[keep], lines[keep] * line_ratio
    kev = np.concatenate([(edges[1:] + edges[:-1]) / 2, line_kev])
    flux = np.concatenate([binned, lines * transmission(before, line_kev)])
    if optics_cut_kev is not None:
        flux = flux / (1 + (kev / optics_cut_kev) ** 4)
    width = np.concatenate([np.diff(edges), np.zeros(len(line_kev))])
    return Beam(kev, width, flux / flux.sum())
