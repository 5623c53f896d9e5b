"""Random paintings in section: support, ground, paint layers, varnish.

The distributions are wide: a network trained on textbook pigments in textbook layers alone fails
on real paintings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..physics.composition import formula_fractions, mixture_fractions
from ..pigments.catalogue import Pigment, pigment
from ..pigments.selection import in_use
from .materials import Impurity, impurities, materials, oil_per_100
from .pigment_priors import EXTENDERS, GROUNDS, LEAF, ground_odds, palette

Role = Literal["varnish", "paint", "ground", "support"]

#: Range of years of paintings of one period.
_YEARS = (1400, 2001)
#: Share of these paintings with a top paint of any time.
_RETOUCHED = 0.15

_FOREIGN = (
    "Bi2O3", "Br", "Y2O3", "U3O8", "WO3", "ZrO2", "Nb2O5", "Ga2O3", "GeO2", "Rb2O", "ThO2",
    "I", "CeO2", "V2O5", "SeO2", "MoO3", "Ta2O5", "PtO2", "Tl2O", "La2O3", "In2O3",
)  # fmt: skip
#: Contaminants of supports.
BEHIND = (
    "SnO2", "Br", "ZnO", "TiO2", "BaSO4", "PbO", "Fe2O3", "CuO", "CdO", "SrO", "ZrO2", "As2O3",
    "AgCl", "MnO2", "CaCO3", "Cl", "I", "Sb2O3",
)  # fmt: skip


@dataclass(frozen=True)
class Layer:
    """One layer.

    Parameters
    ----------
    role : {"varnish", "paint", "ground", "support"}
        Role in the painting.
    pigments : tuple of (str, float)
        Pigment ids with their share of the layer's weight (binder included).
    fractions : dict of int to float
        Mass fractions by atomic number.
    density_g_cm3, thickness_um : float
        Density and thickness.
    material : str
        Id of the one material that a varnish or support consists of, apart from contaminants.
    """

    role: Role
    pigments: tuple[tuple[str, float], ...]
    fractions: dict[int, float]
    density_g_cm3: float
    thickness_um: float
    material: str = ""


Stratigraphy = tuple[Layer, ...]


def paint_layer(
    rng: np.random.Generator,
    recipe: list[tuple[str, float]],
    thickness_um: float,
    *,
    role: Role = "paint",
    binder: str = "linseed_oil",
    wide: bool = True,
    traces: float = 1.0,
    medium_share: float = 1.0,
) -> Layer:
    """Mix a layer from pigments and fillers with parts by weight.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness for impurities, binder and compositions.
    recipe : list of (str, float)
        Ids of pigments or fillers, and parts by weight.
    thickness_um : float
        Thickness in um.
    role : {"paint", "ground"}
        Role in the painting.
    binder : str
        Id of the binder.
    wide : bool
        Whether to draw impurities and oxide analyses instead of nominal compositions.
    traces : float
        Factor on the chance of every impurity.
    medium_share : float
        Factor on the amount of binder.
    """
    masses: dict[int, float] = {}
    volume = oil = solid = 0.0
    for name, part in recipe:
        extra = materials().get(name)
        density = extra.density_g_cm3 if extra else pigment(name).density_g_cm3
        own = extra.parts if extra else _composition(rng, pigment(name), wide, traces)
        _add(masses, mixture_fractions(own), part)
        volume += part / density
        oil += part * (40.0 if extra else oil_per_100()[name]) / 100
        solid += part
    if wide:
        for impurity in impurities("*"):
            if rng.random() < impurity.chance * traces:
                _add(masses, formula_fractions(impurity.formula), solid * _percent(rng, impurity))
        if rng.random() < 0.06 * traces:
            formula = _FOREIGN[rng.integers(len(_FOREIGN))]
            _add(masses, formula_fractions(formula), solid * 10 ** rng.uniform(-3.3, -1.3))
        oil *= rng.lognormal(0, 0.35)
    oil *= medium_share
    medium = materials()[binder]
    _add(masses, mixture_fractions(medium.parts), oil)
    weight = sum(masses.values())
    shown = tuple((name, part / weight) for name, part in recipe if name not in materials())
    density = weight / (volume + oil / medium.density_g_cm3)
    return Layer(role, shown, {z: m / weight for z, m in masses.items()}, density, thickness_um)


def leaf_layer(rng: np.random.Generator, name: str) -> Layer:
    """Draw a metal leaf, 0.1-1 um thick, with a little alloy."""
    masses = {z: f for z, f in pigment(name).fractions.items()}
    _add(masses, formula_fractions("Cu"), 10 ** rng.uniform(-3, -1.3))
    if name == "gold_leaf":
        _add(masses, formula_fractions("Ag"), 10 ** rng.uniform(-3, -1.0))
    weight = sum(masses.values())
    fractions = {z: m / weight for z, m in masses.items()}
    density = pigment(name).density_g_cm3
    return Layer("paint", ((name, 1.0),), fractions, density, 10 ** rng.uniform(-0.9, 0.1))


def random_stratigraphy(
    rng: np.random.Generator, traces: float = 1.0, contaminated: float = 0.4, eras: float = 0.0
) -> Stratigraphy:
    """Draw the section of a painting, top layer first.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    traces : float
        Factor on the chance of every impurity.
    contaminated : float
        Chance of a support with foreign elements.
    eras : float
        Chance that all pigments were in use in one year; the top paint may be a later
        retouching all the same.
    """
    layers: list[Layer] = []
    year = int(rng.integers(*_YEARS)) if eras > 0 and rng.random() < eras else None
    retouched = year is not None and rng.random() < _RETOUCHED
    if rng.random() < 0.6:
        layers.append(plain_layer("varnish", "varnish", rng.uniform(3, 50)))
    for number in range(int(rng.choice([1, 2, 3], p=[0.45, 0.35, 0.2]))):
        layers.append(_random_paint(rng, traces, None if retouched and not number else year))
    for _ in range(int(rng.choice([0, 1, 2], p=[0.12, 0.74, 0.14]))):
        layers.append(random_ground(rng, traces, year))
    layers.extend(_random_support(rng, contaminated))
    return tuple(layers)


def _random_paint(rng: np.random.Generator, traces: float, year: int | None) -> Layer:
    if rng.random() < 0.05:
        return leaf_layer(rng, LEAF[rng.integers(len(LEAF))])
    catalogue, odds = palette(year)
    count = int(rng.choice([1, 2, 3, 4], p=[0.38, 0.37, 0.2, 0.05]))
    chosen = rng.choice(len(catalogue), count, replace=False, p=odds)
    recipe = [(catalogue[i], rng.lognormal(0, 1.1)) for i in chosen]
    if rng.random() < 0.2:
        extender = EXTENDERS[rng.integers(len(EXTENDERS))]
        if extender not in dict(recipe) and in_use(extender, (year, year)):
            recipe.append((extender, sum(p for _, p in recipe) * 10 ** rng.uniform(-1, 0.3)))
    glaze = rng.random() < 0.15
    if glaze:
        thickness = rng.uniform(4, 20)
    else:
        thickness = float(np.clip(rng.lognormal(np.log(26), 0.65), 4, 150))
    layer = paint_layer(rng, recipe, thickness, traces=traces)
    return _diluted(layer, 10 ** rng.uniform(0.2, 1.2)) if glaze else layer


def random_ground(rng: np.random.Generator, traces: float, year: int | None) -> Layer:
    """Draw a ground; with a year, one that was in use then."""
    _, parts, binder = GROUNDS[rng.choice(len(GROUNDS), p=ground_odds(year))]
    recipe = [(name, part * rng.lognormal(0, 0.4)) for name, part in parts]
    return paint_layer(
        rng, recipe, 10 ** rng.uniform(1.3, 2.5), role="ground", binder=binder, traces=traces
    )


def _random_support(rng: np.random.Generator, contaminated: float) -> list[Layer]:
    kinds = ("canvas", "wood", "paper", "parchment", "plaster", "gypsum_plaster", "copper_plate")
    kind = str(rng.choice(kinds, p=[0.45, 0.25, 0.1, 0.05, 0.1, 0.046, 0.004]))
    low, high = {
        "canvas": (250, 1200), "wood": (3000, 20000), "paper": (80, 300), "parchment": (150, 400),
        "plaster": (3000, 20000), "gypsum_plaster": (3000, 20000), "copper_plate": (500, 2000),
    }[kind]  # fmt: skip
    layers = [plain_layer(kind, "support", rng.uniform(low, high))]
    if rng.random() < 0.3:  # a stretcher bar, a panel or a lining behind
        layers.append(plain_layer("wood", "support", rng.uniform(1000, 20000)))
    if rng.random() < contaminated:
        layers[-1] = contaminated_layer(rng, layers[-1])
    return layers


def contaminated_layer(rng: np.random.Generator, layer: Layer) -> Layer:
    """Draw fillers, biocides, flame retardants and contaminants behind the paint.

    They are no pigments of the painting, but their hard lines are detected through it.
    """
    masses = dict(layer.fractions)
    for formula in rng.choice(BEHIND, int(rng.integers(1, 4)), replace=False):
        _add(masses, formula_fractions(str(formula)), 10 ** rng.uniform(-3.5, -1.2))
    weight = sum(masses.values())
    return replace(layer, fractions={z: mass / weight for z, mass in masses.items()})


def plain_layer(name: str, role: Role, thickness_um: float) -> Layer:
    """Return a layer of one material of ``data/materials.csv``, thickness in um."""
    material = materials()[name]
    fractions = mixture_fractions(material.parts)
    return Layer(role, (), fractions, material.density_g_cm3, thickness_um, name)


def _diluted(layer: Layer, times: float) -> Layer:
    """Return the same pigments in `times` as much medium (a glaze)."""
    oil = materials()["linseed_oil"]
    masses: dict[int, float] = {}
    _add(masses, layer.fractions, 1.0)
    _add(masses, mixture_fractions(oil.parts), times - 1)
    density = times / (1 / layer.density_g_cm3 + (times - 1) / oil.density_g_cm3)
    pigments = tuple((name, share / times) for name, share in layer.pigments)
    fractions = {z: m / times for z, m in masses.items()}
    return Layer(layer.role, pigments, fractions, density, layer.thickness_um)


def _composition(
    rng: np.random.Generator, entry: Pigment, wide: bool, traces: float
) -> dict[str, float]:
    """Draw the compounds of a pigment by weight, varied unless it is a pure compound."""
    parts = dict(entry.parts)
    total = sum(parts.values())
    if wide and len(parts) > 1:
        main = set(entry.diagnostic)
        for formula in list(parts):
            parts[formula] *= rng.lognormal(0, 0.45)
            if parts[formula] < 0.1 * total and not _carries(formula, main) and rng.random() < 0.4:
                del parts[formula]
    total = sum(parts.values())
    parts = {formula: part / total for formula, part in parts.items()}
    if wide:
        for impurity in impurities(entry.id):
            if rng.random() < impurity.chance * traces:
                share = _percent(rng, impurity)
                parts[impurity.formula] = parts.get(impurity.formula, 0.0) + share
    return parts


def _carries(formula: str, diagnostic: set[str]) -> bool:
    """Return whether a compound contains one of the diagnostic elements."""
    return any(formula.startswith(family.split()[0]) for family in diagnostic)


def _percent(rng: np.random.Generator, impurity: Impurity) -> float:
    low, high = impurity.low_percent, impurity.high_percent
    return float(10 ** rng.uniform(np.log10(low), np.log10(high)) / 100)


def _add(masses: dict[int, float], fractions: dict[int, float], weight: float) -> None:
    for z, fraction in fractions.items():
        masses[z] = masses.get(z, 0.0) + weight * fraction
