"""Manual energy calibration from lines that the user placed on their peaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter1d

from .._typing import FloatArray
from ..cube.energy import EnergyAxis
from ..fitting.lineshape import fwhm_kev
from ..physics.detector import FWHM_PER_SIGMA

#: A released line snaps to a peak within this many full widths.
_SNAP_WIDTHS = 0.8


@dataclass(frozen=True)
class LinePosition:
    """A line and the channel of its peak.

    Parameters
    ----------
    name : str
        Such as ``"Fe Ka"``.
    kev : float
        True energy, keV.
    channel : float
        Channel of its peak, with fractions.
    """

    name: str
    kev: float
    channel: float


@dataclass(frozen=True)
class ManualCalibration:
    """A manual energy axis and its agreement with the lines.

    Parameters
    ----------
    energies : EnergyAxis
        The axis, with the source ``"user"``.
    positions : tuple of LinePosition
        The lines, by energy.
    residual_ev : tuple of float
        Energy on that axis minus true energy of each, eV.
    """

    energies: EnergyAxis
    positions: tuple[LinePosition, ...]
    residual_ev: tuple[float, ...]

    @property
    def rms_ev(self) -> float:
        """Root mean square of the residuals, eV."""
        return float(np.sqrt(np.mean(np.square(self.residual_ev))))


def calibrate_by_lines(
    positions: Sequence[LinePosition], energies: EnergyAxis
) -> ManualCalibration:
    """Fit gain and offset by least squares to lines on their peaks.

    A single line shifts the offset and keeps the gain.

    Parameters
    ----------
    positions : sequence of LinePosition
        At least one; all lines of one energy count as one.
    energies : EnergyAxis
        The axis so far.

    Raises
    ------
    ValueError
        If there is no line, or the lines do not give an axis that rises.
    """
    if not positions:
        raise ValueError("Place at least one line on its peak.")
    ordered = tuple(sorted(positions, key=lambda position: position.kev))
    kev = np.array([position.kev for position in ordered])
    channel = np.array([position.channel for position in ordered])
    if not (np.isfinite(kev).all() and np.isfinite(channel).all()):
        raise ValueError("The energies and channels of the lines must be finite numbers.")
    if len(set(kev.tolist())) == 1:
        gain = energies.gain_kev
        offset = float((kev - gain * channel).mean())
    else:
        if np.ptp(channel) < 1.0:
            raise ValueError("Lines of different energies must lie on different peaks.")
        gain, offset = (float(value) for value in np.polyfit(channel, kev, 1))
    if gain <= 0:
        raise ValueError("With these lines the energy would decrease from channel to channel.")
    axis = energies.recalibrated(gain, offset, "user")
    residual = tuple(((offset + gain * channel - kev) * 1e3).tolist())
    return ManualCalibration(axis, ordered, residual)


def snap_to_peak(
    spectrum: ArrayLike, energies: EnergyAxis, kev: float, fwhm_mn_ka_ev: float | None = None
) -> float:
    """Return the fractional channel of the peak near an energy.

    Parameters
    ----------
    spectrum : array_like, shape (channel,)
        Counts.
    energies : EnergyAxis
        Its axis so far.
    kev : float
        Energy at which the user released the line, keV.
    fwhm_mn_ka_ev : float, optional
        Resolution at Mn K-alpha, eV.

    Returns
    -------
    float
        The channel at `kev` where no peak is near.
    """
    counts = np.asarray(spectrum, dtype=np.float64)
    width = float(fwhm_kev(np.array([max(kev, 0.5)]), fwhm_mn_ka_ev or 145.0)[0])
    width /= energies.gain_kev
    dropped = (kev - energies.offset_kev) / energies.gain_kev
    reach = max(2.0, _SNAP_WIDTHS * width)
    low = max(0, int(np.floor(dropped - reach)))
    high = min(counts.size, int(np.ceil(dropped + reach)) + 1)
    if high - low < 3:
        return float(np.clip(dropped, 0, counts.size - 1))
    smooth = gaussian_filter1d(counts, max(width / FWHM_PER_SIGMA * 0.6, 0.5), mode="nearest")
    # The nearest peak, not the highest one, which may be the flank of its neighbour.
    inside = np.arange(max(low, 1), min(high, counts.size - 1))
    top = inside[(smooth[inside] >= smooth[inside - 1]) & (smooth[inside] > smooth[inside + 1])]
    top = top[smooth[top] > 0]
    if top.size == 0:
        return float(np.clip(dropped, 0, counts.size - 1))
    strong = top[smooth[top] > 0.3 * smooth[top].max()]
    peak = int(strong[np.argmin(np.abs(strong - dropped))])
    return _parabola(smooth, peak)


def _parabola(smooth: FloatArray, peak: int) -> float:
    left, middle, right = np.log(np.maximum(smooth[peak - 1 : peak + 2], 1e-9))
    bend = left - 2 * middle + right
    shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float(peak + np.clip(shift, -0.5, 0.5))
