"""Unknowns of a section: the components that each layer may hold, and their priors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import torch

from ..physics.composition import formula_fractions, mixture_fractions
from ..physics.lines import atomic_number
from ..pigments.catalogue import Pigment, pigment_catalogue
from ..simulation.materials import impurities, materials, oil_per_100
from ..simulation.pigment_priors import GROUNDS

#: Layers of every section, from the top.
ROLES = ("varnish", "paint", "paint", "ground", "support")
TOP, BELOW, GROUND = 1, 2, 3
#: Median and spread (natural logarithm) of the mass of a layer, g/cm2.
LAYER_MASS = {
    "varnish": (1.6e-3, 1.0), "paint": (8e-3, 0.9), "ground": (25e-3, 1.0), "support": (0.1, 1.2),
}  # fmt: skip
#: Spread of the share of binder around that of the pigments' oil (natural logarithm).
_BINDER_SPREAD = 0.5
#: Oil of fillers, parts per 100.
_FILLER_OIL = 40.0
#: Softness of the upper limit of an impurity (natural logarithm).
_LIMIT_SPREAD = 0.25
#: Density of impurities and foreign compounds, g/cm3.
_COMPOUND_DENSITY = 4.0


@dataclass(frozen=True)
class Component:
    """A pigment, filler, binder, support or a compound of an impurity.

    Parameters
    ----------
    name : str
        Id or formula.
    group : str
        Ambiguity group of a pigment; empty for others.
    fractions : dict of int to float
        Mass fractions by atomic number.
    density_g_cm3 : float
        Density.
    oil : float
        Binder that it takes, per part by weight.
    """

    name: str
    group: str
    fractions: dict[int, float]
    density_g_cm3: float
    oil: float = 0.0


@dataclass(frozen=True)
class RatioPrior:
    """Expectation of the ratio of two sums of masses.

    Parameters
    ----------
    above, below : dict of int to float
        Factors on the masses of unknowns; empty `below` means 1 g/cm2.
    ratio : float
        Expected value, or upper limit.
    spread : float
        Standard deviation of its natural logarithm.
    limit : bool
        Whether only higher values are unexpected.
    """

    above: dict[int, float]
    below: dict[int, float]
    ratio: float
    spread: float
    limit: bool = False


@dataclass(frozen=True)
class Layout:
    """The unknown masses of a section.

    Parameters
    ----------
    components : tuple of Component
        All components.
    unknowns : tuple of (int, int)
        Layer and component of each unknown mass.
    priors : tuple of RatioPrior
        Prior knowledge of them.
    """

    components: tuple[Component, ...]
    unknowns: tuple[tuple[int, int], ...]
    priors: tuple[RatioPrior, ...] = field(repr=False)

    @property
    def elements(self) -> tuple[int, ...]:
        """Atomic numbers of all components."""
        return tuple(sorted({z for each in self.components for z in each.fractions}))

    def fractions(self, z: Sequence[int]) -> torch.Tensor:
        """Return mass fractions, shape (component, element)."""
        return torch.tensor(
            [[each.fractions.get(n, 0.0) for n in z] for each in self.components],
            dtype=torch.float64,
        )

    def rows(self, groups: Iterable[str] = (), layer: int | None = None) -> list[int]:
        """Return the unknowns that belong to groups of pigments, in one layer or in all."""
        chosen = set(groups)
        return [
            row
            for row, (where, component) in enumerate(self.unknowns)
            if self.components[component].group in chosen and layer in (None, where)
        ]

    def layer_rows(self, layer: int) -> list[int]:
        """Return the unknowns of one layer."""
        return [row for row, (where, _) in enumerate(self.unknowns) if where == layer]


def make_layout(
    pigments: Sequence[Pigment], detected: Iterable[str], foreign: Iterable[str] = ()
) -> Layout:
    """Collect the unknowns of a section of some pigments.

    Parameters
    ----------
    pigments : sequence of Pigment
        Pigments that paints may hold; the ground may hold those of common grounds.
    detected : iterable of str
        Symbols of the elements whose impurities are considered.
    foreign : iterable of str
        Elements that are there and that no pigment holds.
    """
    table = [_pigment(entry) for entry in pigments]
    seen = {atomic_number(symbol) for symbol in detected}
    for name, element in (("quartz", 14), ("kaolin", 13)):
        if element in seen:
            table.append(_material(name, _FILLER_OIL / 100))
    fillers = len(table)
    table += [_material(name) for name in ("linseed_oil", "varnish", "canvas")]
    oil, varnish, canvas = fillers, fillers + 1, fillers + 2
    unknowns = [(0, varnish)]
    in_grounds = {name for _, parts, _ in GROUNDS for name, _ in parts} | {"gypsum"}
    for layer in (TOP, BELOW, GROUND):
        for index in range(fillers):
            if layer != GROUND or table[index].name in in_grounds:
                unknowns.append((layer, index))
        unknowns.append((layer, oil))
    unknowns.append((4, canvas))
    priors = _layer_priors(table, unknowns, oil)
    _add_impurities(table, unknowns, priors, seen)
    for symbol in foreign:
        table.append(_compound(symbol, {atomic_number(symbol): 1.0}))
        unknowns += [(layer, len(table) - 1) for layer in (TOP, BELOW, GROUND)]
    return Layout(tuple(table), tuple(unknowns), tuple(priors))


def _layer_priors(
    table: list[Component], unknowns: list[tuple[int, int]], oil: int
) -> list[RatioPrior]:
    priors = []
    for layer, role in enumerate(ROLES):
        own = {row: 1.0 for row, (where, _) in enumerate(unknowns) if where == layer}
        mass, spread = LAYER_MASS[role]
        priors.append(RatioPrior(own, {}, mass, spread))
        if role in ("paint", "ground"):
            takes = {row: table[unknowns[row][1]].oil for row in own if unknowns[row][1] != oil}
            binder = unknowns.index((layer, oil))
            priors.append(RatioPrior({binder: 1.0}, takes, 1.0, _BINDER_SPREAD))
    return priors


def _add_impurities(
    table: list[Component],
    unknowns: list[tuple[int, int]],
    priors: list[RatioPrior],
    seen: set[int],
) -> None:
    """Add the impurities of the pigments of each layer, with their upper limits."""
    index: dict[str, int] = {}
    for layer in (TOP, BELOW, GROUND):
        hosts = {row: table[c].name for row, (where, c) in enumerate(unknowns) if where == layer}
        limits: dict[str, dict[int, float]] = {}
        for row, name in hosts.items():
            if name == "linseed_oil":
                continue
            for each in (*impurities(name), *impurities("*")):
                if seen & set(formula_fractions(each.formula)):
                    of = limits.setdefault(each.formula, {})
                    of[row] = max(of.get(row, 0.0), each.high_percent / 100)
        for formula, of in limits.items():
            if formula not in index:
                index[formula] = len(table)
                table.append(_compound(formula, formula_fractions(formula)))
            priors.append(RatioPrior({len(unknowns): 1.0}, of, 1.0, _LIMIT_SPREAD, limit=True))
            unknowns.append((layer, index[formula]))


def _pigment(entry: Pigment) -> Component:
    oil = oil_per_100().get(entry.id, 50.0) / 100
    return Component(entry.id, entry.group, entry.fractions, entry.density_g_cm3, oil)


def _material(name: str, oil: float = 0.0) -> Component:
    entry = materials()[name]
    return Component(name, "", mixture_fractions(entry.parts), entry.density_g_cm3, oil)


def _compound(name: str, fractions: dict[int, float]) -> Component:
    return Component(name, "", fractions, _COMPOUND_DENSITY)


#: Lightest element whose lines decide between pigments of one group.
_LIGHTEST = 13
#: Pigments of a group whose heavy elements are alike to this cosine are one candidate.
_ALIKE = 0.985


@lru_cache
def distinct_members(group: str) -> tuple[tuple[Pigment, tuple[str, ...]], ...]:
    """Return the pigments of a group that differ in X-ray lines, with the ids of those like each.

    Parameters
    ----------
    group : str
        Ambiguity group.
    """
    found: list[tuple[Pigment, list[str]]] = []
    for entry in pigment_catalogue():
        if entry.group != group:
            continue
        for first, alike in found:
            if _cosine(first, entry) > _ALIKE:
                alike.append(entry.id)
                break
        else:
            found.append((entry, [entry.id]))
    return tuple((entry, tuple(alike)) for entry, alike in found)


def _cosine(first: Pigment, second: Pigment) -> float:
    a, b = (
        np.array([entry.fractions.get(z, 0.0) for z in range(_LIGHTEST, 93)])
        for entry in (first, second)
    )
    return float(a @ b / max(np.sqrt((a @ a) * (b @ b)), 1e-12))
