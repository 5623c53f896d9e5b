"""Detector of the independent sets: hypermet peaks as in PyMca, escape, pile-up.

A peak is a Gaussian, a step down to zero energy and an exponential tail on its low side
(van Gysel, Lemberge, van Espen, X-Ray Spectrom. 32 (2003) 139; PyMca's ``ahypermet``).
Escape fractions are fisx's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import xraylib
from scipy.signal import fftconvolve, lfilter
from scipy.special import erf

from napari_xrf_pigments._typing import FloatArray
from napari_xrf_pigments.physics.lines import MN_KA_KEV

from .._extras import require
from .ebel_tube import air_transmission
from .instruments import TestInstrument
from .stratigraphy import log_uniform

_FWHM = 2.3548
_SI_KA = 1.740


@dataclass(frozen=True)
class Response:
    """Parameters of one detector.

    Parameters
    ----------
    fwhm_ev, fano : float
        Resolution at Mn K alpha in eV, Fano factor.
    step, tail, tail_kev : float
        Share of a peak's counts in the step and in the tail; length of the tail in keV.
    escape : float
        Factor on the escape peaks.
    window_um, silicon_mm, path_mm : float
        Beryllium window, crystal, air between the sample and the window.
    pile_up : float
        Share of events that sum with another one.
    offset_ev, gain_error : float
        Error of the axis in the file: eV at 0 keV, relative error of the gain.
    threshold_kev : float
        Channels below it are zero.
    continuum, continuum_kev : float
        Share of the counts in a continuum that rises towards the end of the axis, and the length
        of its rise, keV.
    lines : tuple of (float, float)
        Lines of the instrument: energy in keV, share of the counts.
    zero_peak : float
        Counts of the zero peak relative to all others.
    compton_width, scatter : float
        Factors for the neglect of multiple scattering: on the width of the Compton peak and on
        the scatter.
    air_view_mm : float
        Length of the beam in air within the view of the detector.
    """

    fwhm_ev: float
    fano: float
    step: float
    tail: float
    tail_kev: float
    escape: float
    window_um: float
    silicon_mm: float
    path_mm: float
    pile_up: float
    offset_ev: float
    gain_error: float
    threshold_kev: float
    continuum: float
    continuum_kev: float
    lines: tuple[tuple[float, float], ...]
    zero_peak: float
    compton_width: float
    scatter: float
    air_view_mm: float

    def sigma_kev(self, kev: FloatArray) -> FloatArray:
        """Compute the standard deviation of peaks in keV."""
        slope = 3.85e-3 * self.fano
        noise = (self.fwhm_ev * 1e-3 / _FWHM) ** 2 - slope * MN_KA_KEV
        return np.asarray(np.sqrt(np.maximum(noise, 1e-4) + slope * kev))

    def efficiency(self, kev: FloatArray) -> FloatArray:
        """Compute the share of photons that reach the crystal and are absorbed in it."""
        be = np.array([xraylib.CS_Total(4, float(e)) for e in kev])
        si = np.array([xraylib.CS_Photo(14, float(e)) for e in kev])
        passed = air_transmission(kev, self.path_mm) * np.exp(-be * 1.848 * self.window_um * 1e-4)
        return np.asarray(passed * -np.expm1(-si * 2.33 * self.silicon_mm * 0.1))


def draw_response(rng: np.random.Generator, instrument: TestInstrument) -> Response:
    """Draw the detector of one spectrum."""
    worn = instrument.worn
    chance, largest = (0.3, 4e-3) if worn else (0.1, 8e-4)
    lines: list[tuple[float, float]] = []
    for z in (24, 26, 28, 29, 30, 40):
        if rng.random() < chance:
            share = log_uniform(rng, 1e-4, largest)
            lines.append((xraylib.LineEnergy(z, xraylib.KA_LINE), 0.87 * share))
            lines.append((xraylib.LineEnergy(z, xraylib.KB_LINE), 0.13 * share))
    return Response(
        fwhm_ev=float(rng.uniform(*instrument.fwhm_ev)),
        fano=float(rng.uniform(0.112, 0.125)),
        step=log_uniform(rng, 0.04, 0.3) if worn else log_uniform(rng, 0.003, 0.03),
        tail=log_uniform(rng, 0.004, 0.06),
        tail_kev=log_uniform(rng, 0.06, 0.5),
        escape=float(rng.uniform(0.7, 1.3)),
        window_um=float(rng.uniform(8.0, 25.0)),
        silicon_mm=float(rng.uniform(0.3, 0.5)),
        path_mm=float(rng.uniform(5.0, 25.0) if worn else rng.uniform(5.0, 15.0)),
        pile_up=log_uniform(rng, 1e-4, 0.03),
        offset_ev=float(rng.normal(0.0, 8.0 if worn else 3.0)),
        gain_error=float(rng.normal(0.0, 4e-4 if worn else 2e-4)),
        threshold_kev=float(rng.uniform(0.3, 1.1)),
        continuum=float(rng.uniform(0.0, 0.2)) if worn else 0.0,
        continuum_kev=log_uniform(rng, 3.0, 30.0),
        lines=tuple(lines),
        zero_peak=log_uniform(rng, 0.01, 0.2) if instrument.zero_peak else 0.0,
        compton_width=float(rng.uniform(1.0, 1.3)),
        scatter=float(rng.uniform(0.9, 1.4)),
        air_view_mm=float(rng.uniform(2.0, 15.0)),
    )


@lru_cache(maxsize=1)
def escape_table() -> tuple[FloatArray, FloatArray]:
    """Tabulate the escape fraction of silicon by energy in keV, from fisx."""
    elements = require("fisx").Elements()
    elements.initializeAsPyMca()
    kev = np.concatenate([[1.0, 1.83], np.arange(1.85, 60.0, 0.25)])

    def fraction(e: float) -> float:
        if e < 1.84:
            return 0.0
        return float(sum(peak["rate"] for peak in elements.getEscape({"Si": 1.0}, e).values()))

    return kev, np.array([fraction(float(e)) for e in kev])


def peaks(
    kev: FloatArray, rate: FloatArray, sigma: FloatArray, edges: FloatArray, chunk: int = 256
) -> FloatArray:
    """Integrate Gaussian peaks over channels.

    Parameters
    ----------
    kev, rate, sigma : ndarray, shape (line,)
        Energy in keV, counts and standard deviation in keV of each peak.
    edges : ndarray, shape (channel + 1,)
        Edges of the channels, keV.
    chunk : int
        Peaks computed at once.

    Returns
    -------
    ndarray, shape (channel,)
        Counts.
    """
    total = np.zeros(len(edges) - 1)
    for start in range(0, len(kev), chunk):
        part = slice(start, start + chunk)
        low = np.searchsorted(edges, (kev[part] - 6 * sigma[part]).min())
        high = np.searchsorted(edges, (kev[part] + 6 * sigma[part]).max()) + 1
        low = max(int(low) - 1, 0)
        x = (edges[None, low:high] - kev[part, None]) / (np.sqrt(2.0) * sigma[part, None])
        if x.shape[1] > 1:
            total[low : low + x.shape[1] - 1] += 0.5 * (rate[part] @ np.diff(erf(x), axis=1))
    return total


def true_edges(response: Response, instrument: TestInstrument) -> FloatArray:
    """Compute the true edges of the channels in keV; the axis of the file is slightly wrong."""
    edges = instrument.energies.edges_kev * (1.0 + response.gain_error)
    return np.asarray(edges + response.offset_ev * 1e-3)


def render(
    response: Response,
    instrument: TestInstrument,
    narrow: tuple[FloatArray, FloatArray],
    broad: tuple[FloatArray, FloatArray, FloatArray],
) -> tuple[FloatArray, float]:
    """Compute the expected spectrum for one detected photon.

    Parameters
    ----------
    response : Response
        The detector.
    instrument : TestInstrument
        Its axis.
    narrow : (kev, rate)
        Lines absorbed in the crystal.
    broad : (kev, rate, width_kev)
        Scatter with its Doppler width.

    Returns
    -------
    spectrum : ndarray, shape (channel,)
        Sums to 1 over the channels above the threshold, without the zero peak.
    peak : float
        Counts in the Gaussian of a line of rate 1, escape included.
    """
    edges = true_edges(response, instrument)
    centres = 0.5 * (edges[:-1] + edges[1:])
    kev = np.concatenate([narrow[0], broad[0]])
    rate = np.concatenate([narrow[1], broad[1]])
    width = np.concatenate([np.zeros(len(narrow[0])), broad[2] * response.compton_width])
    order = np.argsort(kev)
    kev, rate, width = kev[order], rate[order], width[order]
    lost = response.escape * np.interp(kev, *escape_table())
    energies = np.concatenate([kev, kev - _SI_KA])
    rates = np.concatenate([rate * (1 - lost), rate * lost])
    widths = np.concatenate([width, width])
    keep = (energies > 0.2) & (rates > 1e-9 * rates.sum())
    energies, rates, widths = energies[keep], rates[keep], widths[keep]
    sigma = np.hypot(response.sigma_kev(energies), widths)
    gauss = peaks(energies, rates, sigma, edges)
    steps = _steps(energies, rates, edges)
    tail = _tail(gauss, response.tail_kev / instrument.energies.gain_kev)
    total = (1 - response.step - response.tail) * gauss
    total += response.tail * tail + response.step * steps
    peak = (1 - response.step - response.tail) / total.sum()
    total /= total.sum()
    total += _extras(response, centres, edges)
    total = _pile_up(total, response.pile_up, instrument)
    total = np.where(centres < response.threshold_kev, 0.0, total)
    peak *= (1 - 2 * response.pile_up) / total.sum()
    total /= total.sum()
    if response.zero_peak:
        zero = peaks(np.zeros(1), np.ones(1), np.full(1, 0.033), edges)
        total += response.zero_peak * zero
    return total, float(peak)


def _steps(kev: FloatArray, rate: FloatArray, edges: FloatArray) -> FloatArray:
    """Compute flat steps from 0 to each line, with the area of the line."""
    order = np.argsort(kev)
    density = np.cumsum((rate[order] / kev[order])[::-1])[::-1]
    index = np.searchsorted(kev[order], edges[:-1])
    padded = np.append(density, 0.0)
    inside = np.clip(edges[1:], 0.0, None) - np.clip(edges[:-1], 0.0, None)
    return np.asarray(padded[index] * inside)


def _tail(gauss: FloatArray, channels: float) -> FloatArray:
    decay = np.exp(-1.0 / channels)
    return np.asarray(lfilter([1.0 - decay], [1.0, -decay], gauss[::-1])[::-1])


def _extras(response: Response, centres: FloatArray, edges: FloatArray) -> FloatArray:
    extra = np.zeros_like(centres)
    if response.continuum:
        rise = np.where(centres > 0, np.exp((centres - centres[-1]) / response.continuum_kev), 0.0)
        extra += response.continuum * rise / rise.sum()
    if response.lines:
        kev, share = (np.array(v) for v in zip(*response.lines, strict=True))
        extra += peaks(kev, share, response.sigma_kev(kev), edges)
    return extra


def _pile_up(spectrum: FloatArray, share: float, instrument: TestInstrument) -> FloatArray:
    """Add pairs of pulses, whose energies (channel numbers counted from 0 keV) add up."""
    total = spectrum.sum()
    pairs = fftconvolve(spectrum, spectrum)
    shift = instrument.energies.offset_kev / instrument.energies.gain_kev
    channels = np.arange(len(spectrum)) - shift  # sum of both channel numbers
    summed = np.interp(channels, np.arange(len(pairs)), np.clip(pairs, 0.0, None), 0.0, 0.0)
    return np.asarray(spectrum * (1 - 2 * share) + share * summed / total)
