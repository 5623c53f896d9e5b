"""Compositions that the layers of a painting may have in a fit with or without a group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch

from ..physics.composition import formula_fractions, mixture_fractions
from ..pigments.catalogue import Pigment, pigment_catalogue
from ..simulation.materials import ELEMENTS, impurities, materials
from ..simulation.stratigraphy import BEHIND, Layer, Stratigraphy

#: Largest share of a foreign compound in a support, as in the training spectra.
_MAX_CONTAMINANT = 0.06
#: Initial parts by weight of a component that the true layer lacks.
_SMALL_PART = 1e-3


@dataclass(frozen=True)
class Components:
    """Pigments, binders, fillers and the compounds of impurities.

    Parameters
    ----------
    names : tuple of str
        Ids; for impurities their formulas.
    fractions : Tensor, shape (component, element)
        Mass fractions of the elements of the training stream.
    """

    names: tuple[str, ...]
    fractions: torch.Tensor

    def index(self, name: str) -> int:
        """Find the index of a component."""
        return self.names.index(name)


@lru_cache
def components() -> Components:
    """Collect all components of paints, grounds and supports."""
    table = {entry.id: entry.fractions for entry in pigment_catalogue()}
    table |= {name: mixture_fractions(materials()[name].parts) for name in _binders_and_fillers()}
    hosts = ("*", *(entry.id for entry in pigment_catalogue()))
    formulas = {impurity.formula for host in hosts for impurity in impurities(host)} | {*BEHIND}
    table |= {formula: formula_fractions(formula) for formula in sorted(formulas)}
    return Components(tuple(table), torch.stack([_row(parts) for parts in table.values()]))


def _binders_and_fillers() -> list[str]:
    return [name for name, entry in materials().items() if entry.kind in ("binder", "filler")]


def _row(fractions: dict[int, float]) -> torch.Tensor:
    return torch.tensor([fractions.get(z, 0.0) for z in ELEMENTS], dtype=torch.float32)


@dataclass(frozen=True)
class AllowedComposition:
    """Components allowed in each layer of a section.

    Parameters
    ----------
    base : Tensor, shape (layer, element)
        Mass fractions of the fixed composition of a layer; zero for paints and grounds.
    parts : Tensor, shape (layer, component)
        Initial parts by weight; 0 for components that are not allowed.
    limit : Tensor, shape (layer, component)
        Upper limit of a trace, relative to the weight of everything else; 0 for other components.
    """

    base: torch.Tensor
    parts: torch.Tensor
    limit: torch.Tensor


def allowed_composition(
    section: Stratigraphy, group: str, *, without: bool, depth: int
) -> AllowedComposition:
    """Determine the components that a section may hold with or without a group of pigments.

    Paints and grounds may hold all pigments of the section, all pigments that share a diagnostic
    element with the group, binders, fillers and the impurities of their pigments. Supports may
    hold foreign compounds.

    Parameters
    ----------
    section : Stratigraphy
        Layers of the true section, from the top.
    group : str
        Ambiguity group.
    without : bool
        Whether pigments of the group are excluded.
    depth : int
        Number of layers of the result, at least that of the section.
    """
    table = components()
    base = torch.zeros(depth, len(ELEMENTS))
    parts, limit = torch.zeros(2, depth, len(table.names))
    usable = _allowed_pigments(section, group, without)
    for number, layer in enumerate(section):
        if layer.role in ("varnish", "support"):
            base[number] = _row(layer.fractions)
            if layer.role == "support":
                for formula in BEHIND:
                    limit[number, table.index(formula)] = _MAX_CONTAMINANT
            continue
        for name, amount in _initial_parts(layer, usable, group if without else "").items():
            parts[number, table.index(name)] = amount
        for host in ("*", *(name for name, _ in layer.pigments)):
            for impurity in impurities(host):
                index = table.index(impurity.formula)
                highest = impurity.high_percent / 100
                limit[number, index] = max(highest, float(limit[number, index]))
    return AllowedComposition(base, parts, limit)


def _allowed_pigments(section: Stratigraphy, group: str, without: bool) -> list[Pigment]:
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


def _initial_parts(layer: Layer, usable: list[Pigment], excluded: str) -> dict[str, float]:
    """Choose initial parts by weight; allowed pigments replace those of an excluded group."""
    own = dict(layer.pigments)
    groups = {entry.id: entry.group for entry in pigment_catalogue()}
    lost = sum(share for name, share in own.items() if groups[name] == excluded)
    parts = dict.fromkeys(_binders_and_fillers(), _SMALL_PART)
    parts["linseed_oil"] = max(0.02, 1 - sum(own.values()))
    for entry in usable:
        part = own.get(entry.id, 0.0)
        parts[entry.id] = max(part, 0.1 * _SMALL_PART) if part else max(_SMALL_PART, lost / 2)
    return parts
