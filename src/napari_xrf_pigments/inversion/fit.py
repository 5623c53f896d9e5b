"""Maximum-likelihood fit of layered paint to spectra, by gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from .._parallel import on_one_thread
from ..physics.layered_samples import Stacks
from ..simulation.stratigraphy import Stratigraphy
from .alternatives import AllowedComposition, allowed_composition, components
from .model import ForwardModel, log_likelihood

#: Limit of the change of a layer's thickness (natural logarithm).
_MAX_LOG_THICKNESS = 1.2
_RATE, _LAST_RATE = 0.08, 0.004
#: Sections fitted in one batch.
_BATCH = 32


@dataclass(frozen=True)
class LayerFit:
    """Fitted compositions of layers.

    Parameters
    ----------
    log_likelihood : Tensor, shape (spectrum,)
        Of the counts, as from :func:`.model.log_likelihood`.
    parts : Tensor, shape (spectrum, layer, component)
        Parts by weight.
    """

    log_likelihood: torch.Tensor
    parts: torch.Tensor


def fit_layers(
    counts: torch.Tensor,
    allowed: Sequence[AllowedComposition],
    mass_thickness: torch.Tensor,
    model: ForwardModel,
    steps: int,
) -> LayerFit:
    """Fit compositions and thicknesses of layers to spectra.

    Parameters
    ----------
    counts : Tensor, shape (spectrum, channel)
        Counts.
    allowed : sequence of AllowedComposition
        Components of the layers, for each spectrum.
    mass_thickness : Tensor, shape (spectrum, layer)
        Initial mass thickness, g/cm2; 0 for a layer that does not exist.
    model : ForwardModel
        Model of the instrument.
    steps : int
        Steps of Adam (Kingma and Ba, arXiv 1412.6980) with a rate that decays as a cosine.
    """
    fits = []
    for part in torch.arange(len(counts)).split(_BATCH):
        some = [allowed[i] for i in part.tolist()]
        fits.append(_fit_batch(counts[part], some, mass_thickness[part], model, steps))
    return LayerFit(
        torch.cat([fit.log_likelihood for fit in fits]), torch.cat([fit.parts for fit in fits])
    )


@on_one_thread()
def log_likelihood_ratios(
    counts: torch.Tensor,
    sections: Sequence[Stratigraphy],
    stacks: Stacks,
    groups: Sequence[str],
    model: ForwardModel,
    steps: int,
) -> torch.Tensor:
    """Compare fits of paint with a group of pigments and of paint without it.

    Parameters
    ----------
    counts : Tensor, shape (spectrum, channel)
        Counts.
    sections : sequence of Stratigraphy
        Layers of the true section of each spectrum, from the top.
    stacks : Stacks
        The same as tensors.
    groups : sequence of str
        Ambiguity group to test for each spectrum.
    model : ForwardModel
        Model of the instrument.
    steps : int
        Steps of each fit.

    Returns
    -------
    Tensor, shape (spectrum,)
        Log likelihood of the best paint that may hold the group minus that of the best paint
        without it, nats; never negative.
    """
    depth = stacks.mass_thickness.shape[1]

    def best(without: bool) -> torch.Tensor:
        allowed = [
            allowed_composition(section, group, without=without, depth=depth)
            for section, group in zip(sections, groups, strict=True)
        ]
        return fit_layers(counts, allowed, stacks.mass_thickness, model, steps).log_likelihood

    with torch.no_grad():
        truth = log_likelihood(counts, model(stacks.fractions, stacks.mass_thickness))
    without = best(True)
    # Paint that may hold the group includes paint without it.
    return torch.maximum(torch.maximum(best(False), truth), without) - without


def _fit_batch(
    counts: torch.Tensor,
    allowed: Sequence[AllowedComposition],
    thickness: torch.Tensor,
    model: ForwardModel,
    steps: int,
) -> LayerFit:
    base, parts, limit = (
        torch.stack([getattr(one, name) for one in allowed]) for name in ("base", "parts", "limit")
    )
    # A trace begins at a twentieth of its limit.
    state = torch.where(limit > 0, -3.0, torch.log(parts.clamp(min=1e-30)))
    state.requires_grad_(True)
    thickening = torch.zeros_like(thickness, requires_grad=True)
    optimizer = torch.optim.Adam([state, thickening], lr=_RATE)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, _LAST_RATE)
    best = torch.full((len(counts),), -torch.inf)
    best_parts = torch.zeros_like(parts)
    exists = (thickness > 0)[..., None]
    for _ in range(steps):
        optimizer.zero_grad()
        weights = torch.where(parts > 0, state.clamp(max=4.0).exp(), 0.0)
        all_else = weights.sum(2, keepdim=True) + base.sum(2, keepdim=True)
        weights = weights + limit * torch.sigmoid(state) * all_else
        masses = weights @ components().fractions + base
        fractions = masses / masses.sum(2, keepdim=True).clamp(min=1e-9)
        depth = thickness * torch.exp(_MAX_LOG_THICKNESS * torch.tanh(thickening))
        value = log_likelihood(counts, model(torch.where(exists, fractions, 0.0), depth))
        (-value.sum()).backward()
        _normalise_gradients(state, thickening)
        optimizer.step()
        rates.step()
        better = value.detach() > best
        best = torch.where(better, value.detach(), best)
        best_parts[better] = weights.detach()[better]
    return LayerFit(best, best_parts)


def _normalise_gradients(*variables: torch.Tensor) -> None:
    """Scale the gradient of each spectrum to length one: counts differ a hundredfold."""
    gradients = [torch.nan_to_num(each.grad) for each in variables if each.grad is not None]
    length = sum((each.flatten(1) ** 2).sum(1) for each in gradients)
    length = torch.as_tensor(length).sqrt().clamp(min=1e-9)
    for variable, gradient in zip(variables, gradients, strict=True):
        variable.grad = gradient / length.view(-1, *[1] * (gradient.dim() - 1))
