"""Paintings in plan: the sample painting with its hidden picture, and random mosaics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from .._typing import BoolArray, IntArray
from .stratigraphy import (
    Layer,
    Stratigraphy,
    leaf_layer,
    paint_layer,
    plain_layer,
    random_stratigraphy,
)

Recipe = tuple[tuple[str, float], ...]

#: Paint of each region: parts by weight and thickness in um, top layer first.
_PAINTS: dict[str, tuple[tuple[Recipe, float], ...]] = {
    "sky": (((("azurite", 0.6), ("lead_white", 0.4)), 28.0),),
    "cloud": (((("lead_white", 0.9), ("azurite", 0.1)), 30.0),),
    "hills": (((("green_earth", 0.6), ("yellow_ochre", 0.4)), 30.0),),
    "meadow": (((("malachite", 0.5), ("lead_tin_yellow", 0.5)), 25.0),),
    "robe": (((("vermilion", 0.8), ("lead_white", 0.2)), 25.0),),
    "fold": (((("vermilion", 0.5), ("umber", 0.5)), 35.0),),
    "cloak": (((("smalt", 0.75), ("lead_white", 0.25)), 40.0),),
    "flesh": (((("lead_white", 0.85), ("vermilion", 0.08), ("yellow_ochre", 0.07)), 30.0),),
    "hair": (((("umber", 0.7), ("bone_black", 0.3)), 22.0),),
}
#: Hidden paint: a bowl of fruit under the sky.
_HIDDEN: dict[str, tuple[Recipe, float]] = {
    "fruit": ((("vermilion", 0.9), ("lead_white", 0.1)), 30.0),
    "bowl": ((("lead_tin_yellow", 1.0),), 35.0),
}
REGIONS = (*_PAINTS, "halo", *(f"sky over {name}" for name in _HIDDEN))


@dataclass(frozen=True)
class Painting:
    """A painting in plan and in section.

    Parameters
    ----------
    regions : ndarray of int, shape (y, x)
        Index into `names` and `sections` of each pixel.
    names : tuple of str
        Names of the regions.
    sections : tuple of Stratigraphy
        Layers of each region, from the top.
    """

    regions: IntArray
    names: tuple[str, ...]
    sections: tuple[Stratigraphy, ...]


def sample_painting(rng: np.random.Generator, shape: tuple[int, int]) -> Painting:
    """Build the sample painting on a grid of `shape` (y, x) pixels."""
    base = _base(rng)
    varnish = plain_layer("varnish", "varnish", 12.0)
    sections: list[Stratigraphy] = []
    for name in REGIONS:
        paints = [_paint(rng, *layer) for layer in _PAINTS.get(name.split(" over ")[0], ())]
        if name == "halo":
            paints = [leaf_layer(rng, "gold_leaf"), _paint(rng, (("red_ochre", 1.0),), 15.0)]
        if " over " in name:
            paints.append(_paint(rng, *_HIDDEN[name.split(" over ")[1]]))
        sections.append((varnish, *paints, *base))
    return Painting(_plan(shape), REGIONS, tuple(sections))


def _paint(rng: np.random.Generator, recipe: Recipe, thickness_um: float) -> Layer:
    return paint_layer(rng, list(recipe), thickness_um, wide=False)


def _base(rng: np.random.Generator) -> Stratigraphy:
    chalk = [("chalk", 0.97), ("yellow_ochre", 0.03)]
    ground = paint_layer(rng, chalk, 160.0, role="ground", binder="glue", wide=False)
    return (ground, plain_layer("canvas", "support", 500.0))


def _plan(shape: tuple[int, int]) -> IntArray:
    """Return the regions on a grid; coordinates run from 0 to 1, y downwards."""
    rows, columns = shape
    y = ((np.arange(rows) + 0.5) / rows)[:, None]
    x = ((np.arange(columns) + 0.5) / columns)[None, :]
    plan = np.full(shape, REGIONS.index("sky"))

    def put(name: str, where: BoolArray) -> None:
        plan[np.broadcast_to(where, shape)] = REGIONS.index(name)

    def oval(cy: float, cx: float, ry: float, rx: float) -> BoolArray:
        inside: BoolArray = ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 < 1
        return inside

    put("cloud", oval(0.14, 0.14, 0.07, 0.12) | oval(0.18, 0.23, 0.06, 0.1))
    put("sky over bowl", oval(0.47, 0.2, 0.13, 0.13) & (y > 0.45))
    for cx, cy in ((0.14, 0.4), (0.2, 0.37), (0.26, 0.41)):
        put("sky over fruit", oval(cy, cx, 0.055, 0.037))
    put("hills", y > 0.68 + 0.06 * np.sin(9 * x))
    put("meadow", y > 0.84 + 0.03 * np.sin(14 * x + 1))
    put("halo", oval(0.27, 0.66, 0.24, 0.16))
    put("hair", oval(0.27, 0.66, 0.17, 0.11))
    put("cloak", (np.abs(x - 0.66) < 0.1 + 0.3 * (y - 0.4)) & (y > 0.42))
    put("robe", (np.abs(x - 0.66) < 0.05 + 0.17 * (y - 0.4)) & (y > 0.42))
    put("fold", (np.abs(x - 0.64 - 0.03 * np.sin(12 * y)) < 0.012) & (y > 0.5))
    put("flesh", oval(0.29, 0.66, 0.125, 0.075) | oval(0.62, 0.56, 0.05, 0.045))
    return plan


def mosaic_painting(
    rng: np.random.Generator, shape: tuple[int, int], patches: int = 12
) -> Painting:
    """Draw patches with straight borders, each with its own paint, on a common base.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    shape : tuple of int
        Rows and columns.
    patches : int
        Number of paints.

    Returns
    -------
    Painting
        With common impurities; ground and support are the same everywhere.
    """
    drawn = [random_stratigraphy(rng, traces=0.5, contaminated=0.3) for _ in range(patches)]
    base = tuple(layer for layer in drawn[0] if layer.role in ("ground", "support"))
    paints = [
        tuple(layer for layer in layers if layer.role in ("varnish", "paint")) for layers in drawn
    ]
    centres = rng.uniform(0, shape, (patches, 2))
    pixels = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    _, nearest = KDTree(centres).query(pixels + 0.5)
    names = tuple(f"patch {number + 1}" for number in range(patches))
    return Painting(
        np.asarray(nearest, np.int64), names, tuple((*paint, *base) for paint in paints)
    )
