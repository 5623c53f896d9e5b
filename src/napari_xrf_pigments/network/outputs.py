"""What the network is asked, and the answers that simulated spectra give."""

from __future__ import annotations

from functools import lru_cache

import torch

from ..pigments.catalogue import ambiguity_groups, pigment_catalogue
from ..simulation.spectra import Measured

#: A pigment that stands over the noise by this many sigma must be found. One that is
#: there but does not stand out is neither right nor wrong: it is left out of the loss.
VISIBLE_SIGMA = 4.0
MASKED = -1


@lru_cache
def output_names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Pigment ids and ambiguity groups, in the order of the outputs."""
    return tuple(entry.id for entry in pigment_catalogue()), tuple(ambiguity_groups())


@lru_cache
def group_of_pigment() -> torch.Tensor:
    """Index of the group of each pigment, shape (pigment,)."""
    _, groups = output_names()
    return torch.tensor([groups.index(entry.group) for entry in pigment_catalogue()])


def n_outputs() -> int:
    """Length of the output: presence, top and below of every pigment, then groups."""
    pigments, groups = output_names()
    return 3 * len(pigments) + len(groups)


def targets(measured: Measured, absent_sigma: float = 0.0) -> torch.Tensor:
    """Answers for simulated spectra, shape (spectrum, output), int8.

    1 is there and visible, 0 is absent, :data:`MASKED` there but not visible.

    Parameters
    ----------
    measured : Measured
        Simulated spectra.
    absent_sigma : float
        What stands less than this over the noise counts as absent instead of masked.
    """
    found, sigma, top = measured.pool.pigment, measured.sigma, measured.pool.on_top
    there = found >= 0
    anywhere = _answers(found, sigma, there, absent_sigma)
    return torch.cat(
        [
            anywhere,
            _answers(found, sigma, there & top, absent_sigma),
            _answers(found, sigma, there & ~top, absent_sigma),
            _by_group(anywhere),
        ],
        dim=1,
    )


def _answers(
    found: torch.Tensor, sigma: torch.Tensor, chosen: torch.Tensor, absent_sigma: float
) -> torch.Tensor:
    pigments, _ = output_names()
    best = torch.full((len(found), len(pigments)), -1.0)
    values = torch.where(chosen, sigma, -1.0)
    best = best.scatter_reduce(1, found.clamp(min=0), values, reduce="amax")
    answer = (best >= VISIBLE_SIGMA).to(torch.int8)
    answer[(best >= absent_sigma) & (best >= 0) & (best < VISIBLE_SIGMA)] = MASKED
    return answer


def _by_group(anywhere: torch.Tensor) -> torch.Tensor:
    """1 if a member is visible, else masked if one is there, else 0."""
    _, groups = output_names()
    members = group_of_pigment().expand(len(anywhere), -1)
    shape = (len(anywhere), len(groups))
    visible = torch.zeros(shape, dtype=torch.int8)
    visible = visible.scatter_reduce(1, members, (anywhere == 1).to(torch.int8), reduce="amax")
    hidden = torch.zeros(shape, dtype=torch.int8)
    hidden = hidden.scatter_reduce(1, members, (anywhere == MASKED).to(torch.int8), reduce="amax")
    return torch.where((visible == 0) & (hidden == 1), MASKED, visible)
