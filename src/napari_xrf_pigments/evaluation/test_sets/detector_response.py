"""The detector of the independent sets: hypermet peaks as PyMca's, escape, pile-up.

A peak is a Gaussian, a step down to zero energy and an exponential tail on its low side
(van Gysel, Lemberge, van Espen, X-Ray Spectrom. 32 (2003) 139; PyMca's ``ahypermet``).
Escape fractions are fisx's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import xraylib
from scipy.signal import fftconvolve, lfilter
from scipy.special import erf

from napari_xrf_pigments._typing import FloatArray
from napari_xrf_pigments.physics.lines import MN_KA_KEV

from .._extras import need
from .ebel_tube import air_transmission
from .instruments import TestInstrument

_FWHM = 2.3548
_SI_KA = 1.740


@dataclass(frozen=True)
class Response:
    """One detector and its state.

    Parameters
    ----------
    fwhm_ev, fano : float
        Resolution at Mn K-alpha in eV, Fano factor.
    step, tail, tail_kev : float
        Share of a peak's counts in the step and in the tail; length of the tail in keV.
    escape : float
        Factor on the escape peaks.
    window_um, silicon_mm, path_mm : float
        Beryllium window, crystal, air between the sample and the window.
    pile_up : float
        Share of events that sum with another one.
    offset_ev, gain_error : float
        How far the axis of the file is off: eV at 0 keV, relative error of the gain.
    threshold_kev : float
        Channels below are zero.
    continuum, continuum_kev : float
        Share of the counts in a continuum that rises to the end of the axis; its length.
    lines : tuple of (float, float)
        Instrument lines: energy in keV, share of the counts.
    zero_peak : float
        Counts of the zero peak for one count elsewhere.
    compton_width, scatter : float
        Factors for what single scattering leaves out.
    air_seen_mm : float
        Length of the beam in air that the detector sees.
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
    air_seen_mm: float

    def sigma_kev(self, kev: FloatArray) -> FloatArray:
        """Standard deviation of a peak in keV."""
        slope = 3.85e-3 * self.fano
        noise = (self.fwhm_ev * 1e-3 / _FWHM) ** 2 - slope * MN_KA_KEV
        return np.asarray(np.sqrt(np.maximum(noise, 1e-4) + slope * kev))

    def efficiency(self, kev: FloatArray) -> FloatArray:
        """Share of the photons that reach the crystal and stay in it."""
        be = np.array([xraylib.CS_Total(4, float(e)) for e in kev])
        si = np.array([xraylib.CS_Photo(14, float(e)) for e in kev])
        passed = air_transmission(kev, self.path_mm) * np.exp(-be * 1.848 * self.window_um * 1e-4)
        return np.asarray(passed * -np.expm1(-si * 2.33 * self.silicon_mm * 0.1))


def _log(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def draw_response(rng: np.random.Generator, instrument: TestInstrument) -> Response:
    """Draw a detector for one spectrum."""
    tired = instrument.tired
    chance, most = (0.3, 4e-3) if tired else (0.1, 8e-4)
    lines: list[tuple[float, float]] = []
    for z in (24, 26, 28, 29, 30, 40):
        if rng.random() < chance:
            share = _log(rng, 1e-4, most)
            lines.append((xraylib.LineEnergy(z, xraylib.KA_LINE), 0.87 * share))
            lines.append((xraylib.LineEnergy(z, xraylib.KB_LINE), 0.13 * share))
    return Response(
        fwhm_ev=float(rng.uniform(*instrument.fwhm_ev)),
        fano=float(rng.uniform(0.112, 0.125)),
        step=_log(rng, 0.04, 0.3) if tired else _log(rng, 0.003, 0.03),
        tail=_log(rng, 0.004, 0.06),
        tail_kev=_log(rng, 0.06, 0.5),
        escape=float(rng.uniform(0.7, 1.3)),
        window_um=float(rng.uniform(8.0, 25.0)),
        silicon_mm=float(rng.uniform(0.3, 0.5)),
        path_mm=float(rng.uniform(5.0, 25.0) if tired else rng.uniform(5.0, 15.0)),
        pile_up=_log(rng, 1e-4, 0.03),
        offset_ev=float(rng.normal(0.0, 8.0 if tired else 3.0)),
        gain_error=float(rng.normal(0.0, 4e-4 if tired else 2e-4)),
        threshold_kev=float(rng.uniform(0.3, 1.1)),
        continuum=float(rng.uniform(0.0, 0.2)) if tired else 0.0,
        continuum_kev=_log(rng, 3.0, 30.0),
        lines=tuple(lines),
        zero_peak=_log(rng, 0.01, 0.2) if instrument.zero_peak else 0.0,
        compton_width=float(rng.uniform(1.0, 1.3)),
        scatter=float(rng.uniform(0.9, 1.4)),
        air_seen_mm=float(rng.uniform(2.0, 15.0)),
    )


@lru_cache(maxsize=1)
def escape_table() -> tuple[FloatArray, FloatArray]:
    """Escape fraction of silicon by energy in keV, from fisx."""
    elements = need("fisx").Elements()
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
    """Counts of Gaussian peaks in channels; shapes (line,), (line,), (line,), (channel + 1,)."""
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
    """Borders of the channels in true keV, where the file's axis is slightly wrong."""
    edges = instrument.energies.edges_kev * (1.0 + response.gain_error)
    return np.asarray(edges + response.offset_ev * 1e-3)


def render(
    response: Response,
    instrument: TestInstrument,
    narrow: tuple[FloatArray, FloatArray],
    broad: tuple[FloatArray, FloatArray, FloatArray],
) -> tuple[FloatArray, float]:
    """Mean spectrum for one detected photon in all.

    Parameters
    ----------
    response : Response
        The detector.
    instrument : TestInstrument
        Its axis.
    narrow : (kev, rate)
        Lines that hit the crystal and stay there.
    broad : (kev, rate, width_kev)
        Scatter with its Doppler width.

    Returns
    -------
    spectrum : ndarray, shape (channel,)
        Sums to 1 over the channels above the threshold, the zero peak not counted.
    peak : float
        Counts in the Gaussian of a line of rate 1 (escape not subtracted).
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
    """Flat shelf from 0 to each line, its area the line's."""
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
    """Pairs of pulses: energies add, so channel numbers add up to the axis' zero."""
    total = spectrum.sum()
    pairs = fftconvolve(spectrum, spectrum)
    shift = instrument.energies.offset_kev / instrument.energies.gain_kev
    channels = np.arange(len(spectrum)) - shift  # sum of the two channel numbers
    summed = np.interp(channels, np.arange(len(pairs)), np.clip(pairs, 0.0, None), 0.0, 0.0)
    return np.asarray(spectrum * (1 - 2 * share) + share * summed / total)


def as_json(response: Response) -> dict[str, Any]:
    """The response's numbers for a file."""
    return {key: value for key, value in vars(response).items()}
