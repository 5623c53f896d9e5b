"""Evidence for the predictions of one spectrum, and its unexpected peaks.

Evidence is found by deletion: the fitted counts of one element after the other are removed from
the spectrum, and the prediction is repeated. Elements without which the prediction fails are its
evidence. This tests the network itself, not a table of expected lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._parallel import on_one_thread
from ..cube import Acquisition, EnergyAxis, PigmentMaps, combine_maps
from ..fitting.conditions import Conditions
from ..fitting.pixel_fit import PixelFit, fit_pixel
from ..fitting.unexpected_peaks import UnexpectedPeak, find_unexpected_peaks
from ..physics.lines import line_family
from ..pigments.catalogue import ambiguity_groups, pigment
from ..pigments.mixtures import equivalent_mixtures

Predict = Callable[[NDArray[Any]], PigmentMaps]

#: Least probability of a prediction that is explained.
THRESHOLD = 0.5
#: Elements below this significance (sigma) are not deleted: they hold no counts to delete.
_LEAST_SIGMA = 1.5
#: Least share of the way to even odds that the deletion of an element of the evidence covers.
_SHARE_OF_MARGIN = 0.6
_MOST = 4


@dataclass(frozen=True)
class EvidenceLine:
    """A line family that supports a prediction.

    Parameters
    ----------
    family : str
        Such as ``"Hg L"``.
    kev : float
        Energy of its main line, keV.
    counts, sigma : float
        Fitted net counts and their standard deviation.
    log_odds_drop : float
        Decrease of the log-odds of the prediction without the element.
    """

    family: str
    kev: float
    counts: float
    sigma: float
    log_odds_drop: float


@dataclass(frozen=True)
class Evidence:
    """The evidence for one prediction, and its alternatives.

    Parameters
    ----------
    kind : {"pigment", "group"}
        Kind of prediction.
    name : str
        Id of the pigment, or the ambiguity group.
    probability, without : float
        Probability with the whole spectrum, and without the evidence lines.
    lines : tuple of EvidenceLine
        The strongest first.
    alternatives : tuple of str
        Other pigments with the same elements (members of its group).
    mixtures : tuple of (str, str)
        Pairs of groups whose pigments together show the same elements.
    """

    kind: Literal["pigment", "group"]
    name: str
    probability: float
    without: float
    lines: tuple[EvidenceLine, ...]
    alternatives: tuple[str, ...]
    mixtures: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Explanation:
    """Prediction, fit and evidence of one spectrum.

    Parameters
    ----------
    maps : PigmentMaps
        The prediction, arrays (pigment, 1).
    fit : PixelFit
        The fit of the counts.
    evidence : tuple of Evidence
        One per pigment and group above the threshold, the most probable first.
    unexplained : tuple of UnexpectedPeak
        Peaks of elements that are not expected, and peaks without a name.
    """

    maps: PigmentMaps
    fit: PixelFit
    evidence: tuple[Evidence, ...]
    unexplained: tuple[UnexpectedPeak, ...]

    def evidence_for(self, kind: str, name: str) -> Evidence | None:
        """Return the evidence for a ``"pigment"`` or a ``"group"``; None where there is none."""
        entries = (entry for entry in self.evidence if (entry.kind, entry.name) == (kind, name))
        return next(entries, None)


@on_one_thread()
def explain_spectrum(
    spectrum: ArrayLike,
    energies: EnergyAxis,
    acquisition: Acquisition | None,
    predict: Predict,
    *,
    unexpected: bool = True,
) -> Explanation:
    """Predict one spectrum and find the evidence for the predictions.

    Parameters
    ----------
    spectrum : array_like, shape (channel,)
        Counts.
    energies : EnergyAxis
        Energy axis.
    acquisition : Acquisition or None
        Settings of the instrument, as far as known.
    predict : callable
        Function from counts (spectrum, channel) to maps (pigment, spectrum), such as
        ``Predictor.bind`` returns.
    unexpected : bool
        Whether to search for unexpected elements as well.

    Raises
    ------
    ValueError
        If the spectrum holds next to no counts, or does not fit the axis.
    """
    counts = np.asarray(spectrum, dtype=np.float64)
    conditions = Conditions.of(acquisition)
    fit = fit_pixel(counts, energies.kev, conditions)
    peaks = find_unexpected_peaks(counts, energies.kev, conditions) if unexpected else ()
    net = {name: fit.net(name) for name in fit.names if fit.family(name).any()}
    by_element = _families_by_element(net)
    elements = list(by_element)
    variants = [counts, *(delete_families(counts, fit, by_element[e]) for e in elements)]
    maps = predict(np.array(variants))
    whole = combine_maps(lambda array: array[..., :1], maps)
    positive = [("pigment", i) for i in _over(maps.probability)]
    positive += [("group", i) for i in _over(maps.group_probability)]
    if not positive:
        return Explanation(whole, fit, (), peaks)
    candidates = []
    for kind, index in positive:
        row = _row(maps, kind, index)
        drops = _log_odds(row[0]) - _log_odds(row[1:])
        candidates.append((kind, index, drops, _candidate_subsets(drops, row[0])))
    sets = [subset for *_, subsets in candidates for subset in subsets]
    joint = predict(
        np.array(
            [
                delete_families(counts, fit, [f for e in subset for f in by_element[elements[e]]])
                for subset in sets
            ]
        )
    )
    evidence = []
    start = 0
    for kind, index, drops, subsets in candidates:
        left = _row(joint, kind, index)[start : start + len(subsets)]
        start += len(subsets)
        # The smallest set without which the prediction fails.
        enough = np.flatnonzero(left < THRESHOLD)
        pick = int(enough[0]) if enough.size else len(subsets) - 1
        lines = tuple(
            EvidenceLine(f, _main_kev(f), *net[f], log_odds_drop=float(drops[e]))
            for e in subsets[pick]
            for f in by_element[elements[e]]
        )
        probability = float(_row(maps, kind, index)[0])
        evidence.append(_evidence(kind, index, maps, probability, float(left[pick]), lines))
    evidence.sort(key=lambda entry: -entry.probability)
    return Explanation(whole, fit, tuple(evidence), peaks)


def delete_families(
    spectrum: ArrayLike, fit: PixelFit, families: Sequence[str]
) -> NDArray[np.float64]:
    """Remove the fitted counts of some families from a spectrum, shape (channel,).

    Parameters
    ----------
    spectrum : array_like, shape (channel,)
        Counts.
    fit : PixelFit
        The fit of that spectrum.
    families : sequence of str
        Families of the fit.

    Raises
    ------
    ValueError
        If a family was not fitted.
    """
    counts = np.asarray(spectrum, dtype=np.float64)
    return np.asarray(counts * fit.remaining_share(families, counts.size))


def _families_by_element(net: dict[str, tuple[float, float]]) -> dict[str, list[str]]:
    """Group the significant families by element: its K, L and M lines are one piece of evidence."""
    families: dict[str, list[str]] = {}
    for name in sorted(net, key=lambda n: -net[n][0] / net[n][1]):
        if net[name][0] >= _LEAST_SIGMA * net[name][1]:
            families.setdefault(name.split()[0], []).append(name)
    return families


def _candidate_subsets(drops: NDArray[np.float64], probability: float) -> list[tuple[int, ...]]:
    """Return growing sets of elements: the decisive ones, then one more at a time."""
    order = [int(i) for i in np.argsort(-drops) if drops[i] > 0]
    if not order:
        return [()]
    margin = float(_log_odds(probability) - _log_odds(THRESHOLD))
    decisive = [i for i in order if drops[i] >= max(_SHARE_OF_MARGIN * margin, 0.5)] or order[:1]
    rest = [i for i in order if i not in decisive]
    return [tuple(decisive + rest[:n]) for n in range(min(len(rest), _MOST) + 1)]


def _evidence(
    kind: str,
    index: int,
    maps: PigmentMaps,
    probability: float,
    without: float,
    lines: tuple[EvidenceLine, ...],
) -> Evidence:
    lines = tuple(sorted(lines, key=lambda line: -line.log_odds_drop))
    if kind == "group":
        name = maps.groups[index]
        return Evidence(
            "group", name, probability, without, lines, ambiguity_groups().get(name, ()), ()
        )
    name = maps.names[index]
    try:
        group = ambiguity_groups()[pigment(name).group]
        mixtures = equivalent_mixtures(name)
    except ValueError:  # other weights may predict other pigments
        group, mixtures = (), ()
    others = tuple(member for member in group if member != name)
    return Evidence("pigment", name, probability, without, lines, others, mixtures)


def _over(table: NDArray[Any]) -> list[int]:
    return [int(index) for index in np.flatnonzero(table[:, 0] >= THRESHOLD)]


def _row(maps: PigmentMaps, kind: str, index: int) -> NDArray[np.float64]:
    table = maps.probability if kind == "pigment" else maps.group_probability
    return np.asarray(table[index], dtype=np.float64)


def _log_odds(probability: ArrayLike) -> NDArray[np.float64]:
    p = np.clip(np.asarray(probability, dtype=np.float64), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(p / (1 - p)))


def _main_kev(family: str) -> float:
    return float(line_family(family, 120.0).main.kev)
