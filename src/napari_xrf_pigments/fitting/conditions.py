"""Conditions of a measurement that a fit needs, with defaults for unknown ones."""

from __future__ import annotations

from dataclasses import dataclass

from ..cube.acquisition import Acquisition
from .lineshape import TYPICAL_FWHM_EV


@dataclass(frozen=True)
class Conditions:
    """Settings of a fit.

    Parameters
    ----------
    anode : str or None
        Chemical symbol of the tube's anode; None: no scatter lines are fitted.
    tube_kv : float or None
        Tube voltage in kV; None: all lines on the energy axis may be excited.
    fwhm_mn_ka_ev : float
        Resolution at Mn K-alpha, eV.
    air_mm : float
        Path through air in mm.
    """

    anode: str | None = None
    tube_kv: float | None = None
    fwhm_mn_ka_ev: float = TYPICAL_FWHM_EV
    air_mm: float = 10.0

    @classmethod
    def of(cls, acquisition: Acquisition | None) -> Conditions:
        """Return the conditions of a measurement, with defaults for unknown ones."""
        if acquisition is None:
            return cls()
        fwhm = None if acquisition.detector is None else acquisition.detector.fwhm_mn_ka_ev
        air = 10.0 if acquisition.path_mm is None else acquisition.path_mm
        if acquisition.atmosphere in ("helium", "vacuum"):
            air = 0.0
        return cls(acquisition.anode, acquisition.tube_kv, fwhm or TYPICAL_FWHM_EV, air)

    @property
    def excitation_kev(self) -> float:
        """A typical energy of the exciting photons, keV."""
        return 0.75 * (self.tube_kv or 45.0)

    def excites(self, edge_kev: float) -> bool:
        """Return whether the tube excites a shell with that edge (keV) noticeably."""
        return self.tube_kv is None or edge_kev < self.tube_kv - 1.0
