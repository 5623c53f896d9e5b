"""The outputs of the network and their training targets."""

from __future__ import annotations

from functools import lru_cache

import torch

from ..pigments.catalogue import ambiguity_groups, pigment_catalogue
from ..simulation.spectra import Measured

#: Significance from which a pigment counts as present. Below it a pigment that is there has no
#: target, and its output does not enter the loss.
VISIBLE_SIGMA = 4.0
#: Target of an output without one.
MASKED = -1
#: Kinds of output, in the order of the network's last layer.
FIELDS = ("probability", "top", "below", "group_probability")


@lru_cache
def output_names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the pigment ids and the ambiguity groups, in the order of the outputs."""
    return tuple(entry.id for entry in pigment_catalogue()), tuple(ambiguity_groups())


@lru_cache
def group_of_pigment() -> torch.Tensor:
    """Return the index of the group of each pigment, shape (pigment,)."""
    _, groups = output_names()
    return torch.tensor([groups.index(entry.group) for entry in pigment_catalogue()])


def n_outputs() -> int:
    """Count the outputs: presence, top and below of every pigment, then the groups."""
    pigments, groups = output_names()
    return 3 * len(pigments) + len(groups)


def targets(measured: Measured, absent_sigma: float = 0.0) -> torch.Tensor:
    """Derive the training targets of simulated spectra.

    Parameters
    ----------
    measured : Measured
        Simulated spectra.
    absent_sigma : float
        A pigment of lower significance counts as absent instead of masked.

    Returns
    -------
    Tensor, shape (spectrum, output), int8
        1 where present and visible, 0 where absent, :data:`MASKED` where present but not visible.
    """
    pigment, sigma, top = measured.pool.pigment, measured.sigma, measured.pool.on_top
    there = pigment >= 0
    anywhere = _pigment_targets(pigment, sigma, there, absent_sigma)
    return torch.cat(
        [
            anywhere,
            _pigment_targets(pigment, sigma, there & top, absent_sigma),
            _pigment_targets(pigment, sigma, there & ~top, absent_sigma),
            _group_targets(anywhere),
        ],
        dim=1,
    )


def _pigment_targets(
    pigment: torch.Tensor, sigma: torch.Tensor, chosen: torch.Tensor, absent_sigma: float
) -> torch.Tensor:
    pigments, _ = output_names()
    best = torch.full((len(pigment), len(pigments)), -1.0)
    values = torch.where(chosen, sigma, -1.0)
    best = best.scatter_reduce(1, pigment.clamp(min=0), values, reduce="amax")
    target = (best >= VISIBLE_SIGMA).to(torch.int8)
    target[(best >= absent_sigma) & (best >= 0) & (best < VISIBLE_SIGMA)] = MASKED
    return target


def _group_targets(anywhere: torch.Tensor) -> torch.Tensor:
    """Return 1 if a member is visible, else masked if one is present, else 0."""
    _, groups = output_names()
    members = group_of_pigment().expand(len(anywhere), -1)
    shape = (len(anywhere), len(groups))
    visible = torch.zeros(shape, dtype=torch.int8)
    visible = visible.scatter_reduce(1, members, (anywhere == 1).to(torch.int8), reduce="amax")
    hidden = torch.zeros(shape, dtype=torch.int8)
    hidden = hidden.scatter_reduce(1, members, (anywhere == MASKED).to(torch.int8), reduce="amax")
    return torch.where((visible == 0) & (hidden == 1), MASKED, visible)
