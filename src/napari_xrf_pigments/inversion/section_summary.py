"""Layers, amounts and their intervals from fitted sections."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import torch
from scipy.special import ndtr

from .._typing import FloatArray
from ..physics.lines import element_symbol
from .hypotheses import SECOND_LAYER
from .layout import BELOW, LAYER_MASS, ROLES, TOP, Component, Layout
from .optimise import Solution
from .section_model import SectionModel
from .verification import Amount, FittedLayer, Interval

#: Fits within this distance of the best one contribute to intervals, nats.
_NEAR = 4.0
#: Spread (natural logarithm) from which a value is not determined by the spectrum.
_UNDETERMINED = 0.45
#: Least share of the weight of a layer at which a pigment is listed.
_LEAST_SHARE = 0.02
#: Increase of the objective, nats, of the other order of layers, from which the order is known.
_KNOWN_ORDER = 3.0
#: Elements lighter than this are not listed.
_LIGHTEST = 13
#: Factor on intervals for the approximation of the posterior by a normal distribution.
_WIDENING = 1.2


class Summary:
    """Posterior of the quantities of a section, from all fits near the best one.

    Parameters
    ----------
    model : SectionModel
        The model.
    full : Solution
        Fits with all candidates, the best first.
    """

    def __init__(self, model: SectionModel, full: Solution) -> None:
        self.model, self.layout = model, model.layout
        self.solution = _preferred(model.layout, full)
        near = full.objective - float(self.solution.objective[0])
        same = full.active[:, _below(model.layout)] == self.solution.active[0, _below(model.layout)]
        self.near = full.take(torch.nonzero((near < _NEAR) & same)[:, 0])
        weight = torch.exp(-(self.near.objective - self.near.objective.min()))
        self.weight = (weight / weight.sum()).numpy()
        self.covariance = torch.stack([_covariance(s, model) for s in _each(self.near)])

    @property
    def two_paints(self) -> bool:
        """Whether the section has two paint layers."""
        return bool(self.solution.active[0, _below(self.layout)])

    def layers(self) -> tuple[FittedLayer, ...]:
        """Return the layers of the best section, top first."""
        found = []
        for layer, role in enumerate(ROLES):
            if layer == BELOW and not self.two_paints:
                continue
            rows = self.layout.layer_rows(layer)
            volume = {row: 1e4 / self._component(row).density_g_cm3 for row in rows}
            thickness = self.interval(volume, LAYER_MASS[role][1])
            found.append(FittedLayer(role, self._pigments(rows), thickness))
        return tuple(found)

    def order_constrained(self, full: Solution) -> bool:
        """Return whether every fit with the other order of the paint layers is clearly worse.

        The order is that of the mean depth of the heaviest groups of each paint layer.
        """
        if not self.two_paints:
            return False
        best = self._upper_groups(self.solution)
        if not best:
            return False
        margin = full.objective - float(self.solution.objective[0])
        others = [
            float(margin[row])
            for row, each in enumerate(_each(full))
            if bool(each.active[0, _below(self.layout)]) and self._upper_groups(each) != best
        ]
        return bool(others) and min(others) > _KNOWN_ORDER

    def _upper_groups(self, each: Solution) -> frozenset[tuple[str, int]]:
        """Return the layer in which each group with a clear preference has most of its mass."""
        mass: dict[str, list[float]] = {}
        for layer in (TOP, BELOW):
            for row in self.layout.layer_rows(layer):
                group = self._component(row).group
                if group and bool(each.active[0, row]):
                    own = mass.setdefault(group, [0.0, 0.0])
                    own[layer - TOP] += float(each.theta[0, row].exp())
        total = sum(sum(own) for own in mass.values())
        return frozenset(
            (group, TOP if own[0] > own[1] else BELOW)
            for group, own in mass.items()
            if sum(own) > 0.15 * total and max(own) > 3 * min(own)
        )

    def _component(self, row: int) -> Component:
        return self.layout.components[self.layout.unknowns[row][1]]

    def _pigments(self, rows: list[int]) -> tuple[tuple[str, Interval], ...]:
        everything = dict.fromkeys(rows, 1.0)
        found = []
        for row in rows:
            if self._component(row).group:
                share = self.interval({row: 1.0}, np.inf, everything)
                if share.value >= _LEAST_SHARE:
                    found.append((self._component(row).name, share))
        return tuple(sorted(found, key=lambda each: -each[1].value))

    def amounts(self, claimed: Collection[str]) -> tuple[Amount, ...]:
        """Return the amounts of claimed groups' pigments and of all elements in the paint."""
        rows = [*self.layout.layer_rows(TOP), *self.layout.layer_rows(BELOW)]
        found = []
        for component in self.layout.components:
            own = {row: 1e6 for row in rows if self._component(row) is component}
            if component.group in claimed and own:
                found.append(Amount(component.name, "pigment", self.interval(own, np.inf)))
        for z in self.layout.elements:
            own = {row: 1e6 * self._component(row).fractions.get(z, 0.0) for row in rows}
            own = {row: value for row, value in own.items() if value > 0}
            if z >= _LIGHTEST and own:
                found.append(Amount(element_symbol(z), "element", self.interval(own, np.inf)))
        return tuple(found)

    def interval(
        self, factors: dict[int, float], prior: float, over: dict[int, float] | None = None
    ) -> Interval:
        """Return a weighted sum of masses, or a ratio of two, with its interval.

        Parameters
        ----------
        factors : dict of int to float
            Factors on the masses of unknowns.
        prior : float
            Spread of its natural logarithm before the spectrum was measured.
        over : dict of int to float, optional
            Factors of the denominator.
        """
        logs, spreads = [], []
        for number, each in enumerate(_each(self.near)):
            value, gradient = self._log_sum(each, factors)
            if over is not None:
                denominator, its = self._log_sum(each, over)
                value, gradient = value - denominator, gradient - its
            logs.append(value)
            variance = gradient @ self.covariance[number] @ gradient
            spreads.append(_WIDENING * float(variance.clamp(min=0).sqrt()))
        low, middle, high = mixture_quantiles(np.array(logs), np.array(spreads), self.weight)
        spread = 0.5 * (high - low)
        known = bool(spread < _UNDETERMINED and spread < 0.6 * prior)
        return Interval(float(np.exp(middle)), float(np.exp(low)), float(np.exp(high)), known)

    def _log_sum(self, each: Solution, factors: dict[int, float]) -> tuple[float, torch.Tensor]:
        """Return the logarithm of a weighted sum of masses and its gradient."""
        gradient = torch.zeros(self.model.parameters, dtype=torch.float64)
        for row, factor in factors.items():
            if bool(each.active[0, row]):
                gradient[row] = factor * each.theta[0, row].exp()
        total = float(gradient.sum().clamp(min=1e-12))
        return float(np.log(total)), gradient / total


