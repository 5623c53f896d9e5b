"""The energy axis of a spectrum: the energy of each channel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .._typing import FloatArray

EnergySource = Literal["file", "estimated", "user"]


@dataclass(frozen=True)
class EnergyAxis:
    """A linear energy axis.

    Parameters
    ----------
    n_channels : int
        Number of channels.
    gain_kev : float
        Width of a channel in keV.
    offset_kev : float
        Energy of the centre of channel 0 in keV (may be negative).
    source : {"file", "estimated", "user"}
        Origin of gain and offset.

    Raises
    ------
    ValueError
        If there is no channel, or the gain is not a positive finite number.
    """

    n_channels: int
    gain_kev: float
    offset_kev: float = 0.0
    source: EnergySource = "user"

    def __post_init__(self) -> None:
        if self.n_channels < 1:
            raise ValueError("An energy axis needs at least one channel.")
        if not (np.isfinite(self.gain_kev) and self.gain_kev > 0):
            raise ValueError(f"The gain must be a positive number of keV, not {self.gain_kev}.")
        if not np.isfinite(self.offset_kev):
            raise ValueError(f"The offset must be a finite number of keV, not {self.offset_kev}.")

    @cached_property
    def kev(self) -> FloatArray:
        """Centres of the channels in keV, shape (channel,)."""
        return self.offset_kev + self.gain_kev * np.arange(self.n_channels, dtype=np.float64)

    @cached_property
    def edges_kev(self) -> FloatArray:
        """Edges of the channels in keV, shape (channel + 1,)."""
        return self.offset_kev + self.gain_kev * (
            np.arange(self.n_channels + 1, dtype=np.float64) - 0.5
        )

    def channel(self, kev: float) -> int:
        """Return the channel nearest to an energy (keV), clipped to the axis."""
        index = round((kev - self.offset_kev) / self.gain_kev)
        return int(min(max(index, 0), self.n_channels - 1))

    def recalibrated(
        self, gain_kev: float, offset_kev: float, source: EnergySource = "user"
    ) -> EnergyAxis:
        """Return the same channels with another gain and offset (keV)."""
        return replace(self, gain_kev=gain_kev, offset_kev=offset_kev, source=source)

    @classmethod
    def from_kev(cls, kev: ArrayLike, source: EnergySource = "user") -> EnergyAxis:
        """Make an axis from channel centres.

        Parameters
        ----------
        kev : array_like, shape (channel,)
            Increasing, evenly spaced channel centres in keV.
        source : {"file", "estimated", "user"}
            Origin of the energies.

        Raises
        ------
        ValueError
            If the values are not evenly spaced (within 1 % of a channel over the axis
            per step) or not increasing.
        """
        centres = np.asarray(kev, dtype=np.float64)
        if centres.ndim != 1 or centres.size < 2 or not np.all(np.isfinite(centres)):
            raise ValueError("An energy axis needs at least two finite channel energies in a row.")
        gain = (centres[-1] - centres[0]) / (centres.size - 1)
        ideal = centres[0] + gain * np.arange(centres.size)
        if gain <= 0 or np.max(np.abs(centres - ideal)) > 0.5 * gain:
            raise ValueError("The channel energies must increase in even steps.")
        return cls(centres.size, float(gain), float(centres[0]), source)


def last_counted_kev(kev: FloatArray, counts: FloatArray) -> float:
    """Return the energy (keV) above which less than 0.2 % of the counts of a spectrum lie.

    Parameters
    ----------
    kev, counts : ndarray, shape (channel,)
        Channel centres in keV, and counts; without any count it is the end of the axis.
    """
    above = np.cumsum(counts[::-1])[::-1]
    if above[0] <= 0:
        return float(kev[-1])
    last = int(np.searchsorted(-above, -0.002 * above[0]))
    return float(kev[min(last, kev.size - 1)])
