"""Random paintings in plan: patches of random paints over one ground."""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree

from .paintings import Painting
from .stratigraphy import random_stratigraphy


def mosaic_painting(
    rng: np.random.Generator, shape: tuple[int, int], patches: int = 12
) -> Painting:
    """Patches with straight borders, each of a paint of its own, on a common base.

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
        With usual impurities; ground and support are the same everywhere.
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
