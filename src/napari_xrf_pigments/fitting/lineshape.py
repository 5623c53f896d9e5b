"""Detector response to a line, for fits: peak, shelf, tail and escape peak.

It uses numpy alone, since a scan is calibrated when it is opened. The simulation has a batched
response in :mod:`napari_xrf_pigments.physics.detector`, where the formulas are.
"""

from __future__ import annotations

import numpy as np
from scipy.special import erfc, ndtr

from .._typing import FloatArray
from ..physics.detector import (
    FANO,
    FWHM_PER_SIGMA,
    PAIR_KEV,
    SI_KA_KEV,
    escape_share,
    shelf_and_tail_parameters,
)
from ..physics.lines import MN_KA_KEV, LineFamily

#: 2.3548^2 * 3.85 eV * 0.115, in keV: the statistical part of the peak width.
FANO_KEV = FWHM_PER_SIGMA**2 * PAIR_KEV * FANO
#: Resolution at Mn K alpha of a detector of unknown resolution, eV.
TYPICAL_FWHM_EV = 145.0


def fwhm_kev(kev: FloatArray, fwhm_mn_ka_ev: float = TYPICAL_FWHM_EV) -> FloatArray:
    """Return the full width at half maximum of lines in keV, shape of `kev`.

    FWHM^2 = noise^2 + 2.3548^2 * 3.85 eV * F * E with F = 0.115; the noise follows
    from the width at Mn K-alpha in eV.
    """
    square = (fwhm_mn_ka_ev * 1e-3) ** 2 + FANO_KEV * (np.asarray(kev) - MN_KA_KEV)
    return np.sqrt(np.maximum(square, 0.03**2))


def gaussians(axis_kev: FloatArray, centre_kev: FloatArray, sigma_kev: FloatArray) -> FloatArray:
    """Integrate unit Gaussians over channels.

    Parameters
    ----------
    axis_kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    centre_kev, sigma_kev : ndarray, shape (peak,)
        Centres and standard deviations, keV.

    Returns
    -------
    ndarray, shape (peak, channel)
        Share of each peak in each channel.
    """
    gain = axis_kev[1] - axis_kev[0]
    centre, sigma = np.atleast_1d(centre_kev)[:, None], np.atleast_1d(sigma_kev)[:, None]
    # Only the channels near a peak: most of an axis lies far from it.
    reach = int(6.5 * sigma.max(initial=0.0) / gain) + 2
    first = np.floor((centre - axis_kev[0]) / gain).astype(int) - reach
    channel = first + np.arange(2 * reach + 2)
    below = ndtr((axis_kev[0] + (channel - 0.5) * gain - centre) / sigma)
    shape = np.zeros((len(centre), axis_kev.size))
    row, column = np.nonzero((channel[:, :-1] >= 0) & (channel[:, :-1] < axis_kev.size))
    shape[row, channel[row, column]] = np.diff(below, axis=1)[row, column]
    return shape


def shelf_and_tail(
    axis_kev: FloatArray, centre_kev: FloatArray, sigma_kev: FloatArray
) -> FloatArray:
    """Return shelf and tail for one count in a peak, shape (peak, channel).

    The SDD response of XMI-MSIM (``xmi_detector_f.F90``):
    (0.63 A3 + 15 A4 exp(a (E - E0))) erfc((E - E0) / (sqrt(2) sigma)), energies in keV.
    """
    gain = axis_kev[1] - axis_kev[0]
    a3, a4, slope = shelf_and_tail_parameters(np.atleast_1d(centre_kev))
    centre, sigma = np.atleast_1d(centre_kev), np.atleast_1d(sigma_kev)
    # Far above all peaks, on most of an axis, the step is zero.
    left = axis_kev[: int(np.searchsorted(axis_kev, np.max(centre + 9 * sigma, initial=0.0)))]
    below = left - centre[:, None]
    tail = 15 * a4[:, None] * np.exp(np.clip(slope[:, None] * below, -60, 0))
    step = erfc(below / (np.sqrt(2) * sigma[:, None]))
    shape = np.zeros((len(centre), len(axis_kev)))
    shape[:, : len(left)] = (0.63 * a3[:, None] + tail) * step * gain * (left > 0)
    return shape


