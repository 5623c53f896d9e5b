"""Unexpected elements in a spectrum, from the residual of a fit of the common ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter1d

from .._typing import FloatArray
from ..physics.detector import FWHM_PER_SIGMA, path_transmission
from .common_lines import COMMON_FAMILIES
from .conditions import Conditions
from .design_matrix import excited_family, vstack_columns
from .line_search import CANDIDATES, main_family
from .lineshape import family_shape, fwhm_kev
from .pixel_fit import PixelFit, fit_pixel

#: Elements that are searched for besides the candidates of a scan.
RARE = ("V", "Y", "Pd", "Cs", "Nd", "Ta", "Tl", "Bi", "Th", "U")
#: Significance, in sigma, of a named peak; less occurs by chance among so many names.
SIGNIFICANCE = 5.0
#: An unnamed peak must be more significant.
_UNNAMED = 8.0
_MOST = 4
_SHAPE_ERROR = 0.02
#: Relative error of the ratio of a group of lines.
_RATIO_ERROR = 0.15
#: From this number of counts on, deviations of line ratios from the tables are visible.
_MANY = 300.0


@dataclass(frozen=True)
class UnexpectedPeak:
    """A peak in a spectrum that the common elements do not explain.

    Parameters
    ----------
    family : str
        Line family that explains it, such as ``"Bi L"``; empty where none does.
    kev : float
        Energy of the family's main line, or of the peak, keV.
    counts : float
        Net counts.
    sigma : float
        Significance in standard deviations.
    """

    family: str
    kev: float
    counts: float
    sigma: float


def find_unexpected_peaks(
    spectrum: ArrayLike, axis_kev: FloatArray, conditions: Conditions | None = None
) -> tuple[UnexpectedPeak, ...]:
    """Find and name the peaks of a spectrum that the common elements do not explain.

    Parameters
    ----------
    spectrum : array_like, shape (channel,)
        Counts.
    axis_kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    conditions : Conditions, optional
        Anode, voltage, resolution, air path.

    Returns
    -------
    tuple of UnexpectedPeak
        The most significant first.

    Raises
    ------
    ValueError
        If the spectrum cannot be fitted (see :func:`~.pixel_fit.fit_pixel`).
    """
    settings = conditions or Conditions()
    fit = fit_pixel(spectrum, axis_kev, settings)
    pool = _pool(fit.kev, settings)
    model = _ResidualModel(fit, settings)
    found: list[UnexpectedPeak] = []
    while len(found) < _MOST:
        best = model.best(pool, [entry.family for entry in found])
        if best is None or best.sigma < SIGNIFICANCE:
            break
        found.append(best)
        model.add(pool[best.family])
    found += _unnamed_peaks(fit, model, settings)
    return tuple(sorted(found, key=lambda entry: -entry.sigma))


def _pool(axis: FloatArray, conditions: Conditions) -> dict[str, FloatArray]:
    """Return the shapes of the families that are searched for."""
    shapes: dict[str, FloatArray] = {}
    common = {name.split()[0] for name in COMMON_FAMILIES}
    for symbol in dict.fromkeys((*CANDIDATES, *RARE)):
        if symbol in common or symbol == conditions.anode:
            continue
        name = main_family(symbol, axis, conditions)
        if name is None:
            continue
        family = excited_family(name, conditions)
        air = path_transmission(family.kev, conditions.air_mm)
        shapes[name] = family_shape(axis, family, air, conditions.fwhm_mn_ka_ev)
    return shapes


class _ResidualModel:
    """Residual of a fit, with the uncertainties of the fit as free parameters.

    Free are the amplitudes of the fit, and shift, stretch and width of its peaks. The groups of
    lines of each family vary as far as absorption in upper layers may change them.
    """

    def __init__(self, fit: PixelFit, conditions: Conditions) -> None:
        self.fit = fit
        peaked = fit.model - fit.continuum
        self.weights = 1 / (fit.variance + (_SHAPE_ERROR * np.maximum(peaked, 0.0)) ** 2)
        slope = np.gradient(peaked)
        ramp = np.linspace(-1, 1, slope.size)
        positive = fit.columns[fit.amplitudes > 0]
        free = vstack_columns([positive, np.array([slope, slope * ramp, np.gradient(slope)])])
        uncertain = [
            _RATIO_ERROR * group
            for name in fit.names
            if fit.family(name).sum() > _MANY
            for group in _line_groups(fit, name, conditions)
        ]
        self.columns = vstack_columns([free, np.array(uncertain)]) if uncertain else free
        # Unit prior: one standard deviation costs as much as in the counts.
        self.prior = np.r_[np.zeros(len(free)), np.ones(len(uncertain))]
        self._solve()

    def add(self, shape: FloatArray) -> None:
        """Add a shape to the free parameters."""
        self.columns = vstack_columns([shape[None], self.columns])
        self.prior = np.r_[0.0, self.prior]
        self._solve()

    def _solve(self) -> None:
        scale = np.sqrt(self.columns**2 @ self.weights + self.prior)
        scale[scale == 0] = 1.0
        scaled = self.columns / scale[:, None]
        gram = (scaled * self.weights) @ scaled.T + np.diag(self.prior / scale**2)
        inverse = np.linalg.pinv(gram, rcond=1e-10, hermitian=True)
        self._solver = (inverse @ (scaled * self.weights)) / scale[:, None]
        self.residual = self.orthogonal_part(self.fit.counts)

    def orthogonal_part(self, shape: FloatArray) -> FloatArray:
        """Return the part of a shape that the columns cannot represent, shape (bin,)."""
        return np.asarray(shape - (self._solver @ shape) @ self.columns)

    def best(self, pool: dict[str, FloatArray], taken: Sequence[str]) -> UnexpectedPeak | None:
        """Return the family that explains most of the residual."""
        best: UnexpectedPeak | None = None
        for name, shape in pool.items():
            power = float(self.orthogonal_part(shape) @ (shape * self.weights))
            # Shapes that the columns can represent are not distinguishable from them.
            if name in taken or power < 0.02 * float(shape**2 @ self.weights):
                continue
            counts = float(self.residual @ (shape * self.weights)) / power
            sigma = counts * float(np.sqrt(power))
            if best is None or sigma > best.sigma:
                main = float(self.fit.kev[int(np.argmax(shape))])
                best = UnexpectedPeak(name, main, counts, sigma)
        return best


def _line_groups(fit: PixelFit, name: str, conditions: Conditions) -> list[FloatArray]:
    """Return the fitted counts of the alpha, l, beta and gamma lines, one row each."""
    family = excited_family(name, conditions)
    total = float(fit.net(name)[0])
    shapes = []
    for letters in ("a", "l", "bn", "g"):
        chosen = np.array([line.siegbahn[1] in letters for line in family.lines])
        share = float((family.strength * chosen).sum())
        if 0.01 < share < 0.99:
            weight = chosen.astype(np.float64)
            shape = family_shape(fit.kev, family, weight, conditions.fwhm_mn_ka_ev)
            shapes.append(total * share * shape)
    return shapes


def _unnamed_peaks(
    fit: PixelFit, model: _ResidualModel, conditions: Conditions
) -> list[UnexpectedPeak]:
    """Return the peaks of the residual that no family explains."""
    residual, variance = model.residual, 1 / model.weights
    gain = float(fit.kev[1] - fit.kev[0])
    blur = float(fwhm_kev(np.array([8.0]), conditions.fwhm_mn_ka_ev)[0]) / FWHM_PER_SIGMA / gain
    level = gaussian_filter1d(residual, blur)
    # Squared, a Gaussian kernel is a narrower one of 1 / (2 sqrt(pi) sigma) of its area.
    noise = gaussian_filter1d(variance, blur / np.sqrt(2)) / (2 * np.sqrt(np.pi) * blur)
    error = 0.03 * gaussian_filter1d(np.maximum(fit.model - fit.continuum, 0), 1.5 * blur)
    score = level / np.sqrt(noise + error**2 + 1.0 / fit.kev.size)
    found = []
    for _ in range(_MOST):
        top = int(np.argmax(score))
        if score[top] < _UNNAMED:
            break
        reach = max(1, round(3 * blur))
        near = slice(max(top - reach, 0), top + reach + 1)
        counts = float(np.maximum(residual[near], 0).sum())
        found.append(UnexpectedPeak("", float(fit.kev[top]), counts, float(score[top])))
        score[near] = 0.0
    return found
