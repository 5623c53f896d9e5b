"""Random reference samples: powders, and swatches of paint on card, paper, canvas or panel.

Thick layers of one pigment hardly occur in paintings, but they are the first spectra that a user
measures.
"""

from __future__ import annotations

import numpy as np

from ..pigments.catalogue import pigment_catalogue
from .pigment_priors import EXTENDERS, LEAF
from .stratigraphy import (
    Layer,
    Stratigraphy,
    contaminated_layer,
    paint_layer,
    plain_layer,
    random_ground,
)

#: Share of powders among the samples.
_POWDERS = 0.3
_WHITES = ("lead_white", "zinc_white", "titanium_white")
_BINDERS = ("linseed_oil", "acrylic", "gum", "glue")
_BINDER_ODDS = (0.45, 0.25, 0.15, 0.15)
#: Supports with the range of their thickness in um, and their probability.
_SUPPORTS: dict[str, tuple[float, float]] = {
    "card": (200, 2500), "paper": (80, 300), "canvas": (250, 1200), "wood": (2000, 15000),
    "plastic": (50, 3000),
}  # fmt: skip
_SUPPORT_ODDS = (0.4, 0.2, 0.15, 0.15, 0.1)


def random_swatch(
    rng: np.random.Generator, traces: float = 1.0, contaminated: float = 0.4
) -> Stratigraphy:
    """Draw a reference sample, top layer first.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    traces : float
        Factor on the chance of every impurity.
    contaminated : float
        Chance of a support with foreign elements.
    """
    powder = rng.random() < _POWDERS
    layers = [_powder(rng, traces) if powder else _swatch(rng, traces)]
    if not powder:
        if rng.random() < 0.1:
            layers.insert(0, plain_layer("varnish", "varnish", rng.uniform(3, 40)))
        if rng.random() < 0.4:
            layers.append(random_ground(rng, traces, None))
    name = tuple(_SUPPORTS)[rng.choice(len(_SUPPORTS), p=_SUPPORT_ODDS)]
    support = plain_layer(name, "support", rng.uniform(*_SUPPORTS[name]))
    layers.append(contaminated_layer(rng, support) if rng.random() < contaminated / 2 else support)
    return tuple(layers)


def _powder(rng: np.random.Generator, traces: float) -> Layer:
    recipe = _recipe(rng, (0.85, 0.12, 0.03))
    thickness = 10 ** rng.uniform(2.0, 3.5)
    return paint_layer(rng, recipe, thickness, traces=traces, medium_share=rng.uniform(0, 0.1))


def _swatch(rng: np.random.Generator, traces: float) -> Layer:
    recipe = _recipe(rng, (0.65, 0.23, 0.12))
    weight = sum(part for _, part in recipe)
    if rng.random() < 0.3:
        name = EXTENDERS[rng.integers(len(EXTENDERS))]
        if name not in dict(recipe):
            recipe.append((name, weight * 10 ** rng.uniform(-1.3, 0.3)))
    binder = _BINDERS[rng.choice(len(_BINDERS), p=_BINDER_ODDS)]
    thickness = 10 ** rng.uniform(0.8, 2.7)
    share = rng.lognormal(0.2, 0.5)
    return paint_layer(rng, recipe, thickness, binder=binder, traces=traces, medium_share=share)


def _recipe(rng: np.random.Generator, odds: tuple[float, ...]) -> list[tuple[str, float]]:
    """Draw pigments, each as likely as any other, and parts by weight; white beside some."""
    names = [entry.id for entry in pigment_catalogue() if entry.id not in LEAF]
    count = 1 + int(rng.choice(len(odds), p=odds))
    chosen = rng.choice(len(names), count, replace=False)
    recipe = [(names[i], rng.lognormal(0, 1.0)) for i in chosen]
    white = _WHITES[rng.integers(len(_WHITES))]
    if count > 1 and rng.random() < 0.3 and white not in dict(recipe):
        recipe.append((white, rng.lognormal(0.3, 1.0)))
    return recipe