def _below(layout: Layout) -> int:
    return layout.layer_rows(BELOW)[0]


def _preferred(layout: Layout, full: Solution) -> Solution:
    """Return the best fit with one paint layer, unless a second one is needed."""
    two = full.active[:, _below(layout)]
    best = full.take(torch.tensor([0]))
    simple = torch.nonzero(~two)[:, 0]
    if bool(two[0]) and len(simple):
        one = full.take(simple[:1])
        if float(one.objective[0] - best.objective[0]) < SECOND_LAYER:
            return one
    return best


def _each(solution: Solution) -> list[Solution]:
    return [solution.take(torch.tensor([row])) for row in range(len(solution.objective))]


def _covariance(solution: Solution, model: SectionModel) -> torch.Tensor:
    hessian = solution.hessian[0]
    free = torch.ones(len(hessian), dtype=torch.bool)
    free[: model.masses] = solution.active[0]
    matrix = torch.where(free[:, None] & free[None, :], hessian, 0.0)
    # Masses of next to nothing have no curvature: they cannot move a sum by much.
    diagonal = torch.where(free, 1e-2, 1.0)
    inverse = torch.linalg.inv(matrix + torch.diag(diagonal))
    return torch.where(free[:, None] & free[None, :], inverse, 0.0)


def mixture_quantiles(
    means: FloatArray, spreads: FloatArray, weights: FloatArray
) -> tuple[float, float, float]:
    """Return the 16th, 50th and 84th percentile of a mixture of normal distributions."""
    spreads = np.maximum(spreads, 1e-4)
    grid = np.linspace(float((means - 4 * spreads).min()), float((means + 4 * spreads).max()), 2001)
    cumulative = weights @ ndtr((grid[None] - means[:, None]) / spreads[:, None])
    low, middle, high = np.interp([0.16, 0.5, 0.84], cumulative, grid)
    return float(low), float(middle), float(high)
