"""Test of claims about a spectrum: whether the best paint needs each group of pigments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike

from .._parallel import on_one_thread
from .._typing import FloatArray
from ..cube import Acquisition, EnergyAxis
from ..network.predict import Predictor
from ..physics.lines import atomic_number, line_family
from ..pigments.catalogue import ambiguity_groups, pigment, pigment_catalogue
from ..pigments.mixtures import equivalent_mixtures
from .candidates import DetectedElements, candidate_layout
from .detection import Bins, Detection
from .emission import PaintEmission
from .hypotheses import GroupFits, Hypotheses, diagnostic_elements, fit_hypotheses
from .instrument import FittedInstrument
from .instrument_fit import checked_counts, fit_instrument, pearson, prepared
from .layout import Component
from .optimise import AT_REST, Solution
from .section_model import SectionModel
from .section_summary import Summary
from .verification import ClaimTest, Verdict, Verification

#: Probability from which a group is claimed, and from which it is nearly claimed.
CLAIMED, NEARLY_CLAIMED = 0.5, 0.1
#: Most groups that are tested where none are named.
_MOST_CLAIMS = 8
#: Penalty for the amount and the depth of a group, nats.
_PENALTY = 2.0
#: Penalised log ratio from which a group is needed, nats.
NEEDED = 3.0
#: Loss of a paint that holds a group in place of others, below which it is as good, nats.
_AS_GOOD = 3.0
#: Decrease of a fit in its last steps relative to the log ratio, below which it is settled.
_SETTLED = 0.1
#: Softest line that paint is fitted to, keV.
_SOFTEST_KEV = 1.1


def verify_spectrum(
    counts: ArrayLike,
    energies: EnergyAxis | ArrayLike,
    acquisition: Acquisition | None = None,
    claims: Sequence[str] | None = None,
    *,
    instrument: FittedInstrument | None = None,
    predictor: Predictor | None = None,
    seed: int = 0,
) -> Verification:
    """Test claims about a spectrum by fits of layered paint with and without each group.

    Parameters
    ----------
    counts : array_like, shape (channel,)
        Counts of a pixel, a region or a reference.
    energies : EnergyAxis or array_like, shape (channel,)
        The energy axis, or the channels' centres in keV.
    acquisition : Acquisition, optional
        Settings of the instrument, as far as known.
    claims : sequence of str, optional
        Ids of pigments or groups; by default the groups that the network claims or nearly claims.
    instrument : FittedInstrument, optional
        The instrument of the scan; by default it is fitted to this spectrum.
    predictor : Predictor, optional
        The network, for probabilities; by default the bundled one where `claims` is None.
    seed : int
        Seed of the starts of the fits; the same input gives the same result.

    Raises
    ------
    ValueError
        If the spectrum holds too few counts or does not fit the axis, the anode is neither known
        nor visible, or a claim is not an id.
    """
    axis = energies if isinstance(energies, EnergyAxis) else EnergyAxis.from_kev(energies)
    values = checked_counts(counts, axis)
    if len(values) != 1:
        raise ValueError(
            f"One spectrum is tested at a time, not {len(values)}; use verify_regions for several."
        )
    probability = _probabilities(values, axis, acquisition, predictor, claims is None)
    claimed = claimed_groups(claims, probability)
    made = instrument or fit_instrument(values, axis, acquisition)
    return _verify(values, made, claimed, probability, seed)


@on_one_thread()
def _verify(
    counts: FloatArray,
    instrument: FittedInstrument,
    claimed: Mapping[str, tuple[str, ...]],
    probability: Mapping[str, float],
    seed: int,
) -> Verification:
    elements = DetectedElements.of(counts[0], instrument)
    layout = candidate_layout(elements, instrument.anode, _with_mixtures(claimed))
    bins = Bins.of(instrument)
    excitation = instrument.excitation
    emission = PaintEmission(layout.elements, excitation.beam, excitation.geometry, _SOFTEST_KEV)
    model = SectionModel(layout, emission, Detection.of(instrument, emission, bins))
    data = prepared(counts, instrument, bins)
    strongest = _strongest(elements, layout.components)
    fits = fit_hypotheses(model, data, list(claimed), strongest, seed)
    summary = Summary(fits.model, fits.full)
    best = summary.solution
    converged = bool(best.converged[0])
    notes = list(instrument.notes)
    if not converged:
        notes.append(
            "The fit of the section did not converge, so no claim has a verdict; average more "
            "pixels, or check the instrument's settings."
        )
    tests = [
        _claim_test(fits, test, claimed[test.group], probability.get(test.group), bins, instrument)
        if converged else ClaimTest(
            test.group, claimed[test.group], probability.get(test.group), None, None
        )
        for test in fits.tests
    ]  # fmt: skip
    expected = best.expected
    residual = (fits.data.counts - expected) / torch.sqrt(
        expected.clamp(min=1.0) + (fits.data.model_error * expected) ** 2
    )
    return Verification(
        claims=tuple(tests),
        layers=summary.layers(),
        order_constrained=summary.order_constrained(fits.full),
        amounts=summary.amounts(set(claimed)),
        energies=bins.kev(instrument),
        counts=fits.data.counts[0].numpy(),
        expected=expected[0].numpy(),
        residual_sigma=residual[0].numpy(),
        chi2_per_dof=float(pearson(data, expected)[0]) / bins.count,
        converged=converged,
        instrument=instrument,
        seed=seed,
        notes=tuple(notes),
    )


def _probabilities(
    counts: FloatArray,
    axis: EnergyAxis,
    acquisition: Acquisition | None,
    predictor: Predictor | None,
    needed: bool,
) -> dict[str, float]:
    """Return the network's probability of each group; empty where no network is at hand."""
    if predictor is None and not needed:
        return {}
    network = predictor or Predictor("cpu")
    maps = network.bind(axis, acquisition)(counts)
    values = np.asarray(maps.group_probability)[:, 0]
    return dict(zip(maps.groups, map(float, values), strict=True))


