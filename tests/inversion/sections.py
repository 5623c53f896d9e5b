"""Sections of nominal paints for the tests of the inversion."""

from __future__ import annotations

import numpy as np

from napari_xrf_pigments.simulation.stratigraphy import Stratigraphy, paint_layer, plain_layer


def make_section(*paints: list[tuple[str, float]], seed: int = 0) -> Stratigraphy:
    """Make nominal paints over a chalk ground on canvas."""
    rng = np.random.default_rng(seed)
    layers = [paint_layer(rng, list(recipe), 25.0, wide=False) for recipe in paints]
    ground = paint_layer(rng, [("chalk", 1.0)], 150.0, role="ground", binder="glue", wide=False)
    return (*layers, ground, plain_layer("canvas", "support", 500.0))