def peaks(
    axis_kev: FloatArray,
    centre_kev: FloatArray,
    fwhm_mn_ka_ev: float = TYPICAL_FWHM_EV,
    *,
    extra_sigma_kev: float = 0.0,
    shelf: float = 1.0,
    escape: bool = True,
) -> FloatArray:
    """Compute the detector response to lines, with one count in each full-energy peak.

    Parameters
    ----------
    axis_kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    centre_kev : ndarray, shape (peak,)
        Energies of the lines, keV.
    fwhm_mn_ka_ev : float
        Resolution at Mn K-alpha, eV.
    extra_sigma_kev : float
        Natural or Doppler width of the lines, keV.
    shelf : float
        Factor on shelf and tail.
    escape : bool
        Whether to add the silicon escape peak.

    Returns
    -------
    ndarray, shape (peak, channel)
    """
    centre = np.atleast_1d(np.asarray(centre_kev, dtype=np.float64))
    sigma = np.hypot(fwhm_kev(centre, fwhm_mn_ka_ev) / FWHM_PER_SIGMA, extra_sigma_kev)
    shape = gaussians(axis_kev, centre, sigma)
    if shelf > 0:
        shape = shape + shelf * shelf_and_tail(axis_kev, centre, sigma)
    if escape:
        low = np.maximum(centre - SI_KA_KEV, 0.05)
        escaped = gaussians(axis_kev, low, fwhm_kev(low, fwhm_mn_ka_ev) / FWHM_PER_SIGMA)
        shape = shape + escape_share(centre)[:, None] * escaped
    return shape


def family_shape(
    axis_kev: FloatArray,
    family: LineFamily,
    weight: FloatArray,
    fwhm_mn_ka_ev: float = TYPICAL_FWHM_EV,
) -> FloatArray:
    """Compute the response to a line family, with one count in all full-energy peaks together.

    Parameters
    ----------
    axis_kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    family : LineFamily
        The lines.
    weight : ndarray, shape (line,)
        Factors on their strengths, such as absorption or a selection of lines.
    fwhm_mn_ka_ev : float
        Resolution at Mn K-alpha, eV.

    Returns
    -------
    ndarray, shape (channel,)
    """
    strength = family.strength * weight
    used = strength > 1e-4 * strength.sum()
    share = strength[used] / strength[used].sum()
    kev = family.kev[used]
    sigma = fwhm_kev(kev, fwhm_mn_ka_ev) / FWHM_PER_SIGMA
    shape = share @ gaussians(axis_kev, kev, sigma)
    # Far below the peaks, nearby lines have the same shelf and tail.
    group = np.round(kev / 0.8).astype(int)
    total = np.bincount(group, share)
    centre = np.bincount(group, share * kev)[total > 0] / total[total > 0]
    return np.asarray(shape + total[total > 0] @ _below_peaks(axis_kev, centre, fwhm_mn_ka_ev))


def _below_peaks(axis_kev: FloatArray, centre: FloatArray, fwhm_mn_ka_ev: float) -> FloatArray:
    """Return shelf, tail and escape peak for one count in each peak, shape (peak, channel)."""
    sigma = fwhm_kev(centre, fwhm_mn_ka_ev) / FWHM_PER_SIGMA
    low = np.maximum(centre - SI_KA_KEV, 0.05)
    escaped = gaussians(axis_kev, low, fwhm_kev(low, fwhm_mn_ka_ev) / FWHM_PER_SIGMA)
    shape = escape_share(centre)[:, None] * escaped
    return np.asarray(shape + shelf_and_tail(axis_kev, centre, sigma))
