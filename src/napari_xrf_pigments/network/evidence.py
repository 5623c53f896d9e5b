"""Evidence for the claims of the network: a pigment is claimed only where its own lines show.

The network may have other grounds for a probability than the lines of a pigment, such as the
paintings of its training. So a linear fit decides (:mod:`..fitting.evidence_fit`): a claim, a
probability over 0.5, stands where every diagnostic element of the pigment is significant in that
very spectrum, and a claim of a group where this holds for at least one member. Other claims are
lowered, and the probability that was removed is returned.

The same fit gives the net counts of each group, and decides where the depth is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .._typing import Float32Array, IntArray
from ..physics.lines import element_symbol, line_family
from ..pigments.catalogue import Pigment, pigment_catalogue
from .out_of_distribution import MAX_RATE
from .outputs import group_of_pigment, output_names

#: Probability over which a pigment or group is claimed, and one up to which none is lowered, so
#: that base rates stay. In between the limit comes in gradually: at a step, rounding would decide.
CLAIMED, LOWERED_FROM = 0.5, MAX_RATE
#: Significance (sigma) of an element from which a claim stands, and from which it is not lowered.
#: In reference powders and simulated sets (docs/physics/evidence.md) lower values leave claims
#: without a line, and higher ones remove pigments that are there.
SUPPORTED_SIGMA, FULL_SIGMA = 2.0, 2.5
#: Probability that is left to a claim whose element shows no counts at all.
_LEFT = 0.05
#: A pigment all of whose diagnostic lines lie below this energy (keV), where air absorbs and other
#: lines overlap, is supported where two of all its elements show.
_SOFT_KEV = 3.0
#: Significance of two families of an element, or of one with two resolved series, from which their
#: ratio measures the absorption above.
_TWO_FAMILIES_SIGMA = 3.0
_RATIO_SIGMA = {"K": 8.0, "L": 5.0}
#: Share of `below` in `top` and `below` together, or the reverse, from which the depth is decided.
_DECIDED = 0.67


class EvidenceRule:
    """The rule for the line families of a fit.

    Parameters
    ----------
    families : sequence of str
        Families that are fitted, such as ``"Fe K"``.
    """

    def __init__(self, families: Sequence[str]) -> None:
        self._rows: dict[str, IntArray] = {}
        for name in families:
            same = [i for i, other in enumerate(families) if other.split()[0] == name.split()[0]]
            self._rows[name.split()[0]] = np.array(same)
        self._families = tuple(families)
        self._lines = [_line_of(group, self._families) for group in output_names()[1]]

    def __call__(
        self, fields: dict[str, Any], counts: Float32Array, sigma: Float32Array
    ) -> dict[str, Float32Array]:
        """Lower the claims without evidence, and return what the fit adds to the maps.

        Parameters
        ----------
        fields : dict of str to ndarray
            `probability`, `top`, `below` (pigment, spectrum) and `group_probability` (group,
            spectrum), which are replaced.
        counts, sigma : ndarray, shape (spectrum, family)
            Net counts of the families and their standard deviation.

        Returns
        -------
        dict of str to ndarray
            `signal`, `signal_sigma` and `unsupported` (group, spectrum), `depth_known`
            (pigment, spectrum), float32.
        """
        significance = np.ascontiguousarray((counts / sigma).T)
        unsupported = self._lower_claims(fields, significance)
        signal, signal_sigma = self._signal(fields["group_probability"], counts.T, sigma.T)
        return {
            "signal": signal,
            "signal_sigma": signal_sigma,
            "unsupported": unsupported,
            "depth_known": self._depth_known(fields, significance),
        }

    def _lower_claims(self, fields: dict[str, Any], significance: Float32Array) -> Float32Array:
        elements = {name: significance[rows].max(0) for name, rows in self._rows.items()}
        none = np.full(significance.shape[1], -np.inf, np.float32)
        support = np.array([_support(entry, elements, none) for entry in pigment_catalogue()])
        owner = group_of_pigment().numpy()
        groups = fields["group_probability"]
        best = np.full(groups.shape, -np.inf, np.float32)
        np.maximum.at(best, owner, support)
        lowered = _lowered(groups, best)
        before = fields["probability"]
        after = np.minimum(_lowered(before, support), lowered[owner])
        factor = np.divide(after, before, out=np.ones_like(before), where=after < before)
        fields.update(
            probability=after,
            top=fields["top"] * factor,
            below=fields["below"] * factor,
            group_probability=lowered,
        )
        return np.asarray(groups - lowered, np.float32)

    def _signal(
        self, groups: Float32Array, counts: Float32Array, sigma: Float32Array
    ) -> tuple[Float32Array, Float32Array]:
        """Share the net counts of the line of each group between the groups with its element."""
        signal = np.full(groups.shape, np.nan, np.float32)
        error = np.full(groups.shape, np.nan, np.float32)
        for index, family in enumerate(self._lines):
            if family is None:
                continue
            row = self._families.index(family)
            holders = groups[_groups_with(family.split()[0])].sum(0)
            share = groups[index] / np.maximum(holders, 1e-9)
            signal[index], error[index] = share * counts[row], share * sigma[row]
        return signal, error

    def _depth_known(self, fields: Mapping[str, Any], significance: Float32Array) -> Float32Array:
        """Return 1 where lines measure the absorption above a pigment and the network decides."""
        measured = {}
        for element, rows in self._rows.items():
            known = (significance[rows] >= _TWO_FAMILIES_SIGMA).sum(0) >= 2
            for row in rows:
                least = _RATIO_SIGMA.get(self._families[row].split()[1])
                if least is not None:
                    known |= significance[row] >= least
            measured[element] = known
        none = np.zeros(significance.shape[1], bool)
        either = [
            np.any([measured.get(name, none) for name in _elements(entry)], axis=0)
            for entry in pigment_catalogue()
        ]
        below = fields["below"] / np.maximum(fields["below"] + fields["top"], 1e-9)
        decided = np.abs(below - 0.5) >= _DECIDED - 0.5
        return np.asarray(np.array(either) & decided, np.float32)


@lru_cache(maxsize=8)
def evidence_rule(families: tuple[str, ...]) -> EvidenceRule:
    """Return the rule for the families of a fit."""
    return EvidenceRule(families)


def _lowered(probability: Float32Array, support: Float32Array) -> Float32Array:
    """Limit the probabilities of claims by the significance of their elements."""
    weak = (probability > LOWERED_FROM) & (support < FULL_SIGMA)
    lowered = probability.copy()
    claimed = probability[weak]
    limit = np.interp(support[weak], (0, SUPPORTED_SIGMA, FULL_SIGMA), (_LEFT, CLAIMED, 1.0))
    share = np.minimum((claimed - LOWERED_FROM) / (CLAIMED - LOWERED_FROM), 1)
    lowered[weak] = claimed - share * np.maximum(claimed - limit, 0)
    return lowered


def _support(
    entry: Pigment, elements: Mapping[str, Float32Array], none: Float32Array
) -> Float32Array:
    """Return the significance of the element that decides about a pigment, shape (spectrum,)."""
    if max(line_family(name, 120.0).main.kev for name in entry.diagnostic) < _SOFT_KEV:
        names = [element_symbol(z) for z in entry.fractions]
        known = [elements[name] for name in names if name in elements]
        return np.asarray(np.sort(np.array([none, none, *known]), axis=0)[-2])
    return np.asarray(np.min([elements.get(name, none) for name in _elements(entry)], axis=0))


def _elements(entry: Pigment) -> tuple[str, ...]:
    return tuple(dict.fromkeys(family.split()[0] for family in entry.diagnostic))


@lru_cache
def _groups_with(element: str) -> list[int]:
    """Return the groups with a member of which an element is diagnostic."""
    groups = output_names()[1]
    held = {entry.group for entry in pigment_catalogue() if element in _elements(entry)}
    return [index for index, group in enumerate(groups) if group in held]


def _line_of(group: str, families: Sequence[str]) -> str | None:
    """Return the fitted diagnostic family of a group whose element the fewest groups share."""
    members = [entry for entry in pigment_catalogue() if entry.group == group]
    elements = [name for entry in members for name in _elements(entry)]
    common = [name for name in elements if all(name in _elements(entry) for entry in members)]
    diagnostic = [family for entry in members for family in entry.diagnostic]
    candidates = [
        family
        for family in dict.fromkeys((*diagnostic, *families))
        if family in families and family.split()[0] in (common or elements)
    ]
    return min(candidates, key=lambda name: len(_groups_with(name.split()[0])), default=None)
