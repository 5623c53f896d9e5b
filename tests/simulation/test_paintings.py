"""Test random paintings in plan."""

import numpy as np
import pytest

from napari_xrf_pigments import simulate_scan
from napari_xrf_pigments.simulation.paintings import mosaic_painting


def test_patches_cover_the_painting_and_share_ground_and_support() -> None:
    painting = mosaic_painting(np.random.default_rng(3), (20, 30), patches=6)
    assert painting.regions.shape == (20, 30)
    assert set(np.unique(painting.regions)) <= set(range(6))
    assert len(np.unique(painting.regions)) > 3
    assert len(painting.names) == len(painting.sections) == 6
    bases = {
        tuple(id(layer) for layer in section if layer.role in ("ground", "support"))
        for section in painting.sections
    }
    assert len(bases) == 1
    paints = {str([x.pigments for x in s if x.role == "paint"]) for s in painting.sections}
    assert len(paints) > 1


def test_the_same_seed_gives_the_same_painting() -> None:
    one, other = (mosaic_painting(np.random.default_rng(5), (8, 8)) for _ in range(2))
    assert (one.regions == other.regions).all()
    assert one.sections == other.sections


def test_a_scan_of_a_mosaic_has_the_regions_of_the_painting() -> None:
    painting = mosaic_painting(np.random.default_rng(1), (8, 12), patches=3)
    cube, truth = simulate_scan(
        0, (8, 12), counts=500.0, n_channels=512, gain_kev=0.06, painting=painting
    )
    assert cube.shape == (8, 12, 512)
    assert (truth.regions == painting.regions).all()
    assert tuple(truth.sections) == painting.names


def test_a_painting_of_another_shape_is_refused() -> None:
    painting = mosaic_painting(np.random.default_rng(1), (8, 12))
    with pytest.raises(ValueError, match=r"\(8, 12\) pixels, not \(9, 9\)"):
        simulate_scan(0, (9, 9), painting=painting)
