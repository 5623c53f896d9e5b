"""The continuum under the peaks: SNIP, and B-splines for a linear fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import BSpline
from scipy.ndimage import gaussian_filter1d

from .._typing import FloatArray
from .lineshape import TYPICAL_FWHM_EV, fwhm_kev

#: Knots of the smooth factor in keV: dense where absorption edges bend the continuum.
_KNOTS = (1.0, 2.0, 3.2, 5.0, 7.0, 9.2, 11.5, 14.0, 17.0, 20.5, 25.0, 31.0, 40.0, 60.0, 90.0, 130.0)


def snip(
    counts: ArrayLike,
    axis_kev: FloatArray,
    fwhm_mn_ka_ev: float = TYPICAL_FWHM_EV,
    width: float = 2.5,
) -> FloatArray:
    """Estimate the background by statistics-sensitive non-linear iterative peak clipping.

    Ryan et al. 1988 (doi:10.1016/0168-583X(88)90063-8), with the LLS transform
    log(log(sqrt(y + 1) + 1) + 1) and a clipping window that shrinks; the window
    follows the resolution.

    Parameters
    ----------
    counts : array_like, shape (..., channel)
        Spectra.
    axis_kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    fwhm_mn_ka_ev : float
        Resolution at Mn K-alpha, eV.
    width : float
        Half-width of the largest window in full widths at half maximum.

    Returns
    -------
    ndarray, shape (..., channel)
        The background, nowhere above the smoothed spectrum.
    """
    spectra = np.maximum(np.asarray(counts, dtype=np.float64), 0.0)
    gain = axis_kev[1] - axis_kev[0]
    fwhm = fwhm_kev(np.maximum(axis_kev, 0.5), fwhm_mn_ka_ev) / gain
    smooth = gaussian_filter1d(spectra, 0.35 * float(np.median(fwhm)), axis=-1, mode="nearest")
    work = np.log(np.log(np.sqrt(smooth + 1) + 1) + 1)
    reach = np.maximum(width * fwhm, 1.0)
    channel = np.arange(spectra.shape[-1])
    steps = int(np.ceil(reach.max()))
    # Beyond a few dozen channels every second step does the same work as each.
    for step in range(steps, 0, -max(1, steps // 40)):
        half = np.minimum(step, np.floor(reach)).astype(int)
        half = np.minimum(half, np.minimum(channel, channel[::-1]))
        mean = 0.5 * (work[..., channel - half] + work[..., channel + half])
        work = np.minimum(work, mean)
    clipped: FloatArray = (np.exp(np.exp(work) - 1) - 1) ** 2 - 1
    return np.maximum(clipped, 0.0)


def smooth_terms(axis_kev: FloatArray) -> FloatArray:
    """Return cubic B-splines over an energy range, shape (term, channel), with the sum 1."""
    low, high = float(axis_kev[0]), float(axis_kev[-1])
    inner = [knot for knot in _KNOTS if low + 0.6 < knot < high - 0.8]
    knots = np.array([low] * 4 + inner + [high] * 4)
    basis = BSpline.design_matrix(np.clip(axis_kev, low, high), knots, 3)
    return np.asarray(basis.toarray().T)
