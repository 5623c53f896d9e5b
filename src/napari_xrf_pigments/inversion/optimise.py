"""Levenberg-Marquardt fits of many sections at once, by a Poisson likelihood with a model error.

The counts have the variance mu + (s mu)^2: the negative binomial distribution, whose dispersion
s^2 is the square of the relative model error of a bin, and which is Poisson's for s = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .section_model import SectionModel

#: Largest change of a parameter in one step.
_STEP = 1.5
#: Least logarithm of a mass, g/cm2.
LEAST_LOG_MASS = -20.0
#: Decrease of the objective, nats, below which a step does not matter.
_ENOUGH = 0.02
#: Decrease of the objective in the last steps together, nats, below which a fit has converged.
AT_REST = 0.5
_LAST_STEPS = 6
_MIN_DAMPING, _MAX_DAMPING = 1e-6, 1e6


@dataclass(frozen=True)
class Data:
    """Spectra to fit.

    Parameters
    ----------
    counts, pairs : Tensor, shape (stack, bin)
        Counts, and the spectra of pairs.
    total : Tensor, shape (stack,)
        Counts of the whole spectra.
    model_error : float
        Relative model error of a bin.
    """

    counts: torch.Tensor
    pairs: torch.Tensor
    total: torch.Tensor
    model_error: float = 0.0

    def expanded(self, rows: torch.Tensor) -> Data:
        """Return the spectra of an index, repeated where it repeats."""
        return Data(self.counts[rows], self.pairs[rows], self.total[rows], self.model_error)


@dataclass(frozen=True)
class Solution:
    """Fitted sections.

    Parameters
    ----------
    theta : Tensor, shape (stack, parameter)
        Parameters of :class:`SectionModel`.
    active : Tensor of bool, shape (stack, mass)
        Masses that are not zero.
    objective : Tensor, shape (stack,)
        Negative logarithm of likelihood times prior, nats, up to a constant of the counts.
    recent : Tensor, shape (stack,)
        Decrease of the objective in the last steps, nats.
    expected : Tensor, shape (stack, bin)
        Expected counts.
    hessian : Tensor, shape (stack, parameter, parameter)
        Information matrix, priors included.
    """

    theta: torch.Tensor
    active: torch.Tensor
    objective: torch.Tensor
    recent: torch.Tensor
    expected: torch.Tensor
    hessian: torch.Tensor

    @property
    def converged(self) -> torch.Tensor:
        """Whether the fits came to rest, bool of shape (stack,)."""
        return self.recent < AT_REST

    def take(self, rows: torch.Tensor) -> Solution:
        """Return some of the sections."""
        return Solution(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def updated(self, rows: torch.Tensor, other: Solution) -> Solution:
        """Return the sections with some of them replaced."""
        values = []
        for name in self.__dataclass_fields__:
            value = getattr(self, name).clone()
            value[rows] = getattr(other, name)
            values.append(value)
        return Solution(*values)


def negative_log_likelihood(
    counts: torch.Tensor, expected: torch.Tensor, model_error: float
) -> torch.Tensor:
    """Compute the deviance half of counts, nats, shape (stack,); 0 for a perfect fit."""
    mu = expected.clamp(min=1e-6)
    k = counts.clamp(min=1e-12)
    if model_error <= 1e-6:
        return (mu - counts + counts * (k / mu).log()).sum(1)
    alpha = model_error**2
    # log1p keeps the difference of two nearly equal logarithms exact.
    joint = (counts + 1 / alpha) * torch.log1p(alpha * (mu - counts) / (1 + alpha * counts))
    return (joint - counts * (mu / k).log()).sum(1)


def fit_sections(
    model: SectionModel, theta: torch.Tensor, active: torch.Tensor, data: Data, steps: int = 40
) -> Solution:
    """Fit sections to spectra from given starts.

    Parameters
    ----------
    model : SectionModel
        The model.
    theta : Tensor, shape (stack, parameter)
        Initial parameters.
    active : Tensor of bool, shape (stack, mass)
        Masses that are not zero.
    data : Data
        Spectra, one for each stack.
    steps : int
        Largest number of steps.
    """
    free = torch.cat(
        [active, torch.ones(len(theta), model.parameters - model.masses, dtype=torch.bool)], 1
    )
    theta = rescaled(model, theta, active, data)
    objective, gradient, hessian, expected = _terms(model, theta, active, free, data)
    damping = torch.full((len(theta),), 1e-2, dtype=torch.float64)
    still = torch.zeros(len(theta), dtype=torch.int64)
    history = [objective]
    for _ in range(steps):
        step = _step(hessian, gradient, damping, free)
        trial = theta + step
        trial[:, : model.masses].clamp_(min=LEAST_LOG_MASS, max=2.0)
        terms = _terms(model, trial, active, free, data)
        gain = objective - terms[0]
        better = torch.isfinite(terms[0]) & (gain > 0)
        still = torch.where(better & (gain > _ENOUGH), 0, still + 1)
        pick = better[:, None]
        theta = torch.where(pick, trial, theta)
        objective = torch.where(better, terms[0], objective)
        gradient = torch.where(pick, terms[1], gradient)
        hessian = torch.where(pick[..., None], terms[2], hessian)
        expected = torch.where(pick, terms[3], expected)
        damping = torch.where(better, damping / 5, damping * 4)
        damping = damping.clamp(_MIN_DAMPING, _MAX_DAMPING)
        history.append(objective)
        if bool((still >= 3).all()):
            break
    recent = history[max(0, len(history) - 1 - _LAST_STEPS)] - objective
    recent = torch.where(still >= 2, 0.0, recent)
    return Solution(theta, active, objective, recent, expected, hessian)


def rescaled(
    model: SectionModel, theta: torch.Tensor, active: torch.Tensor, data: Data
) -> torch.Tensor:
    """Set the scale so that the expected counts have the total of the measured ones."""
    expected, _ = model.expected(theta, active, data.total, data.pairs)
    theta = theta.clone()
    ratio = data.counts.sum(1) / expected.sum(1).clamp(min=1e-30)
    theta[:, model.masses] += ratio.clamp(1e-30, 1e30).log()
    return theta


def _terms(
    model: SectionModel,
    theta: torch.Tensor,
    active: torch.Tensor,
    free: torch.Tensor,
    data: Data,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Compute objective, its negative gradient, the information matrix and expected counts."""
    expected, derivative = model.expected(theta, active, data.total, data.pairs)
    residual, slope = model.prior(theta, active)
    mu = expected.clamp(min=1e-6)
    weight = 1 / (mu * (1 + data.model_error**2 * mu))
    weighted = derivative * weight[:, None]
    gradient = (weighted @ (data.counts - mu)[..., None])[..., 0]
    gradient = gradient - (residual[:, None] @ slope)[:, 0]
    hessian = weighted @ derivative.transpose(1, 2) + slope.transpose(1, 2) @ slope
    objective = negative_log_likelihood(data.counts, expected, data.model_error)
    objective = objective + 0.5 * (residual**2).sum(1)
    return objective, torch.where(free, gradient, 0.0), hessian, expected


def _step(
    hessian: torch.Tensor, gradient: torch.Tensor, damping: torch.Tensor, free: torch.Tensor
) -> torch.Tensor:
    both = free[:, :, None] & free[:, None, :]
    matrix = torch.where(both, hessian, 0.0)
    diagonal = matrix.diagonal(dim1=1, dim2=2)
    extra = damping[:, None] * diagonal + 1e-3 * damping[:, None].clamp(min=1e-2) + (~free).double()
    matrix = matrix + torch.diag_embed(extra)
    step = torch.linalg.solve(matrix, gradient)
    return torch.where(free, step.clamp(-_STEP, _STEP), 0.0)
