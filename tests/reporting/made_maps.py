"""Make small maps for the tests of this folder."""

from __future__ import annotations

import numpy as np

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps

SHAPE = (20, 30)


def elements(**maps):
    counts = np.stack([np.broadcast_to(value, SHAPE) for value in maps.values()]).astype("f4")
    return ElementMaps(tuple(maps), counts, np.full_like(counts, 10.0), (0.5, 0.5))


def pigments(probability, groups=None):
    images = np.stack([np.broadcast_to(value, SHAPE) for value in probability.values()]).astype(
        "f4"
    )
    groups = groups or {"g": 0.0}
    of_groups = np.stack([np.broadcast_to(value, SHAPE) for value in groups.values()]).astype("f4")
    return PigmentMaps(
        tuple(probability), images, images, images, tuple(groups), of_groups, images[0], (0.5, 0.5)
    )


def patch(value, rows=slice(0, 5)):
    image = np.zeros(SHAPE)
    image[rows] = value
    return image
