"""What the layers of a painting may consist of where another paint is to give its spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch

from ..physics.composition import formula_fractions, mixture_fractions
from ..pigments.catalogue import Pigment, pigment_catalogue
from ..simulation.materials import ELEMENTS, impurities, materials
from ..simulation.stratigraphy import BEHIND, Layer, Stratigraphy

#: Largest share of a foreign compound in a support, as where the network learned.
_BEHIND_SHARE = 0.06
#: Parts by weight to begin with, of what was not there.
_LITTLE = 1e-3


@dataclass(frozen=True)
class Components:
    """Pigments, binders, fillers and the compounds of impurities.

    Parameters
    ----------
    names : tuple of str
        Ids; of an impurity its formula.
    fractions : Tensor, shape (component, element)
        Mass fractions of the elements of a training stream.
    """

    names: tuple[str, ...]
    fractions: torch.Tensor

    def index(self, name: str) -> int:
        """Place of a component."""
        return self.names.index(name)


@lru_cache
def components() -> Components:
    """All of them."""
    found = {entry.id: entry.fractions for entry in pigment_catalogue()}
    found |= {name: mixture_fractions(materials()[name].parts) for name in _mixed_in()}
    hosts = ("*", *(entry.id for entry in pigment_catalogue()))
    formulas = {impurity.formula for host in hosts for impurity in impurities(host)} | {*BEHIND}
    found |= {formula: formula_fractions(formula) for formula in sorted(formulas)}
    return Components(tuple(found), torch.stack([_row(parts) for parts in found.values()]))


def _mixed_in() -> list[str]:
    return [name for name, entry in materials().items() if entry.kind in ("binder", "filler")]


def _row(fractions: dict[int, float]) -> torch.Tensor:
    return torch.tensor([fractions.get(z, 0.0) for z in ELEMENTS], dtype=torch.float32)


@dataclass(frozen=True)
class Choice:
    """What each layer of a section may consist of.

    Parameters
    ----------
    base : Tensor, shape (layer, element)
        Mass fractions of what a layer is made of anyway; zero for paints and grounds.
    parts : Tensor, shape (layer, component)
        Parts by weight to begin with; 0 for what it must not hold.
    limit : Tensor, shape (layer, component)
        Largest weight of a trace, as a share of all else; 0 for what is no trace.
    """

    base: torch.Tensor
    parts: torch.Tensor
    limit: torch.Tensor


def choice(section: Stratigraphy, group: str, *, without: bool, depth: int) -> Choice:
    """What a section may consist of so that it holds pigments of a group, or none.

    Paints and grounds hold their own pigments, those that share a diagnostic element with the
    group or are anywhere in the section, binders, fillers, and what impurities their pigments
    may bring. Foreign compounds may be in the supports.

    Parameters
    ----------
    section : Stratigraphy
        Layers of the true section, from the top.
    group : str
        Ambiguity group that it is about.
    without : bool
        Whether pigments of the group are left out.
    depth : int
        Layers of the largest section.
    """
    table = components()
    base = torch.zeros(depth, len(ELEMENTS))
    parts, limit = torch.zeros(2, depth, len(table.names))
    usable = _usable(section, group, without)
    for number, layer in enumerate(section):
        if layer.role in ("varnish", "support"):
            base[number] = _row(layer.fractions)
            if layer.role == "support":
                for formula in BEHIND:
                    limit[number, table.index(formula)] = _BEHIND_SHARE
            continue
        for name, amount in _parts(layer, usable, group if without else "").items():
            parts[number, table.index(name)] = amount
        for host in ("*", *(name for name, _ in layer.pigments)):
            for impurity in impurities(host):
                place = table.index(impurity.formula)
                most = impurity.high_percent / 100
                limit[number, place] = max(most, float(limit[number, place]))
    return Choice(base, parts, limit)


def _usable(section: Stratigraphy, group: str, without: bool) -> list[Pigment]:
    own = {name for layer in section for name, _ in layer.pigments}
    catalogue = pigment_catalogue()
    wanted = {_element(f) for entry in catalogue if entry.group == group for f in entry.diagnostic}
    return [
        entry
        for entry in catalogue
        if (entry.id in own or wanted & {_element(f) for f in entry.diagnostic})
        and not (without and entry.group == group)
    ]


def _element(family: str) -> str:
    return family.split()[0]


def _parts(layer: Layer, usable: list[Pigment], left_out: str) -> dict[str, float]:
    """Parts to begin with: what leaves is made up for by what may come."""
    own = dict(layer.pigments)
    groups = {entry.id: entry.group for entry in pigment_catalogue()}
    lost = sum(share for name, share in own.items() if groups[name] == left_out)
    parts = dict.fromkeys(_mixed_in(), _LITTLE)
    parts["linseed_oil"] = max(0.02, 1 - sum(own.values()))
    for entry in usable:
        there = own.get(entry.id, 0.0)
        parts[entry.id] = max(there, 0.1 * _LITTLE) if there else max(_LITTLE, lost / 2)
    return parts
