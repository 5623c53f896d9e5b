"""Fit settings of PyMca (``.cfg``): the line families to fit, and the energy axis.

The files are INI files as PyMca's ``ConfigDict`` writes them: lists have commas, and sections of
sections have dots in their names.
"""

from __future__ import annotations

import configparser
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from string import Template

from ..cube import Acquisition, Detector, EnergyAxis
from ..fitting.lineshape import TYPICAL_FWHM_EV
from ..physics.lines import MN_KA_KEV, atomic_number
from .outputs.atomic_write import write_atomically

MAX_BYTES = 4 * 2**20
# PyMca's full width over sigma, keV of an electron-hole pair, and Fano factor.
_FWHM_PER_SIGMA, _PAIR_KEV, _FANO = 2.3548, 0.00385, 0.114
_LEAST_NOISE_KEV = 0.03
Sections = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class FitSettings:
    """The settings of PyMca that our fit uses.

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
        Further settings of the file, which our fit does not use, in words.
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
        """The unused settings in one sentence; empty where all are used."""
        if not self.unused:
            return ""
        *most, last = self.unused
        named = f"{', '.join(most)} and {last}" if most else last
        return f"Not used of these settings: {named}."

    def axis(self, n_channels: int) -> EnergyAxis | None:
        """Make the energy axis for `n_channels`; None where the file has none."""
        if self.gain_kev is None:
            return None
        return EnergyAxis(n_channels, self.gain_kev, self.offset_kev or 0.0, "user")

    def acquisition(self, known: Acquisition) -> Acquisition:
        """Fill in the settings of the instrument that a scan does not have."""
        filled = known
        if known.tube_kv is None and self.excitation_kev is not None:
            filled = filled.updated(tube_kv=self.excitation_kev)
        if known.path_mm is None and known.atmosphere is None and self.air_mm is not None:
            gas = {"atmosphere": "air", "path_mm": self.air_mm}
            filled = filled.updated(**(gas if self.air_mm > 0 else {"atmosphere": "helium"}))
        detector = known.detector or Detector()
        if detector.fwhm_mn_ka_ev is None and self.fwhm_mn_ka_ev is not None:
            filled = filled.updated(detector=replace(detector, fwhm_mn_ka_ev=self.fwhm_mn_ka_ev))
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
    families, unknown = _families(sections.get("peaks", {}))
    air, others = _attenuators(sections.get("attenuators", {}))
    gain = _number(detector, "gain", path)
    noise, fano = _number(detector, "noise", path), _number(detector, "fano", path)
    fwhm = None
    if noise is not None and fano is not None:
        fwhm = 1000 * math.sqrt(max(0.0, noise**2 + _statistical_width_kev2(fano)))
    energies = [value for value in _numbers(fit.get("energy", "")) if value > 0]
    return FitSettings(
        families=families,
        gain_kev=gain if gain is not None and gain > 0 else None,
        offset_kev=_number(detector, "zero", path),
        fwhm_mn_ka_ev=fwhm if fwhm else None,
        excitation_kev=max(energies, default=None),
        air_mm=air,
        unused=(*unknown, *others, *_other_settings(sections)),
    )


def write_pymca_cfg(path: Path, settings: FitSettings) -> None:
    """Write settings as PyMca reads them, whole or not at all.

    Raises
    ------
    OSError
        If the file cannot be written, or another kind of file has its name.
    """
    text = _text(settings)
    target = Path(path).absolute()
    write_atomically(target, lambda part: part.write_text(text, encoding="utf-8"), is_pymca_cfg)


def is_pymca_cfg(path: Path) -> bool:
    """Return whether a file holds fit settings of PyMca."""
    try:
        sections = _sections(path)
    except (OSError, ValueError):
        return False
    return "peaks" in sections or "detector" in sections


def _text(settings: FitSettings) -> str:
    """Fill in the template; unknown settings get common values."""
    noise, fano = _noise_and_fano(settings.fwhm_mn_ka_ev or TYPICAL_FWHM_EV)
    gain, zero = settings.gain_kev or 0.01, settings.offset_kev or 0.0
    energy, air_mm = settings.excitation_kev, settings.air_mm or 0.0
    last_kev = (energy or 40.0) - zero
    shells: dict[str, list[str]] = {}
    for family in settings.families:
        element, shell = family.split()
        shells.setdefault(element, []).append(shell)
    template = files(__package__).joinpath("data/pymca_template.cfg").read_text(encoding="utf-8")
    return Template(template).substitute(
        peaks="".join(f"{element} = {', '.join(names)}\n" for element, names in shells.items()),
        air_used=1 if air_mm else 0,
        air_cm=f"{air_mm / 10:.10g}",
        energy="None" if energy is None else f"{energy:.10g}",
        energy_weight="None" if energy is None else "1.0",
        energy_used=0 if energy is None else 1,
        zero=f"{zero:.10g}",
        gain=f"{gain:.10g}",
        noise=f"{noise:.10g}",
        fano=f"{fano:.10g}",
        snip_width=max(5, round(0.35 / gain)),
        first_channel=max(1, round(1.0 / gain)),
        last_channel=max(100, round(last_kev / gain)),
    )


def _noise_and_fano(fwhm_mn_ka_ev: float) -> tuple[float, float]:
    """Return noise (keV) and Fano factor that give a resolution at Mn K-alpha (eV)."""
    square = (fwhm_mn_ka_ev / 1000) ** 2
    noise2 = square - _statistical_width_kev2(_FANO)
    if noise2 > _LEAST_NOISE_KEV**2:
        return math.sqrt(noise2), _FANO
    # Sharper than the common Fano factor allows.
    return _LEAST_NOISE_KEV, max(square - _LEAST_NOISE_KEV**2, 0.0) / _statistical_width_kev2(1.0)


def _statistical_width_kev2(fano: float) -> float:
    """Return the square of the width (FWHM) of Mn K-alpha without noise, keV^2."""
    return _PAIR_KEV * MN_KA_KEV * fano * _FWHM_PER_SIGMA**2


def _sections(path: Path) -> Sections:
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path.name} is a folder, not a file of fit settings.")
    if path.stat().st_size > MAX_BYTES:
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
    """Return line families in the order of the file, and the peaks of unknown elements."""
    families: dict[str, None] = {}
    unknown = []
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
                unknown.append(f"the peak {element} {peak}")
    return tuple(families), tuple(unknown)


def _attenuators(rows: Mapping[str, str]) -> tuple[float | None, tuple[str, ...]]:
    """Return the path in air in mm (None where not stated), and the other attenuators in use."""
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
    """Name the other settings in use."""
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
