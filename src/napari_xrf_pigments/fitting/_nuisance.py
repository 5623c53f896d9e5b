"""What a spectrum holds besides the lines of the sample: scatter, pile-up and continuum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ._least_squares import expected_variance, positive_fit
from .artefacts import Scatter, pile_up_shape, scatter_shapes
from .background import smooth_terms, snip
from .conditions import Conditions
from .design_matrix import LineColumns, stack

Array = NDArray[np.float64]


def nuisance_columns(
    axis_kev: Array, reference: Array, families: Sequence[LineColumns], conditions: Conditions
) -> tuple[Array, tuple[str, ...]]:
    """Columns of scatter, pile-up and continuum, with the shapes of a reference spectrum.

    Returns
    -------
    columns : ndarray, shape (column, channel)
    labels : tuple of str
        ``"scatter"``, ``"pile-up"`` or ``"continuum"`` for each.
    """
    scatter = scatter_shapes(axis_kev, conditions)
    broad = np.array([part.shape for part in scatter])
    lines = (
        stack([family.shapes for family in families]) if families else np.zeros((0, len(axis_kev)))
    )
    terms = smooth_terms(axis_kev)
    base = _continuum(axis_kev, reference, conditions)
    variance = expected_variance(axis_kev, reference, conditions)
    amplitude = positive_fit(stack([lines, broad, terms * base]), reference, variance)
    sums = pile_up_columns(axis_kev, lines, amplitude[: len(lines)])
    # Again with the sums, which would else be taken for a part of the Compton peak.
    amplitude = positive_fit(stack([lines, broad, sums, terms * base]), reference, variance)
    scale = amplitude[len(lines) : len(lines) + len(scatter)]
    merged = merge_compton(scatter, scale)
    # The continuum without the broad peaks that have columns of their own.
    humps = scale @ broad if len(scatter) else np.zeros_like(reference)
    base = _continuum(axis_kev, np.maximum(reference - humps, 0), conditions)
    columns = stack([merged, sums, terms * base])
    labels = ("scatter",) * len(merged) + ("pile-up",) * len(sums) + ("continuum",) * len(terms)
    return columns, labels


def merge_compton(scatter: Sequence[Scatter], amplitude: Array) -> Array:
    """One column a scatter peak: the angles of a Compton peak merged as the reference has them."""
    merged: dict[str, Array] = {}
    for part, size in zip(scatter, amplitude, strict=True):
        if part.kind == "Rayleigh":
            merged[part.name] = part.shape
        elif size > 0:
            title = part.name.rsplit(" ", 1)[0]
            merged[title] = merged.get(title, np.zeros_like(part.shape)) + size * part.shape
    return np.array([shape / shape.sum() for shape in merged.values() if shape.sum() > 0])


def pile_up_columns(axis_kev: Array, lines: Array, amplitude: Array, strongest: int = 3) -> Array:
    """Sum peaks of the strongest lines, shape (pair, channel)."""
    order = [int(i) for i in np.argsort(-amplitude)[:strongest] if amplitude[i] > 0]
    pairs = [(i, j) for n, i in enumerate(order) for j in order[n:]]
    shapes = [pile_up_shape(axis_kev, lines[i], lines[j]) for i, j in pairs]
    return np.array([shape for shape in shapes if shape.any()])


def _continuum(axis_kev: Array, spectrum: Array, conditions: Conditions) -> Array:
    clipped = snip(spectrum, axis_kev, conditions.fwhm_mn_ka_ev)
    return np.asarray(np.maximum(clipped, 1e-3 * spectrum.mean()))
