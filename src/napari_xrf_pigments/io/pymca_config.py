"""Fit settings of PyMca (``.cfg``): what to fit, and on which energy axis.

The files are INI files as PyMca's ``ConfigDict`` writes them: lists have commas, and sections of
sections have dots in their names.
"""

from __future__ import annotations

import configparser
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..cube import Acquisition, Detector, EnergyAxis
from ..physics.lines import atomic_number
from ._pymca_text import MN_KA_KEV, spread_kev2, text_of

MOST_BYTES = 4 * 2**20
Sections = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class FitSettings:
    """What our fit takes from PyMca's settings.

    Parameters
    ----------
    families : tuple of str
        Line families, such as ``"Fe K"``.
    gain_kev, offset_kev : float or None
        Width of a channel, and energy of the centre of channel 0, keV.
    fwhm_mn_ka_ev : float or None
        Resolution at Mn K-alpha, eV.
    excitation_kev : float or None
        Highest energy of the exciting photons, keV.
    air_mm : float or None
        Path from sample to detector through air in mm; 0 for another or no gas.
    unused : tuple of str
        What else the file sets and our fit does not use, in words.
    """

    families: tuple[str, ...] = ()
    gain_kev: float | None = None
    offset_kev: float | None = None
    fwhm_mn_ka_ev: float | None = None
    excitation_kev: float | None = None
    air_mm: float | None = None
    unused: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What is not used, in one sentence; empty where all is."""
        if not self.unused:
            return ""
        *most, last = self.unused
        named = f"{', '.join(most)} and {last}" if most else last
        return f"Not used of these settings: {named}."

    def axis(self, n_channels: int) -> EnergyAxis | None:
        """The energy axis for so many channels; None where the file has none."""
        if self.gain_kev is None:
            return None
        return EnergyAxis(n_channels, self.gain_kev, self.offset_kev or 0.0, "user")

    def acquisition(self, known: Acquisition) -> Acquisition:
        """Settings of the instrument, filled in where a scan does not know them."""
        filled = known
        if known.tube_kv is None and self.excitation_kev is not None:
            filled = filled.updated(tube_kv=self.excitation_kev)
        if known.path_mm is None and known.atmosphere is None and self.air_mm is not None:
            gas = {"atmosphere": "air", "path_mm": self.air_mm}
            filled = filled.updated(**(gas if self.air_mm > 0 else {"atmosphere": "helium"}))
        detector = known.detector or Detector()
        if detector.fwhm_mn_ka_ev is None and self.fwhm_mn_ka_ev is not None:
            sharp = Detector(
                detector.material, detector.thickness_mm, detector.window_um, self.fwhm_mn_ka_ev
            )
            filled = filled.updated(detector=sharp)
        return filled


def read_pymca_cfg(path: Path) -> FitSettings:
    """Read PyMca's fit settings.

    Raises
    ------
    ValueError
        If the file does not hold fit settings of PyMca.
    OSError
        If it cannot be read.
    """
    sections = _sections(path)
    if "peaks" not in sections and "detector" not in sections:
        raise ValueError(f"{path.name} holds no fit settings of PyMca.")
    detector, fit = sections.get("detector", {}), sections.get("fit", {})
    families, strange = _families(sections.get("peaks", {}))
    air, others = _attenuators(sections.get("attenuators", {}))
    gain = _number(detector, "gain", path)
    noise, fano = _number(detector, "noise", path), _number(detector, "fano", path)
    fwhm = None
    if noise is not None and fano is not None:
        fwhm = 1000 * math.sqrt(max(0.0, noise**2 + spread_kev2(fano, MN_KA_KEV)))
    energies = [value for value in _numbers(fit.get("energy", "")) if value > 0]
    return FitSettings(
        families=families,
        gain_kev=gain if gain is not None and gain > 0 else None,
        offset_kev=_number(detector, "zero", path),
        fwhm_mn_ka_ev=fwhm if fwhm else None,
        excitation_kev=max(energies, default=None),
        air_mm=air,
        unused=(*strange, *others, *_other_settings(sections)),
    )


def write_pymca_cfg(path: Path, settings: FitSettings) -> None:
    """Write settings as PyMca reads them, whole or not at all.

    Raises
    ------
    OSError
        If the file cannot be written, or something else than such settings is in the way.
    """
    from .atomic import write_atomically

    text = text_of(
        settings.families,
        gain_kev=settings.gain_kev,
        offset_kev=settings.offset_kev,
        fwhm_mn_ka_ev=settings.fwhm_mn_ka_ev,
        excitation_kev=settings.excitation_kev,
        air_mm=settings.air_mm,
    )
    write_atomically(Path(path).absolute(), lambda part: _write(part, text), is_ours=is_pymca_cfg)


def is_pymca_cfg(path: Path) -> bool:
    """Whether a file holds fit settings of PyMca."""
    try:
        sections = _sections(path)
    except (OSError, ValueError):
        return False
    return "peaks" in sections or "detector" in sections


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _sections(path: Path) -> Sections:
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path.name} is a folder, not a file of fit settings.")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path.name} is too large for fit settings.")
    # Keys are case-sensitive (elements), a value may go on over several lines.
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig", errors="replace"))
    except configparser.Error as error:
        raise ValueError(f"{path.name} holds no fit settings of PyMca.") from error
    return {name: dict(parser.items(name)) for name in parser.sections()}


def _families(peaks: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Line families in the file's order, and peaks that we do not know."""
    families: dict[str, None] = {}
    strange = []
    for element, text in peaks.items():
        for peak in _words(text):
            # PyMca parts K in Ka and Kb, and L in L1, L2 and L3: our fit frees L by itself.
            shell = peak[:1].upper()
            try:
                atomic_number(element)
            except ValueError:
                shell = ""
            if shell and shell in "KLM":
                families[f"{element} {shell}"] = None
            else:
                strange.append(f"the peak {element} {peak}")
    return tuple(families), tuple(strange)


