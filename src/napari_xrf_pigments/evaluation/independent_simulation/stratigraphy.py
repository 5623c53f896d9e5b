"""Stratigraphies of the independent test sets, with other priors than those of the training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from napari_xrf_pigments.physics.composition import formula_fractions, mixture_fractions
from napari_xrf_pigments.physics.lines import atomic_number
from napari_xrf_pigments.pigments.catalogue import Pigment

from .catalogue import set_pigment, set_pigments
from .recipes import BINDERS, GROUNDS, OIL_PARTS, SUPPORTS, TRACES, WHITES

Mass = dict[int, float]


@dataclass(frozen=True)
class Layer:
    """A layer of a painting.

    Parameters
    ----------
    role : {"varnish", "paint", "ground", "support"}
        Role in the painting.
    elements : dict of int to float
        Mass fractions by atomic number.
    density : float
        g/cm3.
    thickness_um : float
        Thickness in um.
    pigments : dict of str to float
        Weight fraction of each pigment of the catalogue.
    supply : dict of str to dict of int to float
        Mass fractions of the elements that each pigment brings, relative to the layer.
    """

    role: str
    elements: Mass
    density: float
    thickness_um: float
    pigments: dict[str, float] = field(default_factory=dict)
    supply: dict[str, Mass] = field(default_factory=dict)


@dataclass(frozen=True)
class Strata:
    """Layers from the surface down, and the name of the support."""

    layers: tuple[Layer, ...]
    support: str


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform between those of two limits."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _analysis(rng: np.random.Generator, entry: Pigment) -> Mass:
    """Draw the mass fractions of a sample of a pigment; only mixtures of oxides vary."""
    parts = dict(entry.parts)
    if len(parts) > 1:
        main = {str(f.split()[0]) for f in entry.diagnostic}
        for oxide in parts:
            key = any(atomic_number(symbol) in formula_fractions(oxide) for symbol in main)
            parts[oxide] *= float(np.exp(rng.normal(0.0, 0.25 if key else 0.6)))
    return mixture_fractions(parts)


def mix(
    rng: np.random.Generator,
    role: str,
    weights: dict[str, float],
    others: Iterable[tuple[str, float, float]],
    binder: str,
    binder_parts: float,
    thickness_um: float,
) -> Layer:
    """Mix a layer of pigments, uncoloured materials and a binder.

    Parameters
    ----------
    rng : Generator
        Generator of the random numbers.
    role : str
        See `Layer`.
    weights : dict of str to float
        Parts by weight of pigments.
    others : iterable of (composition, density, parts)
        Materials that are not in the pigment catalogue.
    binder : str
        Name in `BINDERS`.
    binder_parts : float
        Parts by weight of binder.
    thickness_um : float
        Thickness in um.
    """
    dense = {name: set_pigment(name).density_g_cm3 for name in weights}
    rest = [(mixture_fractions(parse(text)), rho, parts) for text, rho, parts in others]
    binder_elements, binder_density = BINDERS[binder]
    rest.append((mixture_fractions(binder_elements), binder_density, binder_parts))
    total = sum(weights.values()) + sum(parts for *_, parts in rest)
    volume = sum(w / dense[name] for name, w in weights.items()) + sum(p / d for _, d, p in rest)
    supply = {
        name: {z: f * w / total for z, f in _analysis(rng, set_pigment(name)).items()}
        for name, w in weights.items()
    }
    elements: Mass = {}
    sources = [{z: f * p / total for z, f in m.items()} for m, _, p in rest]
    for source in [*supply.values(), *sources]:
        for z, fraction in source.items():
            elements[z] = elements.get(z, 0.0) + fraction
    for symbol, low, high, chance in TRACES:
        if role != "varnish" and rng.random() < chance:
            z = atomic_number(symbol)
            elements[z] = elements.get(z, 0.0) + log_uniform(rng, low, high) * 1e-6
    if elements.get(20, 0.0) > 0.05 or elements.get(56, 0.0) > 0.05:  # chalk, gypsum, barytes
        elements[38] = elements.get(38, 0.0) + log_uniform(rng, 1e-4, 2e-3)
    scale = sum(elements.values())
    return Layer(
        role,
        {z: f / scale for z, f in elements.items()},
        total / volume * float(rng.uniform(0.85, 1.0)),
        thickness_um,
        {name: w / total for name, w in weights.items()},
        {name: {z: f / scale for z, f in m.items()} for name, m in supply.items()},
    )


def parse(text: str) -> dict[str, float]:
    """Parse formulas with parts, such as ``"C6H10O5"`` or ``"SiO2 90 Fe2O3 2"``."""
    words = text.split()
    if len(words) == 1:
        return {words[0]: 1.0}
    return dict(zip(words[::2], map(float, words[1::2]), strict=True))


def _era(rng: np.random.Generator) -> tuple[str, ...]:
    entries = set_pigments()
    if rng.random() < 0.5:
        return tuple(entry.id for entry in entries)
    year = rng.integers(1550, 1995)
    return tuple(
        entry.id for entry in entries if (entry.in_use[0] or 0) <= year <= (entry.in_use[1] or 9999)
    )


def _paint(rng: np.random.Generator, palette: tuple[str, ...]) -> Layer:
    n = 1 + int(rng.choice(3, p=[0.4, 0.37, 0.23]))
    ids = [str(name) for name in rng.choice(palette, n, replace=False)]
    leaf = next((name for name in ids if name.endswith("_leaf")), None)
    if leaf and rng.random() < 0.7:
        um = log_uniform(rng, 0.15, 2.0)
        return Layer(
            "paint", dict(set_pigment(leaf).fractions), set_pigment(leaf).density_g_cm3, um,
            {leaf: 1.0}, {leaf: dict(set_pigment(leaf).fractions)},
        )  # fmt: skip
    weights = {name: float(np.exp(rng.normal(0.0, 0.9))) for name in ids}
    if rng.random() < 0.3:
        white = str(rng.choice([name for name in WHITES if name in palette]))
        weights[white] = weights.get(white, 0.0) + sum(weights.values()) * log_uniform(rng, 0.2, 5)
    if rng.random() < 0.18:  # an extender
        extender = str(rng.choice(["barium_sulfate", "chalk", "gypsum"]))
        weights.setdefault(extender, sum(weights.values()) * log_uniform(rng, 0.08, 0.7))
    total = sum(weights.values())
    weights = {name: w / total for name, w in weights.items() if w / total > 0.015}
    others = []
    if rng.random() < 0.15:
        others.append(("Al2Si2O9H4", 2.6, log_uniform(rng, 0.05, 0.4)))  # kaolin
    if rng.random() < 0.1:
        others.append(("C", 1.9, log_uniform(rng, 0.02, 0.2)))  # carbon black
    oil = sum(w * OIL_PARTS.get(name, 0.45) for name, w in weights.items())
    binder = str(rng.choice(list(BINDERS), p=[0.7, 0.2, 0.1]))
    return mix(
        rng, "paint", weights, others, binder,
        oil * float(np.exp(rng.normal(0.0, 0.25))), log_uniform(rng, 8.0, 80.0),
    )  # fmt: skip


def draw_strata(rng: np.random.Generator) -> Strata:
    """Draw the layers of a painting at one point."""
    layers: list[Layer] = []
    if rng.random() < 0.65:
        fractions = formula_fractions("C30H46O4")
        layers.append(Layer("varnish", fractions, 1.07, log_uniform(rng, 4.0, 60.0)))
    palette = _era(rng)
    for _ in range(1 + int(rng.choice(3, p=[0.35, 0.4, 0.25]))):
        layers.append(_paint(rng, palette))
    for _ in range(int(rng.choice(3, p=[0.06, 0.8, 0.14]))):
        recipe = GROUNDS[int(rng.choice(len(GROUNDS)))]
        weights = {
            name: float(parts * np.exp(rng.normal(0.0, 0.3))) for name, parts in recipe.weights
        }
        binder_parts = sum(weights.values()) * rng.uniform(*recipe.binder_share)
        layers.append(
            mix(rng, "ground", weights, (), recipe.binder, binder_parts, log_uniform(rng, 40, 350))
        )
    support = SUPPORTS[int(rng.choice(len(SUPPORTS), p=[s.chance for s in SUPPORTS]))]
    weights = dict(support.weights)
    low, high = support.mm
    if weights:
        others = [(support.material, support.density, 1.0 - sum(weights.values()))]
        um = rng.uniform(low, high) * 1e3
        layers.append(mix(rng, "support", weights, others, "glue", 0.01, um))
    else:
        elements = mixture_fractions(parse(support.material))
        layers.append(Layer("support", elements, support.density, rng.uniform(low, high) * 1e3))
    return Strata(tuple(layers), support.name)
