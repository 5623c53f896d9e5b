"""Random reference samples."""

from __future__ import annotations

import numpy as np

from napari_xrf_pigments.cube.acquisition import SUPPORTS
from napari_xrf_pigments.pigments.catalogue import pigment_catalogue
from napari_xrf_pigments.simulation.stratigraphy import Layer, Stratigraphy
from napari_xrf_pigments.simulation.stratigraphy_batch import random_pool
from napari_xrf_pigments.simulation.swatches import random_swatch

SWATCHES = [random_swatch(np.random.default_rng(seed)) for seed in range(600)]


def test_a_swatch_is_one_paint_on_a_support() -> None:
    for layers in SWATCHES:
        assert [layer.role for layer in layers].count("paint") == 1
        assert layers[-1].role == "support"
        assert layers[-1].material in ("card", "paper", "canvas", "wood", "plastic")


def test_most_swatches_hold_a_single_pigment_and_many_have_no_ground() -> None:
    single = [len(_paint(layers).pigments) == 1 for layers in SWATCHES]
    ground = [any(layer.role == "ground" for layer in layers) for layers in SWATCHES]
    assert 0.5 < np.mean(single) < 0.85
    assert 0.1 < np.mean(ground) < 0.5


def test_thickness_ranges_from_a_thin_film_to_a_powder_bed() -> None:
    thickness = np.array([_paint(layers).thickness_um for layers in SWATCHES])
    assert thickness.min() < 10
    assert thickness.max() > 1000


def test_every_pigment_but_leaf_occurs() -> None:
    names = {name for layers in SWATCHES for name, _ in _paint(layers).pigments}
    assert {entry.id for entry in pigment_catalogue()} - names <= {"gold_leaf", "silver_leaf"}


def test_a_pool_mixes_swatches_with_paintings_and_knows_their_supports() -> None:
    pool = random_pool(np.random.default_rng(1), 200, swatches=0.5)
    kinds = {SUPPORTS[index] for index in pool.support.tolist() if index >= 0}
    assert {"canvas", "panel", "paper", "wall"} <= kinds
    assert (pool.support == -1).any()


def _paint(layers: Stratigraphy) -> Layer:
    return next(layer for layer in layers if layer.role == "paint")
