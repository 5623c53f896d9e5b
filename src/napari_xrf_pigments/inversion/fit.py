"""The paint that gives a spectrum best, found by following the gradient of the simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..physics.fluorescence import line_table, primary_fluorescence
from ..physics.layered_samples import Stacks
from ..physics.scatter import scatter_table, single_scatter
from ..simulation.instruments import Excitation, Readout
from ..simulation.materials import ELEMENTS
from ..simulation.spectra import responses
from .alternatives import Choice, components

#: Layers may be thinner or thicker than the true ones by so much (natural logarithm).
_THICKER = 1.2
_RATE, _LAST_RATE = 0.08, 0.004
#: Sections at once.
_BATCH = 32


class Instrument:
    """Spectra of layered samples as a known, ideal instrument expects them.

    Parameters
    ----------
    excitation, readout : Excitation, Readout
        The instrument: no pile-up, no housing, nothing scattered twice.
    """

    def __init__(self, excitation: Excitation, readout: Readout) -> None:
        beam, geometry = excitation.beam, excitation.geometry
        self._beam, self._geometry = beam, geometry
        self._lines = line_table(ELEMENTS, beam)
        self._scatter = scatter_table(ELEMENTS, beam, geometry)
        self._seen = responses(excitation, readout, self._lines.kev, self._scatter.compton_kev)
        kev = readout.offset_kev + readout.gain_kev * np.arange(readout.n_channels)
        self._dark = torch.from_numpy(kev < readout.threshold_kev)

    def __call__(self, fractions: torch.Tensor, mass_thickness: torch.Tensor) -> torch.Tensor:
        """Share of the counts in each channel, shape (stack, channel).

        Parameters
        ----------
        fractions : Tensor, shape (stack, layer, element)
            Mass fractions.
        mass_thickness : Tensor, shape (stack, layer)
            In g/cm2.
        """
        stacks = Stacks(ELEMENTS, fractions, mass_thickness)
        lines = primary_fluorescence(stacks, self._beam, self._geometry, self._lines).sum(1)
        rayleigh, compton = single_scatter(stacks, self._beam, self._geometry, self._scatter)
        spectra = lines[:, self._seen.shown] @ self._seen.lines
        spectra = spectra + compton @ self._seen.compton + rayleigh @ self._seen.rayleigh
        spectra = spectra.masked_fill(self._dark, 0.0)
        return spectra / spectra.sum(1, keepdim=True).clamp(min=1e-30)


def log_likelihood(counts: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    """Of counts (spectrum, channel) where their sum is given, but for a constant."""
    return (counts * torch.log(shares.clamp(min=1e-12))).sum(1)


@dataclass(frozen=True)
class Best:
    """The paints that were found.

    Parameters
    ----------
    log_likelihood : Tensor, shape (spectrum,)
        Of the counts, as from :func:`log_likelihood`.
    parts : Tensor, shape (spectrum, layer, component)
        Parts by weight.
    """

    log_likelihood: torch.Tensor
    parts: torch.Tensor


def best_paints(
    counts: torch.Tensor,
    choices: Sequence[Choice],
    mass_thickness: torch.Tensor,
    instrument: Instrument,
    steps: int,
) -> Best:
    """Fit compositions and thicknesses of layers to spectra.

    Parameters
    ----------
    counts : Tensor, shape (spectrum, channel)
        Counts.
    choices : sequence of Choice
        What the layers may consist of, for each spectrum.
    mass_thickness : Tensor, shape (spectrum, layer)
        Of the true layers, g/cm2.
    instrument : Instrument
        What the spectra were measured with.
    steps : int
        Steps of Adam (Kingma and Ba, arXiv 1412.6980) down to a small rate.
    """
    found = []
    for part in torch.arange(len(counts)).split(_BATCH):
        some = [choices[i] for i in part.tolist()]
        found.append(_fit(counts[part], some, mass_thickness[part], instrument, steps))
    return Best(
        torch.cat([best.log_likelihood for best in found]),
        torch.cat([best.parts for best in found]),
    )


def _fit(
    counts: torch.Tensor,
    choices: Sequence[Choice],
    thickness: torch.Tensor,
    instrument: Instrument,
    steps: int,
) -> Best:
    base, parts, limit = (
        torch.stack([getattr(one, name) for one in choices]) for name in ("base", "parts", "limit")
    )
    # A trace begins at a twentieth of what it may be.
    state = torch.where(limit > 0, -3.0, torch.log(parts.clamp(min=1e-30)))
    state.requires_grad_(True)
    thicker = torch.zeros_like(thickness, requires_grad=True)
    optimizer = torch.optim.Adam([state, thicker], lr=_RATE)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, _LAST_RATE)
    best = torch.full((len(counts),), -torch.inf)
    kept = torch.zeros_like(parts)
    there = (thickness > 0)[..., None]
    for _ in range(steps):
        optimizer.zero_grad()
        weights = torch.where(parts > 0, state.clamp(max=4.0).exp(), 0.0)
        all_else = weights.sum(2, keepdim=True) + base.sum(2, keepdim=True)
        weights = weights + limit * torch.sigmoid(state) * all_else
        masses = weights @ components().fractions + base
        fractions = masses / masses.sum(2, keepdim=True).clamp(min=1e-9)
        depth = thickness * torch.exp(_THICKER * torch.tanh(thicker))
        reached = log_likelihood(counts, instrument(torch.where(there, fractions, 0.0), depth))
        (-reached.sum()).backward()
        _normalise(state, thicker)
        optimizer.step()
        rates.step()
        better = reached.detach() > best
        best = torch.where(better, reached.detach(), best)
        kept[better] = weights.detach()[better]
    return Best(best, kept)


def _normalise(*variables: torch.Tensor) -> None:
    """Let each spectrum's gradient have the length one: some hold a hundred times the counts."""
    gradients = [torch.nan_to_num(each.grad) for each in variables if each.grad is not None]
    length = sum((each.flatten(1) ** 2).sum(1) for each in gradients)
    length = torch.as_tensor(length).sqrt().clamp(min=1e-9)
    for variable, gradient in zip(variables, gradients, strict=True):
        variable.grad = gradient / length.view(-1, *[1] * (gradient.dim() - 1))