def _attenuators(rows: Mapping[str, str]) -> tuple[float | None, tuple[str, ...]]:
    """Path in air in mm (None where the file says nothing), and what else is switched on."""
    air, others = None, []
    for name, text in rows.items():
        words = _words(text)
        if len(words) < 4 or words[0] not in ("1", "1.0", "True"):
            continue
        material, thickness_cm = words[1].lower(), _numbers(words[3])
        gas = name.lower() in ("atmosphere", "air", "detector gas") or material == "air"
        if gas and material in ("air", "-") and thickness_cm:
            air = (air or 0.0) + 10 * thickness_cm[0]
        elif gas and material.startswith(("he", "vac")):
            air = 0.0
        else:
            others.append(f"the attenuator {name}")
    return air, tuple(others)


def _other_settings(sections: Sections) -> tuple[str, ...]:
    """Other settings that are switched on, in words."""
    fit, shape = sections.get("fit", {}), sections.get("peakshape", {})
    found = []
    if _on(fit, "use_limit"):
        found.append("the fit region")
    if _on(fit, "stripflag") or (_numbers(fit.get("continuum", "0")) or [0])[0] > 0:
        found.append("the background")
    if (_numbers(fit.get("hypermetflag", "1")) or [1])[0] > 1 and shape:
        found.append("the tails of the peaks")
    if _on(sections.get("concentrations", {}), "usematrix"):
        found.append("the matrix for concentrations")
    if any(
        _on(rows, "use") for name, rows in sections.items() if name.startswith("userattenuators.")
    ):
        found.append("the user's attenuators")
    return tuple(found)


def _on(rows: Mapping[str, str], key: str) -> bool:
    return bool((_numbers(rows.get(key, "0")) or [0])[0])


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.replace("\n", ",").split(",") if word.strip()]


def _numbers(text: str) -> list[float]:
    found = []
    for word in _words(text):
        try:
            value = float(word)
        except ValueError:
            continue
        if math.isfinite(value):
            found.append(value)
    return found


def _number(rows: Mapping[str, str], key: str, path: Path) -> float | None:
    if key not in rows:
        return None
    found = _numbers(rows[key])
    if not found:
        raise ValueError(f"The {key} of the detector in {path.name} is not a number.")
    return found[0]
