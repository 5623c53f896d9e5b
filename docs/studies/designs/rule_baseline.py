"""Baseline of rules: pigments whose diagnostic elements all exceed a threshold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import Acquisition, ElementMaps, EnergyAxis, PigmentMaps
from napari_xrf_pigments.evaluation.independent_simulation.labels import diagnostic_families
from napari_xrf_pigments.evaluation.real_scan import weakest_sigma
from napari_xrf_pigments.fitting.conditions import Conditions
from napari_xrf_pigments.fitting.line_search import main_family, other_families
from napari_xrf_pigments.fitting.linear_fit import line_fit
from napari_xrf_pigments.pigments.catalogue import ambiguity_groups, pigment_catalogue

#: Elements that are diagnostic for no pigment, but whose lines occur in spectra.
OTHER_ELEMENTS = ("Al", "Si", "P", "Cl", "Ar", "Ni", "Br", "Zr", "Bi")


def apply_rules(elements: ElementMaps, *, threshold: float = 5.0) -> PigmentMaps:
    """Find the pigments whose diagnostic elements all exceed a threshold.

    The probability is a logistic function of the weakest element, 0.5 at the threshold. The rules
    have no layers: top and below are both half of it.

    Parameters
    ----------
    elements : ElementMaps
        Fitted counts and sigma, shape (line, spectrum).
    threshold : float
        Significance, in sigma.
    """
    n = int(np.asarray(elements.counts).shape[1])
    names, probabilities = [], []
    for entry in pigment_catalogue():
        sigma = weakest_sigma(elements, entry.diagnostic)
        names.append(entry.id)
        if sigma is None:
            probabilities.append(np.zeros(n))
        else:
            x = np.clip(sigma - threshold, -30.0, 30.0)
            probabilities.append(1.0 / (1.0 + np.exp(-x)))
    probability = np.array(probabilities, dtype=np.float32)
    groups = ambiguity_groups()
    members = [[names.index(name) for name in ids] for ids in groups.values()]
    return PigmentMaps(
        names=tuple(names),
        probability=probability,
        top=probability / 2,
        below=probability / 2,
        groups=tuple(groups),
        group_probability=np.array([probability[ids].max(axis=0) for ids in members]),
        unexplained=np.zeros(n, dtype=np.float32),
    )


def fit_elements(
    counts: Any, energies: EnergyAxis, acquisition: Acquisition | None = None
) -> ElementMaps:
    """Fit the diagnostic line families of all pigments and the lines that overlap them.

    Parameters
    ----------
    counts : array_like, shape (spectrum, channel)
        Spectra of one instrument; the fit is set up on their mean.
    energies : EnergyAxis
        The axis.
    acquisition : Acquisition or None
        Settings of the instrument, as far as known.
    """
    spectra = np.asarray(counts)
    settings = Conditions.of(acquisition)
    wanted = []
    for family in diagnostic_families():
        symbol = family.split()[0]
        if symbol != settings.anode and main_family(symbol, energies.kev, settings) == family:
            wanted.append(family)
    extra = [main_family(symbol, energies.kev, settings) for symbol in OTHER_ELEMENTS]
    rest = [*other_families(wanted, energies.kev, settings), *(name for name in extra if name)]
    fit = line_fit(energies.kev, wanted, spectra.mean(axis=0), settings, nuisance=rest)(spectra)
    return ElementMaps(fit.names, fit.counts.T, fit.sigma.T)


@dataclass(frozen=True)
class RulePredictor:
    """The rules as a predictor, for `evaluate`.

    The fit is set up on the mean of the spectra of a call, which should be a whole set.

    Parameters
    ----------
    threshold : float
        Significance, in sigma.
    """

    threshold: float = 5.0

    def bind(
        self, energies: EnergyAxis, acquisition: Acquisition | None = None
    ) -> Callable[[Any], PigmentMaps]:
        """Make a function that applies the rules to spectra of one instrument."""
        return lambda counts: apply_rules(
            fit_elements(counts, energies, acquisition), threshold=self.threshold
        )
