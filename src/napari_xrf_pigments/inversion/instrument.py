"""The instrument of a scan, fitted once from its spectra."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

from ..cube import EnergyAxis
from ..physics.detector import DetectorModel
from ..physics.layered_samples import Geometry
from ..physics.tube import tube_beam
from ..simulation.instruments import Excitation, Readout


@dataclass(frozen=True)
class FittedInstrument:
    """Tube, path, detector and electronics of a scan.

    It is shared by all pixels of the scan, compares by value, and can be saved as plain values.

    Parameters
    ----------
    anode : str
        Anode of the tube.
    tube_kv : float
        Voltage, kV.
    n_channels : int
        Channels of the energy axis.
    gain_kev, offset_kev : float
        Its true gain and offset, keV.
    filters : tuple of (str, float)
        Elements and thickness in mm.
    window_be_mm : float
        Beryllium window of the tube, mm.
    optics_cut_kev : float or None
        Energy at which the optics pass half of the photons, keV; None without optics.
    line_ratio : float
        Factor on the lines of the anode.
    incidence_deg, takeoff_deg : float
        Angles of beam and detector with the surface, degrees.
    atmosphere : {"air", "helium", "vacuum"}
        Gas between sample and detector.
    path_mm : float
        Length of that path, mm; together with the window it is the absorber of soft lines.
    fwhm_mn_ka_ev : float
        Resolution at Mn K-alpha, eV.
    detector_mm, detector_window_um : float
        Thickness of the crystal in mm and of its beryllium window in um.
    shelf, tail, escape : float
        Factors on shelf, tail and escape peak, as of
        :class:`napari_xrf_pigments.physics.detector.DetectorModel`.
    threshold_kev : float
        Channels below hold no counts, keV.
    pile_up : float
        Share of counts that are pairs.
    argon_share : float
        Ar K counts over all counts.
    housing : tuple of (str, float)
        Elements of the instrument itself with their share of the counts.
    background : tuple of (float, float)
        Up to three exponential backgrounds: share of the counts and decay constant in keV
        (negative: rising).
    multiple_scatter : float
        Share of the Compton counts that were scattered again.
    scatter_factor, rayleigh_factor : float
        Factors on all scatter and on its Rayleigh part.
    model_error : float
        Relative error per channel of spectra fitted with this instrument.
    chi2_per_dof : float or None
        Of the fit, without that error; None where nothing was fitted.
    notes : tuple of str
        Settings that were estimated or assumed, one sentence each.
    """

    anode: str
    tube_kv: float
    n_channels: int
    gain_kev: float
    offset_kev: float
    filters: tuple[tuple[str, float], ...] = ()
    window_be_mm: float = 0.15
    optics_cut_kev: float | None = None
    line_ratio: float = 1.0
    incidence_deg: float = 90.0
    takeoff_deg: float = 45.0
    atmosphere: str = "air"
    path_mm: float = 10.0
    fwhm_mn_ka_ev: float = 145.0
    detector_mm: float = 0.45
    detector_window_um: float = 12.5
    shelf: float = 2.0
    tail: float = 1.4
    escape: float = 1.0
    threshold_kev: float = 0.0
    pile_up: float = 0.001
    argon_share: float = 0.0
    housing: tuple[tuple[str, float], ...] = ()
    background: tuple[tuple[float, float], ...] = ()
    multiple_scatter: float = 0.2
    scatter_factor: float = 1.1
    rayleigh_factor: float = 1.0
    model_error: float = 0.0
    chi2_per_dof: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def energies(self) -> EnergyAxis:
        """The fitted energy axis."""
        return EnergyAxis(self.n_channels, self.gain_kev, self.offset_kev, "estimated")

    @cached_property
    def excitation(self) -> Excitation:
        """Tube, optics and angles, for the simulation."""
        beam = tube_beam(
            self.anode,
            self.tube_kv,
            filters=self.filters,
            window_be_mm=self.window_be_mm,
            optics_cut_kev=self.optics_cut_kev,
            line_ratio=self.line_ratio,
        )
        geometry = Geometry(self.incidence_deg, self.takeoff_deg)
        return Excitation(self.anode, self.tube_kv, self.filters, geometry, beam)

    @cached_property
    def readout(self) -> Readout:
        """Path, detector and electronics, for the simulation."""
        return Readout(
            detector=DetectorModel(
                fwhm_mn_ka_ev=self.fwhm_mn_ka_ev,
                thickness_mm=self.detector_mm,
                window_um=self.detector_window_um,
                shelf=self.shelf,
                tail=self.tail,
                escape=self.escape,
            ),
            atmosphere=self.atmosphere,
            path_mm=self.path_mm,
            n_channels=self.n_channels,
            gain_kev=self.gain_kev,
            offset_kev=self.offset_kev,
            threshold_kev=self.threshold_kev,
            pile_up=self.pile_up,
            argon_share=self.argon_share,
            housing=self.housing,
            background=self.background,
            multiple_scatter=self.multiple_scatter,
            scatter_factor=self.scatter_factor,
            rayleigh_factor=self.rayleigh_factor,
        )

    @property
    def settings(self) -> dict[str, Any]:
        """The instrument as plain values, for provenance, sessions and JSON."""
        return {
            key: [list(each) if isinstance(each, tuple) else each for each in value]
            if isinstance(value, tuple)
            else value
            for key, value in asdict(self).items()
        }

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> FittedInstrument:
        """Build an instrument from plain values.

        Raises
        ------
        ValueError
            If the values are not those of an instrument.
        """
        known = {field.name for field in fields(cls)}
        values = {key: value for key, value in settings.items() if key in known}
        try:
            for key in ("filters", "housing", "background"):
                if key in values:
                    values[key] = tuple((_plain(a), float(b)) for a, b in values[key])
            if "notes" in values:
                values["notes"] = tuple(map(str, values["notes"]))
            return cls(**values)
        except TypeError as error:
            raise ValueError("These are not the settings of a fitted instrument.") from error


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else float(value)
