"""Design matrix of a linear fit: line families, scatter, pile-up and continuum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from .._typing import Float32Array, FloatArray
from ..cube.acquisition import Acquisition
from ..physics.detector import path_transmission
from ..physics.lines import LineFamily, line_family
from .artefacts import Scatter, pile_up_shape, scatter_shapes
from .background import smooth_terms, snip
from .conditions import Conditions
from .least_squares import expected_variance, positive_fit
from .lineshape import family_shape

#: Uncertainty of a line's energy (keV), its width and the ratios within a family (shares).
ENERGY_KEV, WIDTH_SHARE, RATIO_SHARE = 0.004, 0.02, 0.08
#: From this element on the ratios of the L sub-shells depend on depth, and are left free.
_SPLIT_Z = 47


@dataclass(frozen=True)
class LineColumns:
    """The columns of a line family and the uncertainties of their shapes.

    Parameters
    ----------
    name : str
        The family, such as ``"Pb L"``.
    shapes : ndarray, shape (column, channel)
        Counts in each channel for one count in the full-energy peaks.
    shape_uncertainties : ndarray, shape (column, cause, channel)
        Changes of each shape by one standard deviation of its energy, its width and its line
        ratios.
    """

    name: str
    shapes: FloatArray
    shape_uncertainties: FloatArray


def line_columns(
    axis_kev: FloatArray,
    name: str,
    conditions: Conditions,
    *,
    split: bool = True,
    uncertainties: bool = True,
) -> LineColumns:
    """Compute the columns of a line family on an energy axis.

    Parameters
    ----------
    axis_kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    name : str
        Element and shell, such as ``"Fe K"``.
    conditions : Conditions
        Resolution, voltage and air path.
    split : bool
        Whether heavy L families get two columns: sub-shell L3, and L1 with L2.
    uncertainties : bool
        Whether to compute the uncertainties of shapes, which take most of the time.

    Raises
    ------
    ValueError
        If there is no such family, or the voltage does not excite it.
    """
    family = excited_family(name, conditions)
    air = path_transmission(family.kev, conditions.air_mm)
    if split and family.family == "L" and family.z >= _SPLIT_Z:
        third = np.array([line.iupac.startswith("L3") for line in family.lines])
        parts = [third, ~third]
    else:
        parts = [np.ones(len(family.lines), dtype=bool)]
    parts = [part for part in parts if (family.strength * air)[part].sum() > 0]
    shapes, errors = [], []
    for part in parts:
        weight = air * part
        shape = family_shape(axis_kev, family, weight, conditions.fwhm_mn_ka_ev)
        shapes.append(shape)
        if uncertainties:
            errors.append(_shape_uncertainties(axis_kev, family, weight, shape, conditions))
        else:
            errors.append(np.zeros((0, len(axis_kev))))
    return LineColumns(name, np.array(shapes), np.array(errors))


def excited_family(name: str, conditions: Conditions) -> LineFamily:
    """Return the line family of a name at the voltage of the tube.

    Raises
    ------
    ValueError
        If there is no such family, or the voltage does not excite it.
    """
    family = line_family(name, 120.0)
    edges = [line.edge_kev for line in family.lines]
    if not conditions.excites(min(edges)):
        raise ValueError(f"{name} is not excited by a tube at {conditions.tube_kv:g} kV.")
    # Just above its edges a family would lose sub-shells for lack of a spectrum.
    return line_family(name, max(conditions.excitation_kev, 1.05 * max(edges)))


def _shape_uncertainties(
    axis_kev: FloatArray,
    family: LineFamily,
    weight: FloatArray,
    shape: FloatArray,
    conditions: Conditions,
) -> FloatArray:
    gain = axis_kev[1] - axis_kev[0]
    shifted = np.gradient(shape, gain) * ENERGY_KEV
    wider = family_shape(axis_kev, family, weight, conditions.fwhm_mn_ka_ev * (1 + WIDTH_SHARE))
    main = family.lines[int(np.argmax(family.strength * weight))]
    first = np.array([line.siegbahn[1] == main.siegbahn[1] for line in family.lines])
    tilted = family_shape(
        axis_kev, family, weight * (1 + RATIO_SHARE * ~first), conditions.fwhm_mn_ka_ev
    )
    return np.array([shifted, wider - shape, tilted - shape])


def binned_axis(
    kev: FloatArray, gain_kev: float, low_kev: float, bin_kev: float
) -> tuple[int, int, FloatArray]:
    """Divide an energy axis above a lower limit into bins of whole channels.

    Parameters
    ----------
    kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    gain_kev : float
        Width of a channel, keV.
    low_kev : float
        Lower limit, keV.
    bin_kev : float
        Width of a bin at most, keV; a bin holds at least one channel.

    Returns
    -------
    first, fold : int
        First channel, and channels per bin.
    centres : ndarray, shape (bin,)
        Centres of the bins, keV.

    Raises
    ------
    ValueError
        If the bins cover less than 1 keV.
    """
    fold = max(1, int(bin_kev / gain_kev + 1e-6))
    first = int(np.searchsorted(kev, low_kev))
    bins = (kev.size - first) // fold
    if bins * fold * gain_kev < 1.0:
        raise ValueError("The energy axis holds too little above 1.2 keV to fit lines to.")
    start = kev[first] + 0.5 * (fold - 1) * gain_kev
    return first, fold, start + gain_kev * fold * np.arange(bins)


def vstack_columns(parts: Sequence[FloatArray]) -> FloatArray:
    """Stack groups of columns, shape (column, channel)."""
    return np.concatenate([np.atleast_2d(part) for part in parts if len(part)], axis=0)


def nuisance_columns(
    axis_kev: FloatArray,
    reference: FloatArray,
    families: Sequence[LineColumns],
    conditions: Conditions,
) -> tuple[FloatArray, tuple[str, ...]]:
    """Compute columns of scatter, pile-up and continuum for a reference spectrum.

    Returns
    -------
    columns : ndarray, shape (column, channel)
    labels : tuple of str
        ``"scatter"``, ``"pile-up"`` or ``"continuum"`` for each.
    """
    scatter = scatter_shapes(axis_kev, conditions)
    broad = np.array([part.shape for part in scatter])
    lines = (
        vstack_columns([family.shapes for family in families])
        if families
        else np.zeros((0, len(axis_kev)))
    )
    terms = smooth_terms(axis_kev)
    base = _continuum(axis_kev, reference, conditions)
    variance = expected_variance(axis_kev, reference, conditions)
    amplitude = positive_fit(vstack_columns([lines, broad, terms * base]), reference, variance)
    sums = pile_up_columns(axis_kev, lines, amplitude[: len(lines)])
    # Again with the sum peaks, which would otherwise be fitted as part of the Compton peak.
    amplitude = positive_fit(
        vstack_columns([lines, broad, sums, terms * base]), reference, variance
    )
    scale = amplitude[len(lines) : len(lines) + len(scatter)]
    merged = merge_compton(scatter, scale)
    # The continuum without the broad peaks that have columns of their own.
    humps = scale @ broad if len(scatter) else np.zeros_like(reference)
    base = _continuum(axis_kev, np.maximum(reference - humps, 0), conditions)
    columns = vstack_columns([merged, sums, terms * base])
    labels = ("scatter",) * len(merged) + ("pile-up",) * len(sums) + ("continuum",) * len(terms)
    return columns, labels


def merge_compton(scatter: Sequence[Scatter], amplitude: FloatArray) -> FloatArray:
    """Merge the angles of each Compton peak into one column, as in the reference spectrum."""
    merged: dict[str, FloatArray] = {}
    for part, size in zip(scatter, amplitude, strict=True):
        if part.kind == "Rayleigh":
            merged[part.name] = part.shape
        elif size > 0:
            title = part.name.rsplit(" ", 1)[0]
            merged[title] = merged.get(title, np.zeros_like(part.shape)) + size * part.shape
    return np.array([shape / shape.sum() for shape in merged.values() if shape.sum() > 0])


def pile_up_columns(
    axis_kev: FloatArray, lines: FloatArray, amplitude: FloatArray, strongest: int = 3
) -> FloatArray:
    """Return the sum peaks of the strongest lines, shape (pair, channel)."""
    order = [int(i) for i in np.argsort(-amplitude)[:strongest] if amplitude[i] > 0]
    pairs = [(i, j) for n, i in enumerate(order) for j in order[n:]]
    shapes = [pile_up_shape(axis_kev, lines[i], lines[j]) for i, j in pairs]
    return np.array([shape for shape in shapes if shape.any()])


def _continuum(axis_kev: FloatArray, spectrum: FloatArray, conditions: Conditions) -> FloatArray:
    clipped = snip(spectrum, axis_kev, conditions.fwhm_mn_ka_ev)
    return np.asarray(np.maximum(clipped, 1e-3 * spectrum.mean()))


def shape_error_variance(
    family_solver: FloatArray, families: Sequence[LineColumns], members: FloatArray
) -> FloatArray:
    """Propagate the uncertainty of the shape of one family to the counts of the others.

    Returns
    -------
    ndarray, shape (family, column)
        Variance for one squared count in the column; columns beyond the families': 0.
    """
    variance = np.zeros_like(members)
    column = 0
    for family in families:
        for changes in family.shape_uncertainties:
            effect = (family_solver @ changes.T) ** 2
            variance[:, column] = effect.sum(1) * (members[:, column] == 0)
            column += 1
    return variance


#: Least energy of coarse bins, keV.
COARSE_LOW_KEV = 1.19


class CoarseBins:
    """Bins of two fine ones each, as far as an energy axis reaches above 1.2 keV.

    Parameters
    ----------
    kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    borders_kev : tuple of float
        Edges of the fine bins, keV.

    Attributes
    ----------
    borders_kev : ndarray, shape (bin + 1,)
        Edges of the coarse bins, keV.

    Raises
    ------
    ValueError
        If fewer than 16 of them lie on the axis.
    """

    def __init__(self, kev: FloatArray, borders_kev: tuple[float, ...]) -> None:
        gain = float(kev[-1] - kev[0]) / (len(kev) - 1)
        borders = np.array(borders_kev[::2])
        start, end = kev[0] - gain / 2, kev[-1] + gain / 2
        first = int(np.searchsorted(borders, max(COARSE_LOW_KEV, start)))
        last = int(np.searchsorted(borders, end, side="right")) - 1
        if last - first < 16:
            raise ValueError("The energy axis holds too little above 1.2 keV to fit lines to.")
        self.borders_kev = borders[first : last + 1]
        self._fine = slice(2 * first, 2 * last)
        self._positions = (self.borders_kev - start) / gain

    def merge(self, fine: Float32Array) -> Float32Array:
        """Sum counts of fine bins (spectrum, bin) in coarse ones."""
        inside = fine[:, self._fine]
        merged: Float32Array = inside[:, ::2] + inside[:, 1::2]
        return merged

    def integrate(self, shapes: FloatArray) -> FloatArray:
        """Integrate shapes (column, channel) over the bins, shape (column, bin)."""
        sums = np.concatenate([np.zeros((len(shapes), 1)), np.cumsum(shapes, axis=1)], axis=1)
        channel = np.minimum(self._positions.astype(int), shapes.shape[1] - 1)
        share = np.clip(self._positions - channel, 0.0, 1.0)
        return np.diff(sums[:, channel] + share * shapes[:, channel], axis=1)

    def continuum(self) -> FloatArray:
        """Return the terms of a smooth continuum, shape (term, bin)."""
        borders = self.borders_kev
        return smooth_terms((borders[1:] + borders[:-1]) / 2) * np.diff(borders)


Fit = TypeVar("Fit")


def fit_of_axis(
    kind: Callable[[FloatArray, tuple[float, ...], Conditions], Fit],
    kev: FloatArray,
    borders_kev: tuple[float, ...],
    acquisition: Acquisition | None,
) -> Fit | None:
    """Return the fit of a kind for an energy axis, made once; None where the axis is too short.

    Parameters
    ----------
    kind : type
        Class of the fit, made from axis, edges of the fine bins and conditions.
    kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    borders_kev : tuple of float
        Edges of the fine bins, keV.
    acquisition : Acquisition, optional
        Settings of the instrument, as far as known.
    """
    axis = (len(kev), float(kev[0]), float(kev[-1]))
    fit: Fit | None = _fit_of_axis(kind, axis, borders_kev, Conditions.of(acquisition))
    return fit


@lru_cache(maxsize=12)
def _fit_of_axis(
    kind: Callable[..., Any],
    axis: tuple[int, float, float],
    borders_kev: tuple[float, ...],
    conditions: Conditions,
) -> Any:
    channels, first, last = axis
    try:
        return kind(np.linspace(first, last, channels), borders_kev, conditions)
    except ValueError:
        return None
