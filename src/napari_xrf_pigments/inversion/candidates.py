"""Pigments that can be in a spectrum: those whose elements are there, and those claimed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .._typing import FloatArray
from ..fitting.conditions import Conditions
from ..fitting.pixel_fit import PixelFit, fit_pixel
from ..physics.lines import atomic_number
from ..pigments.catalogue import Pigment, ambiguity_groups
from .instrument import FittedInstrument
from .layout import Layout, distinct_members, make_layout

#: Significance of an element from which its pigments are candidates, and its impurities.
_CANDIDATE_SIGMA, _IMPURITY_SIGMA = 2.5, 2.0
#: Significance of an element that no candidate holds, from which it is fitted by itself.
_FOREIGN_SIGMA = 4.0
#: Softest element whose lines a detector in air shows.
_SOFTEST_Z = 13


@dataclass(frozen=True)
class DetectedElements:
    """Elements of a spectrum.

    Parameters
    ----------
    fit : PixelFit
        Fit of the spectrum by free line families.
    sigma : dict of str to float
        Significance of the strongest family of each element.
    """

    fit: PixelFit
    sigma: Mapping[str, float]

    @classmethod
    def of(cls, counts: FloatArray, instrument: FittedInstrument) -> DetectedElements:
        """Find the elements of a spectrum.

        Raises
        ------
        ValueError
            If no counts lie above 1.2 keV.
        """
        fit = fit_pixel(counts, instrument.energies.kev, conditions(instrument))
        sigma: dict[str, float] = {}
        for name in fit.names:
            net, error = fit.net(name)
            symbol = name.split()[0]
            sigma[symbol] = max(sigma.get(symbol, 0.0), net / error)
        return cls(fit, sigma)

    def of_pigment(self, entry: Pigment, anode: str) -> float:
        """Return the significance of the weakest diagnostic element of a pigment."""
        symbols = {family.split()[0] for family in entry.diagnostic} - {anode}
        return min((self.sigma.get(s, 0.0) for s in symbols), default=_CANDIDATE_SIGMA)


def conditions(instrument: FittedInstrument) -> Conditions:
    """Return the conditions of an instrument for fits by free line families."""
    air = instrument.path_mm if instrument.atmosphere == "air" else 0.0
    return Conditions(instrument.anode, instrument.tube_kv, instrument.fwhm_mn_ka_ev, air)


def candidate_pigments(
    elements: DetectedElements, anode: str, claimed: Collection[str] = ()
) -> list[Pigment]:
    """Choose the pigments that a section may hold.

    Parameters
    ----------
    elements : DetectedElements
        Elements of the spectrum.
    anode : str
        Anode, whose own lines tell nothing.
    claimed : collection of str
        Groups that are candidates in any case.
    """
    return [
        entry
        for group in ambiguity_groups()
        for entry, _ in distinct_members(group)
        if group in claimed or elements.of_pigment(entry, anode) >= _CANDIDATE_SIGMA
    ]


def candidate_layout(
    elements: DetectedElements, anode: str, claimed: Collection[str] = ()
) -> Layout:
    """Collect the unknowns of a section that can explain a spectrum."""
    pigments = candidate_pigments(elements, anode, claimed)
    held = {z for entry in pigments for z in entry.fractions if z >= _SOFTEST_Z}
    seen = {s for s, sigma in elements.sigma.items() if sigma >= _IMPURITY_SIGMA} - {anode, "Ar"}
    foreign = {
        s for s in seen
        if atomic_number(s) not in held and elements.sigma[s] >= _FOREIGN_SIGMA
    }  # fmt: skip
    possible = seen | {s for s in _symbols(pigments) if s not in {anode, "Ar"}}
    return make_layout(pigments, sorted(possible), sorted(foreign - {"Si", "Al"}))


def _symbols(pigments: list[Pigment]) -> set[str]:
    return {family.split()[0] for entry in pigments for family in entry.diagnostic}