def claimed_groups(
    claims: Sequence[str] | None, probability: Mapping[str, float]
) -> dict[str, tuple[str, ...]]:
    """Return the claimed groups with the pigments claimed of each.

    Parameters
    ----------
    claims : sequence of str or None
        Ids of pigments or groups; None for the groups that the network claims or nearly claims.
    probability : mapping of str to float
        Probability of each group by the network.

    Raises
    ------
    ValueError
        If a claim is the id of neither a pigment nor a group.
    """
    groups = ambiguity_groups()
    if claims is None:
        near = sorted(probability, key=lambda group: -probability[group])
        near = [group for group in near if probability[group] >= NEARLY_CLAIMED and group in groups]
        return {group: groups[group] for group in near[:_MOST_CLAIMS]}
    members = {entry.id: entry.group for entry in pigment_catalogue()}
    found: dict[str, tuple[str, ...]] = {}
    for claim in claims:
        if claim in groups:
            found[claim] = groups[claim]
        elif claim in members:
            group = members[claim]
            before = found.get(group, ())
            found[group] = tuple(dict.fromkeys((*before, claim)))
        else:
            raise ValueError(
                f"{claim!r} is the id of neither a pigment nor a group; see the table of pigments."
            )
    return found


def _with_mixtures(claimed: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Return the claimed groups and those whose mixtures show the same elements."""
    found = set(claimed)
    for group in claimed:
        for name in ambiguity_groups()[group]:
            for pair in equivalent_mixtures(name):
                found.update(pair)
    return found


def _strongest(elements: DetectedElements, components: Sequence[Component]) -> list[str]:
    """Return candidate groups, those with the most significant own element first."""
    strength: dict[str, float] = {}
    for component in components:
        if component.group:
            entry = pigment(component.name)
            value = min(elements.sigma.get(f.split()[0], 0.0) for f in entry.diagnostic)
            strength[component.group] = max(strength.get(component.group, 0.0), value)
    return sorted(strength, key=lambda group: -strength[group])


def _claim_test(
    fits: Hypotheses,
    test: GroupFits,
    pigments: tuple[str, ...],
    probability: float | None,
    bins: Bins,
    instrument: FittedInstrument,
) -> ClaimTest:
    """Judge one claim from its fits."""
    ratio = float(test.without.objective[0] - test.having.objective[0]) - _PENALTY
    # A poor fit without the group may still improve a little, if that cannot change the verdict.
    limit = max(AT_REST, _SETTLED * ratio)
    if float(test.without.recent[0]) > limit or float(test.having.recent[0]) > limit:
        return ClaimTest(test.group, pigments, probability, None, None)
    verdict: Verdict = "not needed"
    if ratio > NEEDED:
        verdict = "needed"
    elif test.forced_loss < _AS_GOOD and test.forced_gain - _PENALTY > NEEDED:
        verdict = "cannot tell"
    line, missed = _missed(fits, test, bins, instrument)
    return ClaimTest(
        test.group, pigments, probability, ratio, verdict, _alternatives(fits, test), missed, line
    )


def _alternatives(fits: Hypotheses, test: GroupFits) -> tuple[str, ...]:
    """Return groups and compounds that supply more of the group's elements without it."""
    model = fits.model
    gains: dict[str, float] = {}
    for element in diagnostic_elements(test.group):
        z = atomic_number(element)
        supply = [_supply(model, solution, z) for solution in (test.having, test.without)]
        lost = supply[0].get(test.group, 0.0)
        for name, amount in supply[1].items():
            gain = amount - supply[0].get(name, 0.0)
            if name != test.group and lost > 0 and gain > 0.15 * lost:
                gains[name] = max(gains.get(name, 0.0), gain / lost)
    return tuple(sorted(gains, key=lambda name: -gains[name])[:4])


def _supply(model: SectionModel, solution: Solution, z: int) -> dict[str, float]:
    mass = model.mass(solution.theta, solution.active)[0].sum(0)
    found: dict[str, float] = {}
    for component, amount in zip(model.layout.components, mass.tolist(), strict=True):
        name = component.group or component.name
        found[name] = found.get(name, 0.0) + amount * component.fractions.get(z, 0.0)
    return found


def _missed(
    fits: Hypotheses, test: GroupFits, bins: Bins, instrument: FittedInstrument
) -> tuple[str, float]:
    """Return the diagnostic family that the fit without the group misses most, and its counts."""
    kev = bins.kev(instrument)
    difference = (test.having.expected - test.without.expected)[0].numpy()
    best, counts = "", 0.0
    for name in dict.fromkeys(f for p in ambiguity_groups()[test.group] for f in
                              pigment(p).diagnostic):  # fmt: skip
        family = line_family(name, 60.0)
        inside = np.zeros(len(kev), bool)
        for line, strength in zip(family.kev, family.strength, strict=True):
            if strength > 0.05:
                inside |= np.abs(kev - line) < 0.12
        missed = float(difference[inside].sum())
        if missed > counts:
            best, counts = name, missed
    return best, counts
