"""The spectrum around a peak, and a candidate name for the peak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .._typing import FloatArray
from ..physics.detector import FWHM_PER_SIGMA
from .background import snip
from .conditions import Conditions
from .lineshape import fwhm_kev
from .peak_search import find_peaks

Kind = Literal["line", "escape", "sum", "scatter"]


@dataclass(frozen=True)
class PeakName:
    """A candidate name of a peak.

    Parameters
    ----------
    label : str
        Such as ``"Fe Kα"`` or ``"Ca Kα + Ca Kα"``.
    kind : {"line", "escape", "sum", "scatter"}
        Process that causes it.
    kev : float
        Expected energy, keV.
    score : float
        Agreement, 0-1; only the order is meaningful.
    reason : str
        One sentence for or against it.
    family : str
        Line family, for lines; else empty.
    """

    label: str
    kind: Kind
    kev: float
    score: float
    reason: str
    family: str = ""


class PeakContext:
    """A spectrum with its background and its peaks."""

    def __init__(
        self, spectrum: ArrayLike, axis: FloatArray, conditions: Conditions | None
    ) -> None:
        counts = np.asarray(spectrum, dtype=np.float64)
        conditions = conditions or Conditions()
        self.counts, self.axis, self.conditions = counts, axis, conditions
        self.gain = float(axis[1] - axis[0])
        self.background = snip(counts, axis, conditions.fwhm_mn_ka_ev)
        first = int(np.searchsorted(axis, 0.9))
        self.peaks = axis[0] + self.gain * find_peaks(counts, self.gain, first).channel

    def sigma(self, kev: float) -> float:
        """Return the standard deviation of a peak, keV."""
        width = fwhm_kev(np.array([kev]), self.conditions.fwhm_mn_ka_ev)[0]
        return float(width) / FWHM_PER_SIGMA

    def peak_near(self, kev: float) -> float:
        """Return the peak (keV) within one width of an energy, else the energy itself."""
        if self.peaks.size:
            nearest = float(self.peaks[np.argmin(np.abs(self.peaks - kev))])
            if abs(nearest - kev) < FWHM_PER_SIGMA * self.sigma(kev):
                return nearest
        return kev

    def net(self, kev: float) -> tuple[float, float]:
        """Return the counts above background within a width of an energy, and their noise."""
        near = np.abs(self.axis - kev) < 1.2 * self.sigma(kev)
        total = float(self.counts[near].sum())
        net = total - float(self.background[near].sum())
        return net, float(np.sqrt(max(total, 1.0)))

    def proximity(self, distance: float, kev: float, extra: float = 0.0) -> float:
        """Return 1 at distance 0, decreasing on the scale of calibration error and peak width."""
        allowed = 0.01 + 0.3 * self.sigma(kev) + extra
        return float(np.exp(-0.5 * (distance / allowed) ** 2))
