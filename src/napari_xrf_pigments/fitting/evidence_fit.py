"""Net counts of the elements of pigments in every spectrum, by one linear fit on coarse bins.

The fit is linear, so that it is a matrix product; each result depends on its own spectrum alone.
Three things make it sensitive enough to decide about single pixels:

- Bins are weighted by the inverse of their expected counts. They follow from the template, out of
  some fifty, that resembles the spectrum most: one or two major elements over lines, scatter and
  continuum. Weights change the variance of a linear fit, not its expectation.
- K and L lines of silver to tellurium are one column. Their L lines lie on potassium and calcium
  and would otherwise be free where the K lines show that the element is absent.
- The standard deviation contains the uncertainty of all other shapes: energy, width, line ratios, L
  against K, and pile-up of the strong lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .._typing import Float32Array, FloatArray, IntArray
from ..cube.acquisition import Acquisition
from ..pigments.catalogue import pigment_catalogue
from .artefacts import pile_up_shape
from .common_lines import COMMON_FAMILIES, scatter_columns
from .conditions import Conditions
from .design_matrix import COARSE_LOW_KEV, CoarseBins, LineColumns, fit_of_axis, line_columns
from .least_squares import weighted_solver
from .linear_fit import blurred

#: L counts for one K count of the elements whose K and L lines are one column, and its uncertainty.
_L_PER_K, _L_PER_K_ERROR = 0.5, 0.5
_K_WITH_L = ("Ag", "Cd", "In", "Sn", "Sb", "Te")
#: Share of the counts that pile up, at most.
_PILE_UP = 0.005
#: Families that are strong enough to pile up.
_STRONG = tuple(
    "K K,Ca K,Ti K,Cr K,Mn K,Fe K,Co K,Ni K,Cu K,Zn K,As K,Sr K,Ba L,Au L,Hg L,Pb L".split(",")
)
#: Elements with a template of their own, and those that also have one with each other.
_MAJOR = tuple("Pb,Hg,Ca,Ti,Fe,Cu,Zn,Ba,Cr,Mn,Co,As,Sr,Cd,Sn,Sb,Au,Ag,S,K,Se".split(","))
_PAIRED = 8
#: Shares of all lines, of continuum and of scatter in a template.
_LINES, _CONTINUUM, _SCATTER = 0.10, 0.18, 0.12
#: Rows of a matrix product are a multiple of this, which keeps the order of summation.
_ROWS = 16


class EvidenceFit:
    """Linear fit of the line families of paintings to rebinned spectra.

    Parameters
    ----------
    kev : ndarray, shape (channel,)
        Evenly spaced channel centres of the spectra, keV.
    borders_kev : tuple of float
        Edges of the fine bins of the counts; two of them make a coarse one.
    conditions : Conditions
        Anode, voltage, resolution and air path.

    Attributes
    ----------
    families : tuple of str
        Families with counts of their own, such as ``"Fe K"``. Those of the anode are not among
        them: the sample scatters the same lines.

    Raises
    ------
    ValueError
        If fewer than 16 coarse bins lie on the axis above 1.2 keV.
    """

    def __init__(
        self, kev: FloatArray, borders_kev: tuple[float, ...], conditions: Conditions
    ) -> None:
        bins = CoarseBins(kev, borders_kev)
        self._bins = bins
        lines = _merged_columns(kev, conditions)
        self.families = tuple(lines)
        owners = [name for name in lines for _ in lines[name].shapes]
        shapes = np.concatenate([each.shapes for each in lines.values()])
        changes = [change for each in lines.values() for change in each.shape_uncertainties]
        self._changes = [bins.integrate(change) for change in changes]
        self._members = np.array([[1.0 * (o == name) for o in owners] for name in self.families])
        peaks = bins.integrate(shapes)
        scatter = bins.integrate(scatter_columns(kev, conditions))
        scatter = scatter[scatter.sum(1) > 1e-3]
        continuum = bins.continuum()
        self._columns = np.concatenate([peaks, scatter, continuum])
        self._templates = _templates(peaks, owners, scatter, bins.borders_kev)
        self._scores = np.ascontiguousarray(np.log(self._templates + 1e-7).T, np.float32)
        self._strong, self._sums = _pile_up(kev, lines, bins)
        self._solvers: dict[int, _Solver] = {}

    def __call__(self, fine: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Fit spectra given in fine bins, shape (spectrum, bin).

        Returns
        -------
        counts, sigma : ndarray, shape (spectrum, family), float32
            Net counts of each family, and their standard deviation.
        """
        spectra = self._bins.merge(fine)
        template = (spectra @ self._scores).argmax(1)
        counts = np.empty((len(spectra), len(self.families)), np.float32)
        sigma = np.empty_like(counts)
        for index in np.flatnonzero(np.bincount(template)).tolist():
            rows = np.flatnonzero(template == index)
            padded = np.zeros((-(-rows.size // _ROWS) * _ROWS, spectra.shape[1]), np.float32)
            padded[: rows.size] = spectra[rows]
            fitted = self._solver(index)(padded)
            counts[rows], sigma[rows] = (part[: rows.size] for part in fitted)
        return counts, sigma

    def _solver(self, index: int) -> _Solver:
        if index not in self._solvers:
            solver = weighted_solver(self._columns, 1 / (self._templates[index] + 2e-5))
            solver = solver[: self._members.shape[1]]
            family = self._members @ solver
            other = self._members == 0
            error = np.array([((family @ each.T) ** 2).sum(1) for each in self._changes]).T
            matrix = np.concatenate([solver, blurred(family**2)]).T
            self._solvers[index] = _Solver(
                np.ascontiguousarray(matrix, np.float32),
                self._members.T.astype(np.float32),
                (error * other).T.astype(np.float32),
                self._strong,
                (_PILE_UP * self._sums @ family.T).astype(np.float32),
            )
        return self._solvers[index]


@dataclass(frozen=True)
class _Solver:
    """The fit with the weights of one template.

    Parameters
    ----------
    matrix : ndarray, shape (bin, column + family)
        From counts to the amplitudes of the line columns and to the variances of the families.
    members : ndarray, shape (column, family)
        1 where a column belongs to a family.
    shape_error : ndarray, shape (column, family)
        Variance of a family for one squared count in a column.
    strong : ndarray of int, shape (strong,)
        Families that pile up.
    sums : ndarray, shape (pair, family)
        Spurious counts of a family for one count in each of a pair of them.
    """

    matrix: Float32Array
    members: Float32Array
    shape_error: Float32Array
    strong: IntArray
    sums: Float32Array

    def __call__(self, spectra: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Return net counts and standard deviations, each (spectrum, family)."""
        fitted: Float32Array = spectra @ self.matrix
        amplitudes, variance = fitted[:, : len(self.members)], fitted[:, len(self.members) :]
        counts = np.asarray(amplitudes @ self.members, np.float32)
        np.maximum(variance, 0.5, out=variance)
        np.maximum(amplitudes, 0.0, out=amplitudes)
        variance += (amplitudes * amplitudes) @ self.shape_error
        strong = np.maximum(counts[:, self.strong], 0.0)
        strong /= np.sqrt(np.maximum(strong.sum(1, keepdims=True), 1.0))
        pairs = (strong[:, :, None] * strong[:, None, :]).reshape(len(strong), -1)
        variance += np.square(pairs @ self.sums)
        return counts, np.sqrt(variance).astype(np.float32)


def evidence_fit(
    kev: FloatArray, borders_kev: tuple[float, ...], acquisition: Acquisition | None
) -> EvidenceFit | None:
    """Return the fit for an energy axis; None where the axis is too short.

    Parameters
    ----------
    kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    borders_kev : tuple of float
        Edges of the fine bins.
    acquisition : Acquisition, optional
        Settings of the instrument, as far as known.
    """
    return fit_of_axis(EvidenceFit, kev, borders_kev, acquisition)


def _merged_columns(kev: FloatArray, conditions: Conditions) -> dict[str, LineColumns]:
    """Return the columns of all families on the axis, with K and L in one where they belong."""
    names = (*COMMON_FAMILIES, *(f for entry in pigment_catalogue() for f in entry.diagnostic))
    found: dict[str, LineColumns] = {}
    for name in dict.fromkeys(names):
        if name.split()[0] == conditions.anode:
            continue
        try:
            columns = line_columns(kev, name, conditions)
        except ValueError:
            continue
        peak = kev[int(columns.shapes.sum(0).argmax())]
        if max(kev[0] + 0.1, COARSE_LOW_KEV + 0.1) < peak < kev[-1] - 0.1:
            found[name] = columns
    for element in _K_WITH_L:
        hard, soft = found.get(f"{element} K"), found.get(f"{element} L")
        if hard is not None and soft is not None:
            shape = soft.shapes.mean(0)
            changes = np.concatenate([hard.shape_uncertainties[0], _L_PER_K_ERROR * shape[None]])
            merged = hard.shapes + _L_PER_K * shape
            found[hard.name] = LineColumns(hard.name, merged, changes[None])
            del found[soft.name]
    return found


def _templates(
    lines: FloatArray, owners: Sequence[str], scatter: FloatArray, borders: FloatArray
) -> FloatArray:
    """Return expected shares of the counts in each bin, shape (template, bin)."""

    def share(counts: FloatArray) -> FloatArray:
        return np.asarray(counts / max(float(counts.sum()), 1e-9))

    middle = (borders[1:] + borders[:-1]) / 2
    base = share(np.diff(borders) * (np.exp(-(((middle - 8) / 10) ** 2)) + 0.1))
    ground = _LINES * share((lines / lines.sum(1, keepdims=True)).sum(0)) + _CONTINUUM * base
    if len(scatter):
        ground = ground + _SCATTER * share((scatter / scatter.sum(1, keepdims=True)).sum(0))
    own: dict[str, FloatArray] = {}
    for element in _MAJOR:
        rows = [i for i, name in enumerate(owners) if name in (f"{element} K", f"{element} L")]
        if rows:
            own[element] = (1 - _LINES - _CONTINUUM - _SCATTER) * share(lines[rows].sum(0))
    paired = [own[element] for element in _MAJOR[:_PAIRED] if element in own]
    mixed = [(one + other) / 2 for one, other in combinations(paired, 2)]
    return np.array([share(ground), *(share(ground + each) for each in [*own.values(), *mixed])])


def _pile_up(
    kev: FloatArray, lines: dict[str, LineColumns], bins: CoarseBins
) -> tuple[IntArray, FloatArray]:
    """Return the families that pile up, and the sum peaks of each pair, shape (pair, bin).

    A sum peak holds one count.
    """
    names = [name for name in _STRONG if name in lines]
    shapes = [lines[name].shapes.mean(0) for name in names]
    one, other = np.triu_indices(len(names))
    sums = [pile_up_shape(kev, shapes[i], shapes[j]) for i, j in zip(one, other, strict=True)]
    order = np.array([list(lines).index(name) for name in names], np.int64)
    half = bins.integrate(np.array(sums).reshape(-1, kev.size))
    both = np.zeros((len(names), len(names), half.shape[1]))
    both[one, other] = both[other, one] = half
    return order, both.reshape(-1, half.shape[1])
