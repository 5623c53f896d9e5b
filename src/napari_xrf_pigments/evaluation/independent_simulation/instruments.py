"""Instruments of the independent test sets, and the variation between copies of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import Acquisition, EnergyAxis


@dataclass(frozen=True)
class TestInstrument:
    """An instrument of the independent sets, with known and unknown settings.

    Parameters
    ----------
    name : str
        Letter of the set.
    energies : EnergyAxis
        The axis as written in the file.
    acquisition : Acquisition
        Settings in the file.
    filter : tuple of (str, float)
        Filters between tube and sample: element and thickness in mm.
    polycapillary : bool
        Whether the optics attenuate high energies.
    fwhm_ev : tuple of float
        Range of the resolution at Mn K alpha, eV.
    worn : bool
        Whether the detector has a strong step, a continuum that rises towards the end of the axis
        and more lines of the instrument.
    zero_peak : bool
        Whether the spectrum has a zero peak.
    """

    __test__ = False  # not a pytest class

    name: str
    energies: EnergyAxis
    acquisition: Acquisition
    filter: tuple[tuple[str, float], ...] = ()
    polycapillary: bool = False
    fwhm_ev: tuple[float, float] = (130.0, 155.0)
    worn: bool = False
    zero_peak: bool = False

    @property
    def anode(self) -> str:
        """Chemical symbol of the anode."""
        return str(self.acquisition.anode)

    @property
    def tube_kv(self) -> float:
        """Tube voltage in kV."""
        return float(self.acquisition.tube_kv or 0.0)


def _nominal(**more: Any) -> Acquisition:
    return Acquisition(incidence_deg=90.0, takeoff_deg=45.0, atmosphere="air", **more)


#: The four instruments; the spectra of a set share the axis and the acquisition.
INSTRUMENTS = {
    "A": TestInstrument(
        "A",
        EnergyAxis(4096, 0.010, -0.956, "file"),
        _nominal(anode="Rh", tube_kv=50.0, filter=()),
        polycapillary=True,
        zero_peak=True,
    ),
    "B": TestInstrument(
        "B", EnergyAxis(2048, 0.020, 0.0, "file"), _nominal(anode="Rh", tube_kv=40.0, filter=())
    ),
    "C": TestInstrument(
        "C",
        EnergyAxis(1024, 0.041, 0.0, "file"),
        _nominal(anode="Mo", tube_kv=42.0, filter=(("Al", 0.3),)),
        filter=(("Al", 0.3),),
        fwhm_ev=(135.0, 170.0),
    ),
    "D": TestInstrument(
        "D",
        EnergyAxis(1024, 0.0292, -0.0155, "file"),
        Acquisition(anode="Ag", tube_kv=40.0),
        fwhm_ev=(140.0, 180.0),
        worn=True,
    ),
}


@dataclass(frozen=True)
class Geometry:
    """Settings of the copy of an instrument that measures one stack.

    Parameters
    ----------
    incidence_deg, takeoff_deg : float
        Angles of beam and detector with the surface, degrees.
    tube_takeoff_deg : float
        Take-off angle of the X-rays from the surface of the anode, degrees.
    tube_window_um : float
        Thickness of the beryllium window of the tube, um.
    air_in_mm : float
        Air between the tube and the sample, mm.
    capillary_kev : float
        Energy of half transmission of the optics, keV; infinite without optics.
    anode_l : float
        Factor on the L lines of the anode, which are uncertain in the tube model.
    """

    incidence_deg: float
    takeoff_deg: float
    tube_takeoff_deg: float
    tube_window_um: float
    air_in_mm: float
    capillary_kev: float
    anode_l: float

    @property
    def scatter_deg(self) -> float:
        """Scattering angle with beam, normal and detector in one plane, degrees."""
        return 180.0 - abs(self.incidence_deg - (180.0 - self.takeoff_deg)) % 360.0


def draw_geometry(rng: np.random.Generator, instrument: TestInstrument) -> Geometry:
    """Draw the copy of an instrument for one stack."""
    return Geometry(
        incidence_deg=float(min(90.0, rng.normal(88.0, 2.5))),
        takeoff_deg=float(rng.normal(45.0, 4.0)),
        tube_takeoff_deg=float(rng.uniform(6.0, 22.0)),
        tube_window_um=float(rng.uniform(80.0, 300.0)),
        air_in_mm=float(rng.uniform(5.0, 25.0)),
        capillary_kev=float(rng.uniform(18.0, 35.0)) if instrument.polycapillary else np.inf,
        anode_l=float(np.exp(rng.normal(0.0, 0.35))),
    )
