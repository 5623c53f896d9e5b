"""Elements that nobody expects, by what a fit of the usual ones leaves of a spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d

from .conditions import Conditions
from .detect import CANDIDATES, main_family
from .design import excited_family, stack
from .fit import weighted_solver
from .lineshape import FWHM_PER_SIGMA, air_transmission, family_shape, fwhm_kev
from .pixel_fit import PixelFit, fit_pixel
from .unexplained import USUAL_FAMILIES

Array = NDArray[np.float64]

#: Elements that are looked for besides the usual ones.
RARE = ("V", "Y", "Pd", "Cs", "Nd", "Ta", "Tl", "Bi", "Th", "U")
#: Sigma from which on a name is given; less happens by chance among so many names.
SIGNIFICANCE = 5.0
#: A peak without a name has to stand out more.
_NAMELESS = 8.0
_MOST = 4
_SHAPE_DOUBT = 0.02
#: Families with more counts than this show that their lines' ratios are not those of tables.
_MANY = 300.0


@dataclass(frozen=True)
class Stranger:
    """Something in a spectrum that the usual elements do not account for.

    Parameters
    ----------
    family : str
        Line family that explains it, such as ``"Bi L"``; empty where none does.
    kev : float
        Energy of the family's main line, or of the peak, keV.
    counts : float
        Net counts.
    sigma : float
        How many standard deviations it stands out.
    """

    family: str
    kev: float
    counts: float
    sigma: float


def find_strangers(
    spectrum: ArrayLike, axis_kev: Array, conditions: Conditions | None = None
) -> tuple[Stranger, ...]:
    """Name what the usual elements leave unexplained in one spectrum.

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
    tuple of Stranger
        The most significant first.

    Raises
    ------
    ValueError
        If the spectrum cannot be fitted (see :func:`~.pixel_fit.fit_pixel`).
    """
    settings = conditions or Conditions()
    fit = fit_pixel(spectrum, axis_kev, settings)
    pool = _pool(fit.kev, settings)
    columns = _nuisance(fit, settings)
    found: list[Stranger] = []
    while len(found) < _MOST:
        best = _best(fit, columns, pool, [entry.family for entry in found])
        if best is None or best.sigma < SIGNIFICANCE:
            break
        found.append(best)
        columns = stack([columns, pool[best.family][None]])
    found += _nameless(fit, columns, settings)
    return tuple(sorted(found, key=lambda entry: -entry.sigma))


def _pool(axis: Array, conditions: Conditions) -> dict[str, Array]:
    """Shapes of the families that are looked for."""
    shapes: dict[str, Array] = {}
    usual = {name.split()[0] for name in USUAL_FAMILIES}
    for symbol in dict.fromkeys((*CANDIDATES, *RARE)):
        if symbol in usual or symbol == conditions.anode:
            continue
        name = main_family(symbol, axis, conditions)
        if name is None:
            continue
        family = excited_family(name, conditions)
        air = air_transmission(family.kev, conditions.air_mm)
        shapes[name] = family_shape(axis, family, air, conditions.fwhm_mn_ka_ev)
    return shapes


def _nuisance(fit: PixelFit, conditions: Conditions) -> Array:
    """What may not speak for a stranger.

    The fit; its peaks shifted, stretched and widened; and the groups of lines of every
    family by themselves, since layers above absorb each as they like.
    """
    held = fit.columns[fit.amplitudes > 0]
    peaked = fit.model - fit.continuum
    slope = np.gradient(peaked)
    ramp = np.linspace(-1, 1, slope.size)
    groups = [
        shape
        for name in fit.names
        if fit.family(name).sum() > _MANY
        for shape in _line_groups(fit.kev, name, conditions)
    ]
    parts = [held, np.array([slope, slope * ramp, np.gradient(slope)])]
    return stack([*parts, np.array(groups)] if groups else parts)


def _line_groups(axis: Array, name: str, conditions: Conditions) -> list[Array]:
    """Shapes of the alpha, l, beta and gamma lines of a family, each that holds a fair share."""
    family = excited_family(name, conditions)
    shapes = []
    for letters in ("a", "l", "bn", "g"):
        chosen = np.array([line.siegbahn[1] in letters for line in family.lines])
        if (family.strength * chosen).sum() > 0.01:
            weight = chosen.astype(np.float64)
            shapes.append(family_shape(axis, family, weight, conditions.fwhm_mn_ka_ev))
    return shapes


def _best(
    fit: PixelFit, columns: Array, pool: dict[str, Array], taken: Sequence[str]
) -> Stranger | None:
    weights = 1 / _variance(fit)
    solver = weighted_solver(columns, weights)
    residual = fit.counts - (solver @ fit.counts) @ columns
    best: Stranger | None = None
    for name, shape in pool.items():
        own = shape - (solver @ shape) @ columns
        power = float(own**2 @ weights)
        # What the others can imitate cannot be told from them.
        if name in taken or power < 0.02 * float(shape**2 @ weights):
            continue
        counts = float(residual @ (own * weights)) / power
        sigma = counts * np.sqrt(power)
        if best is None or sigma > best.sigma:
            main = float(fit.kev[int(np.argmax(shape))])
            best = Stranger(name, main, counts, float(sigma))
    return best


def _variance(fit: PixelFit) -> Array:
    """Variance of the counts, with a doubt of the peaks' shapes."""
    peaked = np.maximum(fit.model - fit.continuum, 0.0)
    return np.asarray(fit.variance + (_SHAPE_DOUBT * peaked) ** 2)


def _nameless(fit: PixelFit, columns: Array, conditions: Conditions) -> list[Stranger]:
    """Peaks of the residual that no family accounts for."""
    variance = _variance(fit)
    weights = 1 / variance
    residual = fit.counts - (weighted_solver(columns, weights) @ fit.counts) @ columns
    gain = float(fit.kev[1] - fit.kev[0])
    blur = float(fwhm_kev(np.array([8.0]), conditions.fwhm_mn_ka_ev)[0]) / FWHM_PER_SIGMA / gain
    level = gaussian_filter1d(residual, blur)
    # Squared, a Gaussian kernel is a narrower one of 1 / (2 sqrt(pi) sigma) of its area.
    noise = gaussian_filter1d(variance, blur / np.sqrt(2)) / (2 * np.sqrt(np.pi) * blur)
    doubt = 0.03 * gaussian_filter1d(np.maximum(fit.model - fit.continuum, 0), 1.5 * blur)
    score = level / np.sqrt(noise + doubt**2 + 1.0 / fit.kev.size)
    found = []
    for _ in range(_MOST):
        top = int(np.argmax(score))
        if score[top] < _NAMELESS:
            break
        reach = max(1, round(3 * blur))
        near = slice(max(top - reach, 0), top + reach + 1)
        counts = float(np.maximum(residual[near], 0).sum())
        found.append(Stranger("", float(fit.kev[top]), counts, float(score[top])))
        score[near] = 0.0
    return found
