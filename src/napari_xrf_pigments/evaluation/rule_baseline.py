"""What an analyst does: elements over a threshold, a table from elements to pigments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..cube import Acquisition, ElementMaps, EnergyAxis, PigmentMaps
from ..fitting.conditions import Conditions
from ..fitting.line_search import main_family, other_families
from ..fitting.linear_fit import line_fit
from ..pigments.catalogue import ambiguity_groups, pigment_catalogue
from .real_scan import weakest_sigma
from .test_sets.labels import diagnostic_families

#: Elements that belong to no pigment's diagnosis, but whose lines stand in spectra.
OTHERS = ("Al", "Si", "P", "Cl", "Ar", "Ni", "Br", "Zr", "Bi")


def rule_table(elements: ElementMaps, *, threshold: float = 5.0) -> PigmentMaps:
    """Pigments whose diagnostic elements all stand over a threshold.

    The probability is a logistic curve of the weakest element, 0.5 at the threshold. The
    rules know no layers: top and below are both half of it.

    Parameters
    ----------
    elements : ElementMaps
        Fitted counts and sigma, shape (line, spectrum).
    threshold : float
        In sigma.
    """
    n = int(np.asarray(elements.counts).shape[1])
    names, chances = [], []
    for entry in pigment_catalogue():
        stands = weakest_sigma(elements, entry.diagnostic)
        names.append(entry.id)
        if stands is None:
            chances.append(np.zeros(n))
        else:
            x = np.clip(stands - threshold, -30.0, 30.0)
            chances.append(1.0 / (1.0 + np.exp(-x)))
    probability = np.array(chances, dtype=np.float32)
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
    """Fit the diagnostic families of all pigments, and what overlaps them.

    Parameters
    ----------
    counts : array_like, shape (spectrum, channel)
        Spectra of one instrument; their mean is the reference of the fit.
    energies : EnergyAxis
        The axis.
    acquisition : Acquisition or None
        What is known about the instrument.
    """
    spectra = np.asarray(counts)
    settings = Conditions.of(acquisition)
    wanted = []
    for family in diagnostic_families():
        symbol = family.split()[0]
        if symbol != settings.anode and main_family(symbol, energies.kev, settings) == family:
            wanted.append(family)
    extra = [main_family(symbol, energies.kev, settings) for symbol in OTHERS]
    rest = [*other_families(wanted, energies.kev, settings), *(name for name in extra if name)]
    fit = line_fit(energies.kev, wanted, spectra.mean(axis=0), settings, nuisance=rest)(spectra)
    return ElementMaps(fit.names, fit.counts.T, fit.sigma.T)


@dataclass(frozen=True)
class RuleTable:
    """The rule table as a predictor, for `evaluate`.

    The fit takes its reference from the spectra that it is given: give it a whole set.

    Parameters
    ----------
    threshold : float
        In sigma.
    """

    threshold: float = 5.0

    def bind(
        self, energies: EnergyAxis, acquisition: Acquisition | None = None
    ) -> Callable[[Any], PigmentMaps]:
        """The rules for one instrument."""
        return lambda counts: rule_table(
            fit_elements(counts, energies, acquisition), threshold=self.threshold
        )
