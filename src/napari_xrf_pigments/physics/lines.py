"""Characteristic X-ray lines: their energies, families and relative strengths.

Numbers come from xraylib (Schoonjans et al. 2011, doi:10.1016/j.sab.2011.09.011);
``data/lines.csv`` lists the transitions and their Siegbahn names.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal, cast

import numpy as np
import xraylib

from .._typing import FloatArray

Family = Literal["K", "L", "M"]

#: Energy at which resolutions are stated: Mn K alpha, keV.
MN_KA_KEV = 5.895
#: Greek letters of Siegbahn's notation.
GREEK = {"a": "α", "b": "β", "g": "γ", "l": "ℓ", "n": "η"}
#: Softer lines do not reach the detector of a scanner in air.
MIN_KEV = 0.9
_SHELLS = {
    name: getattr(xraylib, f"{name}_SHELL")
    for name in ("K", "L1", "L2", "L3", "M1", "M2", "M3", "M4", "M5")
}
_MAX_Z = 94
#: Lines nearer to the strongest of their series than this form one peak with it, keV.
_ONE_PEAK_KEV = 0.1
#: Share of a family's emission under which a series is not visible.
_LEAST_SHARE = 0.04


@dataclass(frozen=True)
class Line:
    """A characteristic line of an element.

    Parameters
    ----------
    z : int
        Atomic number.
    symbol : str
        Chemical symbol.
    iupac, siegbahn : str
        Names of the transition, such as ``"KL3"`` and ``"Ka1"``.
    family : {"K", "L", "M"}
        The shell that was ionised.
    kev : float
        Energy in keV.
    edge_kev : float
        Absorption edge of its sub-shell, keV.
    """

    z: int
    symbol: str
    iupac: str
    siegbahn: str
    family: Family
    kev: float
    edge_kev: float

    @property
    def macro(self) -> int:
        """Number of the transition in xraylib."""
        return int(getattr(xraylib, f"{self.iupac}_LINE"))


def atomic_number(symbol: str) -> int:
    """Return the atomic number of a chemical symbol.

    Raises
    ------
    ValueError
        If there is no such element.
    """
    try:
        z = int(xraylib.SymbolToAtomicNumber(symbol))
    except ValueError:
        z = 0
    if not 1 <= z <= _MAX_Z:
        raise ValueError(f"{symbol!r} is not the symbol of a chemical element.")
    return z


def element_symbol(z: int) -> str:
    """Return the chemical symbol of an atomic number."""
    return str(xraylib.AtomicNumberToSymbol(z))


@lru_cache
def _transitions() -> tuple[tuple[str, str, Family], ...]:
    text = files(__package__).joinpath("data/lines.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple((row["iupac"], row["siegbahn"], cast(Family, row["family"])) for row in rows)


@lru_cache(maxsize=256)
def element_lines(z: int) -> tuple[Line, ...]:
    """Return all lines of an element above 0.9 keV, in the order of ``data/lines.csv``."""
    symbol = element_symbol(z)
    found = []
    for iupac, siegbahn, family in _transitions():
        shell = "K" if family == "K" else iupac[:2]
        try:
            kev = xraylib.LineEnergy(z, getattr(xraylib, f"{iupac}_LINE"))
            edge = xraylib.EdgeEnergy(z, _SHELLS[shell])
        except ValueError:  # the element lacks that transition
            continue
        if kev >= MIN_KEV:
            found.append(Line(z, symbol, iupac, siegbahn, family, kev, edge))
    return tuple(found)


def line_cross_section(line: Line, excitation_kev: float) -> float:
    """Return the production cross-section of a line in cm2/g of its element.

    Photo-ionisation, fluorescence yield, radiative rate and the full cascade of
    vacancies after Kissel, as xraylib's ``CS_FluorLine_Kissel_Cascade``; 0 below the edge.
    """
    try:
        return float(xraylib.CS_FluorLine_Kissel_Cascade(line.z, line.macro, excitation_kev))
    except ValueError:
        return 0.0


@dataclass(frozen=True)
class LineFamily:
    """The lines of one shell of an element with their relative strengths.

    Parameters
    ----------
    name : str
        Such as ``"Fe K"``.
    z : int
        Atomic number.
    family : {"K", "L", "M"}
        Shell.
    lines : tuple of Line
        The lines.
    kev : ndarray, shape (line,)
        Their energies in keV.
    strength : ndarray, shape (line,)
        Share of each line in the emission of the family; sums to 1.
    """

    name: str
    z: int
    family: Family
    lines: tuple[Line, ...]
    kev: FloatArray
    strength: FloatArray

    @property
    def main(self) -> Line:
        """The strongest line."""
        return self.lines[int(np.argmax(self.strength))]


@lru_cache(maxsize=4096)
def line_family(name: str, excitation_kev: float = 40.0) -> LineFamily:
    """Return the unattenuated line family of a name for one excitation energy.

    Parameters
    ----------
    name : str
        Element and shell, such as ``"Fe K"`` or ``"Pb L"``.
    excitation_kev : float
        Energy of the exciting photons in keV; lines whose edge lies above it are left out.

    Raises
    ------
    ValueError
        If the name is not an element and a shell, or nothing of it is excited.
    """
    parts = name.split()
    if len(parts) != 2 or parts[1] not in ("K", "L", "M"):
        raise ValueError(f"{name!r} is not a line family; write it like 'Fe K' or 'Pb L'.")
    z = atomic_number(parts[0])
    weighted = [
        (line, line_cross_section(line, excitation_kev))
        for line in element_lines(z)
        if line.family == parts[1]
    ]
    weighted = [(line, weight) for line, weight in weighted if weight > 0]
    if not weighted:
        raise ValueError(f"{name} has no line above {MIN_KEV} keV at {excitation_kev:g} keV.")
    strength = np.array([weight for _, weight in weighted])
    lines = tuple(line for line, _ in weighted)
    return LineFamily(
        name,
        z,
        cast(Family, parts[1]),
        lines,
        np.array([line.kev for line in lines]),
        strength / strength.sum(),
    )


@dataclass(frozen=True)
class LineSeries:
    """The lines of a family that share a Siegbahn letter, such as all K-beta lines.

    Parameters
    ----------
    family, label : str
        Such as ``"Fe K"``, and ``"Fe Kα"``.
    kev : float
        Energy of the peak, keV: that of the strongest line and of those that no detector
        resolves from it.
    strength : float
        Share of the emission of the family, 0-1.
    """

    family: str
    label: str
    kev: float
    strength: float


def visible_series(
    families: Iterable[str], end_kev: float, tube_kv: float | None = None
) -> list[LineSeries]:
    """Return the series of line families that a spectrum can show.

    Parameters
    ----------
    families : iterable of str
        Such as ``"Pb L"``.
    end_kev : float
        End of the energy axis, keV: series beyond it are left out.
    tube_kv : float, optional
        Voltage of the tube, kV: families that it does not excite are left out.
    """
    visible = []
    for name in dict.fromkeys(families):
        try:
            family = line_family(name, tube_kv or max(40.0, end_kev))
        except ValueError:  # not excited by this tube
            continue
        visible += [
            series
            for series in _series(family)
            if series.strength > _LEAST_SHARE and 0.5 < series.kev < end_kev
        ]
    return visible


def _series(family: LineFamily) -> list[LineSeries]:
    merged: dict[str, list[tuple[float, float]]] = {}
    for line, strength in zip(family.lines, family.strength, strict=True):
        merged.setdefault(line.siegbahn[:2], []).append((line.kev, float(strength)))
    result = []
    for series, parts in merged.items():
        kevs, weights = np.array(parts).T
        peak = np.abs(kevs - kevs[weights.argmax()]) < _ONE_PEAK_KEV
        kev = float(np.average(kevs[peak], weights=weights[peak]))
        symbol, letter = family.name.split()[0], series[1]
        label = f"{symbol} {series[0]}{GREEK.get(letter, letter)}"
        result.append(LineSeries(family.name, label, kev, float(weights.sum())))
    return result
