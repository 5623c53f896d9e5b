"""Fits of a spectrum with and without each claimed group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from ..pigments.catalogue import ambiguity_groups, pigment
from .instrument_fit import fitted_model_error
from .layout import BELOW, LAYER_MASS, TOP, Layout
from .optimise import Data, Solution, fit_sections
from .section_model import SectionModel
from .starts import even_masses, split_start, stacked

#: Steps of a first fit, and of each further one.
_STEPS, _MORE_STEPS = 25, 25
#: Further rounds for fits that have not come to rest.
_ROUNDS = 3
#: Sections in a batch.
_BATCH = 24
#: Least relative model error of a bin.
LEAST_MODEL_ERROR = 0.005
#: Decrease of the objective, nats, that a second paint layer must bring.
SECOND_LAYER = 3.0
#: Share of the mass of a layer at which a group is brought back into a fit without it.
_RETURNED = 0.01


@dataclass(frozen=True)
class Hypotheses:
    """All fits of one spectrum.

    Parameters
    ----------
    model : SectionModel
        The model.
    data : Data
        The spectrum (one stack).
    full : Solution
        Fits with all candidates, the best first.
    tests : tuple of GroupFits
        One per claimed group.
    """

    model: SectionModel
    data: Data
    full: Solution
    tests: tuple[GroupFits, ...]


@dataclass(frozen=True)
class GroupFits:
    """Best fits with and without one group.

    Parameters
    ----------
    group : str
        The group.
    having, without : Solution
        Best fit with all candidates, and without the group (one stack each).
    forced_gain : float
        Decrease of the objective, nats, that the group brings where nothing else supplies one of
        its diagnostic elements.
    forced_loss : float
        Increase of the objective, nats, of that paint over the best one.
    """

    group: str
    having: Solution
    without: Solution
    forced_gain: float
    forced_loss: float


def fit_hypotheses(
    model: SectionModel, data: Data, groups: Sequence[str], strongest: Sequence[str], seed: int
) -> Hypotheses:
    """Fit one spectrum with all candidates, and without each claimed group.

    Parameters
    ----------
    model : SectionModel
        The model.
    data : Data
        The spectrum (one stack).
    groups : sequence of str
        Claimed groups.
    strongest : sequence of str
        Groups with the strongest lines, which starts assign to one layer each.
    seed : int
        Seed of the random starts.
    """
    theta, active = _first_starts(model, strongest, seed)
    one = torch.zeros(len(theta), dtype=torch.int64)
    full = _fit(model, theta, active, data, one)
    model.update_secondary(full.theta, full.active)
    best = int(full.objective.argmin())
    error = max(
        fitted_model_error(data, full.expected[best : best + 1]),
        data.model_error,
        LEAST_MODEL_ERROR,
    )
    data = replace(data, model_error=error)
    full = _fit(model, full.theta, full.active, data, one)
    order = torch.argsort(full.objective, stable=True)
    full, model = full.take(order), model.take(order.tolist())
    trials = [_group_trials(model, full, group) for group in groups]
    fitted = _fit_trials(model, full, data, trials)
    returned = _fit_returned(model, data, groups, fitted)
    tests = []
    for number, group in enumerate(groups):
        without = fitted[number]["without"]
        having = _better(returned[number], full.take(torch.tensor([0])))
        if float(having.objective[0]) > float(without.objective[0]):
            having = without  # paint that may hold the group includes paint without it
        tests.append(_group_fits(group, having, without, fitted[number]))
    candidates = [full, *[test.having for test in tests]]
    return Hypotheses(model, data, _joined(candidates), tuple(tests))


def _group_fits(
    group: str, having: Solution, without: Solution, fitted: dict[str, Solution]
) -> GroupFits:
    gain, loss = 0.0, float("inf")
    best = min(float(having.objective[0]), float(without.objective[0]))
    for name, solution in fitted.items():
        if not name.startswith("forced "):
            continue
        bare = fitted["bare " + name.removeprefix("forced ")]
        reached = float(solution.objective[0])
        if reached - best < loss:
            loss, gain = reached - best, float(bare.objective[0]) - reached
    return GroupFits(group, having, without, gain, loss)


def _first_starts(
    model: SectionModel, strongest: Sequence[str], seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    layout = model.layout
    masses = [even_masses(layout), even_masses(layout)]
    masses += [split_start(layout, [group]) for group in strongest[:2]]
    noise = np.random.default_rng(seed).normal(0, 1.0, len(masses[0]))
    masses.append(even_masses(layout) + torch.as_tensor(noise))
    active = torch.ones(len(masses), len(layout.unknowns), dtype=torch.bool)
    active[0, layout.layer_rows(BELOW)] = False
    if len(masses) > 3:
        active[-1, layout.layer_rows(BELOW)] = False
    return stacked(model, masses), active


def _fit(
    model: SectionModel,
    theta: torch.Tensor,
    active: torch.Tensor,
    data: Data,
    rows: torch.Tensor,
    steps: int = _STEPS,
) -> Solution:
    """Fit sections, and go on with those that have not come to rest."""
    solution = fit_sections(model, theta, active, data.expanded(rows), steps)
    for _ in range(_ROUNDS):
        moving = torch.nonzero(~solution.converged)[:, 0]
        if len(moving) == 0:
            break
        again = fit_sections(
            model.take(moving.tolist()), solution.theta[moving], active[moving],
            data.expanded(rows[moving]), steps,
        )  # fmt: skip
        solution = solution.updated(moving, again)
    return solution


def _group_trials(
    model: SectionModel, full: Solution, group: str
) -> list[tuple[str, int, list[int]]]:
    """List fits for one group: name, full fit to start from, and unknowns that are left out."""
    layout = model.layout
    own = layout.rows([group])
    one, two = _best_of_each(full, layout)
    trials = [("without", 0, own), ("without", one if one != 0 else two, own)]
    for element in diagnostic_elements(group):
        rivals = suppliers(layout, element) - {group}
        if rivals:
            others = layout.rows(rivals)
            trials.append((f"forced {element}", 0, others))
            trials.append((f"bare {element}", 0, [*own, *others]))
    if not any(name.startswith("forced") for name, *_ in trials):
        trials.append(("forced", 0, []))
        trials.append(("bare", 0, own))
    return [
        (name if " " in name or name == "without" else name + " all", start, out)
        for name, start, out in trials
    ]


def _best_of_each(full: Solution, layout: Layout) -> tuple[int, int]:
    """Return the best fits with one and with two paint layers."""
    row = layout.layer_rows(BELOW)[0]
    two = full.active[:, row]
    indices = torch.arange(len(two))
    return int(indices[~two][0]), int(indices[two][0])


def diagnostic_elements(group: str) -> tuple[str, ...]:
    """Return the symbols that identify the pigments of a group."""
    members = ambiguity_groups()[group]
    families = (family for name in members for family in pigment(name).diagnostic)
    return tuple(dict.fromkeys(family.split()[0] for family in families))


def suppliers(layout: Layout, element: str) -> set[str]:
    """Return the groups of the candidates that hold an element as a diagnostic one."""
    return {
        component.group
        for component in layout.components
        if component.group and element in diagnostic_elements(component.group)
    }


def _fit_trials(
    model: SectionModel,
    full: Solution,
    data: Data,
    trials: Sequence[Sequence[tuple[str, int, list[int]]]],
) -> list[dict[str, Solution]]:
    """Fit all trials in batches and return the best of each name, for each group."""
    flat = [(number, *trial) for number, group in enumerate(trials) for trial in group]
    found: list[dict[str, Solution]] = [{} for _ in trials]
    for first in range(0, len(flat), _BATCH):
        part = flat[first : first + _BATCH]
        starts = torch.tensor([start for _, _, start, _ in part])
        theta, active = full.theta[starts].clone(), full.active[starts].clone()
        for row, (_, _, _, out) in enumerate(part):
            active[row, out] = False
            theta[row] = _compensated(model, theta[row], full.active[starts[row]], out)
        rows = torch.zeros(len(part), dtype=torch.int64)
        solved = _fit(model.take(starts.tolist()), theta, active, data, rows, _MORE_STEPS)
        for row, (number, name, *_) in enumerate(part):
            solution = solved.take(torch.tensor([row]))
            before = found[number].get(name)
            found[number][name] = _better(before, solution) if before else solution
    return found


def _compensated(
    model: SectionModel, theta: torch.Tensor, active: torch.Tensor, out: Sequence[int]
) -> torch.Tensor:
    """Raise the candidates that can replace components that are left out of a layer."""
    layout = model.layout
    if not out:
        return theta
    theta = theta.clone()
    for layer in {layout.unknowns[row][0] for row in out}:
        lost = sum(
            float(theta[row].exp()) for row in out if layout.unknowns[row][0] == layer
            and bool(active[row])
        )  # fmt: skip
        removed = {
            z for row in out if layout.unknowns[row][0] == layer
            for z in layout.components[layout.unknowns[row][1]].fractions if z > 18
        }  # fmt: skip
        for row in set(layout.layer_rows(layer)) - set(out):
            component = layout.components[layout.unknowns[row][1]]
            if component.group and removed & set(component.fractions):
                least = np.log(max(0.3 * lost, 1e-3 * LAYER_MASS["paint"][0]))
                theta[row] = torch.maximum(theta[row], torch.tensor(least))
    return theta


def _fit_returned(
    model: SectionModel, data: Data, groups: Sequence[str], fitted: Sequence[dict[str, Solution]]
) -> list[Solution]:
    """Fit with each group brought back into the best paint without it."""
    if not groups:
        return []
    layout = model.layout
    solutions = [each["without"] for each in fitted]
    theta = torch.cat([solution.theta for solution in solutions])
    active = torch.cat([solution.active for solution in solutions])
    for row, group in enumerate(groups):
        for unknown in layout.rows([group]):
            layer = layout.unknowns[unknown][0]
            if layer == BELOW and not bool(active[row, layout.layer_rows(BELOW)[0]]):
                continue
            active[row, unknown] = True
            share = _RETURNED * LAYER_MASS["paint"][0]
            theta[row, unknown] = np.log(share if layer == TOP else share / 3)
    rows = torch.zeros(len(groups), dtype=torch.int64)
    solved = _fit(model.take([0] * len(groups)), theta, active, data, rows, _MORE_STEPS)
    return [solved.take(torch.tensor([row])) for row in range(len(groups))]


def _better(first: Solution, second: Solution) -> Solution:
    return first if float(first.objective[0]) <= float(second.objective[0]) else second


def _joined(solutions: Sequence[Solution]) -> Solution:
    joined = Solution(
        *(torch.cat([getattr(s, name) for s in solutions]) for name in Solution.__annotations__)
    )
    return joined.take(torch.argsort(joined.objective, stable=True))
