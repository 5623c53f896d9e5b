"""Conditions of a measurement that a fit needs, with defaults for unknown ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .lineshape import TYPICAL_FWHM_EV


class _Detector(Protocol):
    @property
    def fwhm_mn_ka_ev(self) -> float | None: ...


class Measurement(Protocol):
    """Settings of an instrument, as :class:`napari_xrf_pigments.cube.Acquisition` has them."""

    @property
    def anode(self) -> str | None:
        """Chemical symbol of the anode."""
        ...

    @property
    def tube_kv(self) -> float | None:
        """Tube voltage, kV."""
        ...

    @property
    def detector(self) -> _Detector | None:
        """The detector."""
        ...

    @property
    def atmosphere(self) -> str | None:
        """Medium between sample and detector."""
        ...

    @property
    def path_mm(self) -> float | None:
        """Length of that path, mm."""
        ...


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
    def of(cls, measurement: Measurement | None) -> Conditions:
        """Return the conditions of a measurement, with defaults for unknown ones."""
        if measurement is None:
            return cls()
        fwhm = None if measurement.detector is None else measurement.detector.fwhm_mn_ka_ev
        air = 10.0 if measurement.path_mm is None else measurement.path_mm
        if measurement.atmosphere in ("helium", "vacuum"):
            air = 0.0
        return cls(measurement.anode, measurement.tube_kv, fwhm or TYPICAL_FWHM_EV, air)

    @property
    def excitation_kev(self) -> float:
        """A typical energy of the exciting photons, keV."""
        return 0.75 * (self.tube_kv or 45.0)

    def excites(self, edge_kev: float) -> bool:
        """Return whether the tube excites a shell with that edge (keV) noticeably."""
        return self.tube_kv is None or edge_kev < self.tube_kv - 1.0
