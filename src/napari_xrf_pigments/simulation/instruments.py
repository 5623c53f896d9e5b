"""Random instruments: tube, optics, geometry, detector and electronics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..physics.detector import DetectorModel
from ..physics.layered_samples import Geometry
from ..physics.tube import Beam, tube_beam
from ..physics.tube_library import VOLTAGES

_ANODES = {"Rh": 0.4, "Ag": 0.16, "Mo": 0.16, "W": 0.1, "Cr": 0.05, "Cu": 0.06, "Au": 0.07}
_HOUSING = ("Fe", "Ni", "Cu", "Zn", "Zr", "Cr", "Mn", "Ti", "Co", "W", "Au", "Pb", "Mo")
#: Lines of the housing in nearly every handheld instrument.
_HANDHELD = ("Fe", "Ni", "Cu")
_AXES_KEV = (0.010, 0.010, 0.020, 0.020, 0.0292, 0.041)


@dataclass(frozen=True)
class Excitation:
    """Tube, optics and angles.

    Parameters
    ----------
    anode : str
        Anode of the tube.
    tube_kv : float
        Voltage in kV.
    filters : tuple of (str, float)
        Elements and thickness in mm.
    geometry : Geometry
        Angles with the surface.
    beam : Beam
        Spectrum of the tube at the sample.
    """

    anode: str
    tube_kv: float
    filters: tuple[tuple[str, float], ...]
    geometry: Geometry
    beam: Beam


@dataclass(frozen=True)
class Readout:
    """Path, detector, electronics and energy axis.

    Parameters
    ----------
    detector : DetectorModel
        The detector.
    atmosphere : {"air", "helium", "vacuum"}
        Gas between sample and detector.
    path_mm : float
        Length of the path in mm.
    n_channels, gain_kev, offset_kev : int, float, float
        The true axis.
    gain_error, offset_error_kev : float
        Error of the axis in the file: relative error of the gain, and keV.
    threshold_kev : float
        Channels below this energy are zero, keV.
    pile_up : float
        Share of counts that are pairs, at the mean count rate.
    argon_share : float
        Ar K counts over all counts.
    housing : tuple of (str, float)
        Elements of collimator and housing with their share of the mean counts.
    background : tuple of (float, float)
        Further backgrounds: share of the mean counts and decay constant in keV (negative:
        rising) of an exponential each.
    multiple_scatter : float
        Share of the Compton counts that were scattered again.
    scatter_factor, rayleigh_factor : float
        Factors on all scatter and on its Rayleigh part, for the neglect of multiple scattering.
    """

    detector: DetectorModel
    atmosphere: str
    path_mm: float
    n_channels: int
    gain_kev: float
    offset_kev: float
    gain_error: float = 0.0
    offset_error_kev: float = 0.0
    threshold_kev: float = 0.5
    pile_up: float = 0.0
    argon_share: float = 0.0
    housing: tuple[tuple[str, float], ...] = ()
    background: tuple[tuple[float, float], ...] = ()
    multiple_scatter: float = 0.0
    scatter_factor: float = 1.0
    rayleigh_factor: float = 1.0


def random_excitation(rng: np.random.Generator) -> Excitation:
    """Draw tube, voltage, filters, optics and angles."""
    anode = str(rng.choice(list(_ANODES), p=list(_ANODES.values())))
    # Voltages of the library alone: the spectrum of any other takes half a second.
    tube_kv = float(rng.choice(VOLTAGES if anode != "W" else (*VOLTAGES, 55, 60)))
    if rng.random() < 0.5:  # common voltages of scanners
        tube_kv = float(rng.choice([30, 40, 40, 45, 50, 50]))
    filters: tuple[tuple[str, float], ...] = ()
    if rng.random() < 0.3:
        element, most = (("Al", 1.0), ("Al", 0.3), ("Ti", 0.1), ("Zr", 0.05), ("Cu", 0.1))[
            rng.integers(5)
        ]
        filters = ((element, float(most * 10 ** rng.uniform(-0.8, 0))),)
    incidence = 90.0 if rng.random() < 0.5 else float(rng.uniform(35, 90))
    takeoff = float(rng.uniform(25, 70)) if incidence > 70 else float(rng.uniform(25, 90))
    azimuth = float(rng.uniform(0, 180)) if rng.random() < 0.4 else 180.0
    beam = tube_beam(
        anode,
        tube_kv,
        filters=filters,
        window_be_mm=float(rng.uniform(0.075, 0.4)),
        angle_deg=float(rng.choice([12, 25])),
        optics_cut_kev=float(rng.uniform(9, 30)) if rng.random() < 0.35 else None,
        line_ratio=float(rng.lognormal(0, 0.3)),
    )
    return Excitation(anode, tube_kv, filters, Geometry(incidence, takeoff, azimuth), beam)


def random_readout(rng: np.random.Generator, tube_kv: float, wear: float = 0.3) -> Readout:
    """Draw path, detector, electronics and energy axis; `wear` is the chance of worn ones."""
    atmosphere = str(rng.choice(["air", "helium", "vacuum"], p=[0.76, 0.14, 0.1]))
    gain = float(rng.choice(_AXES_KEV)) * rng.uniform(0.97, 1.03)
    if rng.random() < 0.25:
        gain = float(rng.uniform(0.008, 0.045))
    end = float(rng.uniform(0.9, 1.25) * tube_kv) if rng.random() < 0.8 else rng.uniform(20, 50)
    end = float(np.clip(end, 18, 45))
    # Fine channels are simulated in pairs: the encoder merges them anyway.
    gain *= max(1, int(np.ceil(0.0125 / gain)))
    offset = float(rng.choice([0.0, 0.0, -0.956, rng.normal(0, 0.1)]))
    tired = rng.random() < wear
    handheld = rng.random() < 0.15
    detector = DetectorModel(
        fwhm_mn_ka_ev=float(rng.uniform(122, 190)),
        thickness_mm=float(rng.uniform(0.2, 1.0)),
        # Now and then a foil or a second window in the path.
        window_um=float(rng.uniform(8, 30) if rng.random() < 0.85 else rng.uniform(30, 1000)),
        dead_layer_um=float(rng.uniform(0.02, 0.3)),
        shelf=float(rng.lognormal(0.7, 0.8) * (rng.uniform(1, 8) if tired else 1)),
        tail=float(rng.lognormal(0.3, 0.8) * (rng.uniform(1, 3) if tired else 1)),
        escape=float(rng.uniform(0.6, 1.4)),
    )
    housing = tuple(
        (element, float(10 ** rng.uniform(-4, -1.9 if tired or handheld else -2.4)))
        for element in _HOUSING
        if rng.random() < (0.22 if tired else wear / 3) or (handheld and element in _HANDHELD)
    )
    # Up to three exponentials, flat, falling or rising, sum to most observed shapes.
    background = tuple(
        (float(10 ** rng.uniform(-3, -0.6 if tired else -1.3)), constant)
        for constant in (200.0, float(rng.uniform(2, 30)), float(-rng.uniform(3, 30)))
        if rng.random() < (0.7 if tired else 0.3)
    )
    return Readout(
        detector=detector,
        atmosphere=atmosphere,
        path_mm=float(rng.uniform(3, 30) if rng.random() < 0.75 else rng.uniform(0, 60)),
        n_channels=int((end - offset) / gain),
        gain_kev=gain,
        offset_kev=offset,
        gain_error=float(rng.normal(0, 0.0008)),
        offset_error_kev=float(rng.normal(0, 0.008)),
        threshold_kev=float(rng.uniform(0.3, 1.6)),
        pile_up=float(10 ** (rng.uniform(-2.5, -1.2) if handheld else rng.uniform(-4.5, -1.7))),
        argon_share=float(10 ** rng.uniform(-3.5, -1.3)) if atmosphere == "air" else 0.0,
        housing=housing,
        background=background,
        multiple_scatter=float(rng.uniform(0.0, 0.4)),
        scatter_factor=float(rng.lognormal(0.1, 0.35)),
        rayleigh_factor=float(rng.lognormal(0, 0.2)),
    )
