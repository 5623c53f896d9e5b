"""Results of complete runs over the synthetic scan."""

from __future__ import annotations

import numpy as np

from napari_xrf_pigments import ElementMaps, PigmentMaps
from napari_xrf_pigments.plugin.state.results import ElementResults, PigmentResults

from .synthetic import GROUPS, PIGMENTS, SHAPE, answer, places


def elements() -> ElementResults:
    """Return maps of the three lines, with a little noise."""
    names = tuple(places())
    counts = np.stack([1000.0 * places()[name] for name in names]).astype(np.float32)
    counts += np.random.default_rng(0).normal(0, 5, counts.shape)
    return ElementResults.from_maps(ElementMaps(names, counts, np.full_like(counts, 10.0)))


def pigments() -> PigmentResults:
    """Return maps of the five pigments."""
    parts = answer(slice(0, SHAPE[0]), slice(0, SHAPE[1]))
    fields = ("probability", "top", "below", "group_probability", "unexplained")
    maps = {name: np.asarray(parts[name], np.float32) for name in fields}
    return PigmentResults.from_maps(PigmentMaps(names=PIGMENTS, groups=GROUPS, **maps))
