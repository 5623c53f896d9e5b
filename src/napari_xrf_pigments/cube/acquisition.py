"""Acquisition settings of a scan; any of them may be unknown (None)."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

Atmosphere = Literal["air", "helium", "vacuum"]
Support = Literal["canvas", "panel", "paper", "wall", "copper"]
SUPPORTS: tuple[Support, ...] = get_args(Support)


@dataclass(frozen=True)
class Detector:
    """An energy-dispersive detector.

    Parameters
    ----------
    material : str
        Chemical symbol of the crystal.
    thickness_mm : float
        Thickness of the crystal in mm.
    window_um : float
        Thickness of the beryllium window in um.
    fwhm_mn_ka_ev : float or None
        Full width at half maximum at Mn K-alpha (5.895 keV) in eV; None = unknown.
    """

    material: str = "Si"
    thickness_mm: float = 0.45
    window_um: float = 12.5
    fwhm_mn_ka_ev: float | None = None


@dataclass(frozen=True)
class Acquisition:
    """Acquisition settings of the instrument; None means unknown.

    Parameters
    ----------
    anode : str or None
        Chemical symbol of the tube's anode.
    tube_kv : float or None
        Tube voltage in kV.
    filter : tuple of (str, float) or None
        Filters between tube and sample, (material, thickness in mm) each; an empty
        tuple means that there is none.
    incidence_deg, takeoff_deg : float or None
        Angles of the beam and of the detector's axis with the sample's surface, degrees.
    detector : Detector or None
        The detector.
    atmosphere : {"air", "helium", "vacuum"} or None
        Medium between the sample and the detector.
    path_mm : float or None
        Length of that path in mm.
    tube_ua : float or None
        Tube current in uA.
    instrument : str or None
        Name of the instrument.
    support : {"canvas", "panel", "paper", "wall", "copper"} or None
        Support of the painting; paper includes card and parchment.

    Raises
    ------
    ValueError
        If a value is impossible.
    """

    anode: str | None = None
    tube_kv: float | None = None
    filter: tuple[tuple[str, float], ...] | None = None
    incidence_deg: float | None = None
    takeoff_deg: float | None = None
    detector: Detector | None = None
    atmosphere: Atmosphere | None = None
    path_mm: float | None = None
    tube_ua: float | None = None
    instrument: str | None = None
    support: Support | None = None

    def __post_init__(self) -> None:
        if self.tube_kv is not None and not 1 <= self.tube_kv <= 200:
            raise ValueError(f"A tube voltage of {self.tube_kv} kV is not between 1 and 200 kV.")
        for name in ("incidence_deg", "takeoff_deg"):
            angle = getattr(self, name)
            if angle is not None and not 0 < angle <= 90:
                raise ValueError(f"{name} must lie between 0 and 90 degrees, not {angle}.")
        if self.support is not None and self.support not in SUPPORTS:
            raise ValueError(
                f"The support must be one of {', '.join(SUPPORTS)}, not {self.support!r}."
            )

    def updated(self, **known: Any) -> Acquisition:
        """Return a copy in which every argument that is not None replaces the old value."""
        return replace(self, **{key: value for key, value in known.items() if value is not None})

    def known(self) -> dict[str, Any]:
        """Return the settings that are known, by name."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in values if value is not None}
