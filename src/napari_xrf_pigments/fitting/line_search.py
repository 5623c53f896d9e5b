"""Search for the line families of a scan.

Candidates are added one by one to continuum, scatter and pile-up as long as one of them is
significant against noise and the uncertainty of the other shapes; families that lost their
significance in the end are removed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .._parallel import on_one_thread
from .._typing import FloatArray
from ..physics.lines import atomic_number, line_family
from .conditions import Conditions
from .design_matrix import (
    LineColumns,
    excited_family,
    line_columns,
    nuisance_columns,
    shape_error_variance,
    vstack_columns,
)
from .least_squares import model_variance, weighted_solver
from .linear_fit import fit_window

#: Elements that occur in paintings, their supports and the instruments. Vanadium is left out: it
#: is rare, and its K alpha overlaps with K beta of titanium.
CANDIDATES = tuple(
    "Al Si P S Cl K Ca Ti Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Rb Sr Y Zr Nb Mo Pd Ag Cd In Sn "
    "Sb I Ba La Ce W Pt Au Hg Tl Pb Bi U".split()
)
#: Argon of the air: always fitted, never reported.
AIR_FAMILY = "Ar K"
#: Significance, in sigma, that a family must reach.
SIGNIFICANCE = 7.0
_K_UP_TO_Z = 51


@dataclass(frozen=True)
class Found:
    """Line families of a scan.

    Parameters
    ----------
    families : tuple of str
        One family for each element found, by energy.
    nuisance : tuple of str
        Other families of these elements, and of the air, that a fit must include as well.
    significance : dict of str to float
        Significance of each family, in sigma, in the spectrum where it is highest.
    """

    families: tuple[str, ...]
    nuisance: tuple[str, ...]
    significance: dict[str, float]


def main_family(symbol: str, axis_kev: FloatArray, conditions: Conditions) -> str | None:
    """Return the family that quantifies an element, or None where none lies on the axis.

    K where the tube excites it and the axis reaches it, L for barium and heavier.
    """
    heavy = atomic_number(symbol) > _K_UP_TO_Z
    for shell in ("L",) if heavy else ("K", "L"):
        try:
            family = excited_family(f"{symbol} {shell}", conditions)
        except ValueError:
            continue
        if 1.4 < family.main.kev < axis_kev[-1] - 0.3 and family.main.kev > axis_kev[0] + 0.1:
            return family.name
    return None


def other_families(names: Sequence[str], axis_kev: FloatArray, conditions: Conditions) -> list[str]:
    """Return the other families of the same elements on the axis."""
    others = []
    for name in names:
        symbol, shell = name.split()
        for other in "KLM":
            if other == shell:
                continue
            try:
                family = excited_family(f"{symbol} {other}", conditions)
            except ValueError:
                continue
            if 1.0 < family.main.kev < axis_kev[-1] - 0.3 and family.main.kev > axis_kev[0] + 0.05:
                others.append(family.name)
    return others


@on_one_thread()
def find_families(
    spectra: ArrayLike,
    axis_kev: FloatArray,
    conditions: Conditions | None = None,
    *,
    candidates: Sequence[str] = CANDIDATES,
) -> Found:
    """Find the line families in spectra of one scan.

    Parameters
    ----------
    spectra : array_like, shape (channel,) or (spectrum, channel)
        Counts of the whole scan, or of its parts, such as blocks of pixels: elements of a single
        part are found as well.
    axis_kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    conditions : Conditions, optional
        Anode, voltage, resolution, air path.
    candidates : sequence of str
        Elements to search for; the element of the anode is left out.

    Raises
    ------
    ValueError
        If the spectra hold too few counts.
    """
    settings = conditions or Conditions()
    parts = np.atleast_2d(np.asarray(spectra, dtype=np.float64))
    total = parts.sum(0)
    window = fit_window(axis_kev, total)
    search = _Search(axis_kev[window], np.vstack([total, parts])[:, window], settings)
    pool = {}
    for symbol in candidates:
        name = main_family(symbol, search.axis, settings)
        if name is not None and symbol != settings.anode:
            pool[name] = search.element(name)
    chosen: list[str] = [AIR_FAMILY] if search.add_air() else []
    while True:
        best, score = search.best_addition(chosen, [n for n in pool if n not in chosen])
        if best is None or score < SIGNIFICANCE or len(chosen) > 45:
            break
        chosen.append(best)
    strength = search.significance(chosen)
    while (drop := _weakest(strength)) is not None:
        chosen.remove(drop)
        strength = search.significance(chosen)
    names = sorted(
        (n for n in chosen if n != AIR_FAMILY), key=lambda n: line_family(n, 120).main.kev
    )
    nuisance = other_families(names, search.axis, settings)
    if AIR_FAMILY in chosen:
        nuisance.append(AIR_FAMILY)
    return Found(tuple(names), tuple(nuisance), {name: strength[name] for name in names})


def _weakest(strength: dict[str, float]) -> str | None:
    weak = {n: s for n, s in strength.items() if s < SIGNIFICANCE and n != AIR_FAMILY}
    return min(weak, key=lambda n: weak[n]) if weak else None


class _Search:
    """Forward selection over spectra that share one design matrix."""

    def __init__(self, axis: FloatArray, spectra: FloatArray, conditions: Conditions) -> None:
        self.axis, self.spectra, self.conditions = axis, spectra, conditions
        self.reference = spectra[0]
        self.weights = 1 / model_variance(axis, self.reference, conditions)
        self.columns: dict[str, list[LineColumns]] = {}
        #: Variance of each channel of each spectrum without any line.
        self.counting = np.array([model_variance(axis, one, conditions) for one in spectra])

    def element(self, name: str) -> list[LineColumns]:
        """Return the columns of a family and of the element's other families."""
        if name not in self.columns:
            names = [name, *other_families([name], self.axis, self.conditions)]
            self.columns[name] = [line_columns(self.axis, n, self.conditions) for n in names]
        return self.columns[name]

    def add_air(self) -> bool:
        """Add argon of the air where it lies on the axis; return whether it was added."""
        inside = self.axis[0] + 0.2 < 2.957 < self.axis[-1]
        if inside and self.conditions.air_mm > 0:
            self.columns[AIR_FAMILY] = [line_columns(self.axis, AIR_FAMILY, self.conditions)]
            return True
        return False

    def design(self, chosen: Sequence[str]) -> tuple[list[LineColumns], FloatArray]:
        """Return the families and all columns of a selection."""
        families = [part for name in chosen for part in self.columns[name]]
        rest, _ = nuisance_columns(self.axis, self.reference, families, self.conditions)
        return families, vstack_columns([*(family.shapes for family in families), rest])

    def best_addition(self, chosen: Sequence[str], pool: Sequence[str]) -> tuple[str | None, float]:
        """Return the candidate that explains most of the residual, and its significance."""
        families, columns = self.design(chosen)
        solver = weighted_solver(columns, self.weights)
        amplitudes = self.spectra @ solver.T
        residual = self.spectra - amplitudes @ columns
        variance = self._variance(families, amplitudes)
        if not pool:
            return None, 0.0
        shapes = np.array([self.columns[name][0].shapes.sum(0) for name in pool])
        # Only the part orthogonal to the selected columns counts for a candidate.
        own = shapes - (shapes @ solver.T) @ columns
        apart = own**2 @ self.weights >= 1e-4 * (shapes**2 @ self.weights)
        probes = own[apart] * self.weights
        scores = (residual @ probes.T) / np.sqrt(variance @ (probes**2).T)
        if not scores.size:
            return None, 0.0
        score = scores.max(0)
        best = int(np.argmax(score))
        name = [name for name, free in zip(pool, apart, strict=True) if free][best]
        return (name, float(score[best])) if score[best] > 0 else (None, 0.0)

    def _variance(self, families: Sequence[LineColumns], amplitudes: FloatArray) -> FloatArray:
        """Return the variance of each channel: counting statistics and uncertainty of shapes."""
        errors = [(part**2).sum(0) for family in families for part in family.shape_uncertainties]
        if not errors:
            return self.counting
        return np.asarray(self.counting + amplitudes[:, : len(errors)] ** 2 @ np.array(errors))

    def significance(self, chosen: Sequence[str]) -> dict[str, float]:
        """Return the significance of each selected family, in sigma, where it is highest."""
        families, columns = self.design(chosen)
        solver = weighted_solver(columns, self.weights)
        heads = [self.columns[name][0].name for name in chosen]
        owners = [family.name for family in families for _ in family.shapes]
        members = np.zeros((len(chosen), len(columns)))
        for row, head in enumerate(heads):
            members[row, [i for i, owner in enumerate(owners) if owner == head]] = 1
        family_solver = members @ solver
        amplitudes = self.spectra @ solver.T
        variance = self.counting @ (family_solver**2).T
        variance += amplitudes**2 @ shape_error_variance(family_solver, families, members).T
        score = (amplitudes @ members.T) / np.sqrt(variance)
        return dict(zip(chosen, score.max(0).tolist(), strict=True))
