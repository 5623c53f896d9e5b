"""Forward model of layered paint: expected spectra of a known, ideal instrument."""

from __future__ import annotations

import numpy as np
import torch

from ..physics.fluorescence import line_table, primary_fluorescence
from ..physics.layered_samples import Stacks
from ..physics.scatter import scatter_table, single_scatter
from ..simulation.instruments import Excitation, Readout
from ..simulation.materials import ELEMENTS
from ..simulation.spectra import responses


class ForwardModel:
    """Differentiable model of the spectra of layered samples.

    It has primary fluorescence and single scatter, but no pile-up, no lines of the instrument's
    housing and no multiple scatter.

    Parameters
    ----------
    excitation, readout : Excitation, Readout
        The instrument.
    """

    def __init__(self, excitation: Excitation, readout: Readout) -> None:
        beam, geometry = excitation.beam, excitation.geometry
        self._beam, self._geometry = beam, geometry
        self._lines = line_table(ELEMENTS, beam)
        self._scatter = scatter_table(ELEMENTS, beam, geometry)
        self._responses = responses(excitation, readout, self._lines.kev, self._scatter.compton_kev)
        kev = readout.offset_kev + readout.gain_kev * np.arange(readout.n_channels)
        self._below_threshold = torch.from_numpy(kev < readout.threshold_kev)

    def __call__(self, fractions: torch.Tensor, mass_thickness: torch.Tensor) -> torch.Tensor:
        """Compute the expected share of the counts in each channel.

        Parameters
        ----------
        fractions : Tensor, shape (stack, layer, element)
            Mass fractions.
        mass_thickness : Tensor, shape (stack, layer)
            In g/cm2.

        Returns
        -------
        Tensor, shape (stack, channel)
            Shares that sum to 1 for each stack.
        """
        stacks = Stacks(ELEMENTS, fractions, mass_thickness)
        lines = primary_fluorescence(stacks, self._beam, self._geometry, self._lines).sum(1)
        rayleigh, compton = single_scatter(stacks, self._beam, self._geometry, self._scatter)
        spectra = lines[:, self._responses.shown] @ self._responses.lines
        spectra = spectra + compton @ self._responses.compton + rayleigh @ self._responses.rayleigh
        spectra = spectra.masked_fill(self._below_threshold, 0.0)
        return spectra / spectra.sum(1, keepdim=True).clamp(min=1e-30)


def log_likelihood(counts: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    """Compute the multinomial log likelihood of spectra, up to a constant.

    Parameters
    ----------
    counts : Tensor, shape (spectrum, channel)
        Counts; their sum is taken as given.
    shares : Tensor, shape (spectrum, channel)
        Expected shares, from :class:`ForwardModel`.

    Returns
    -------
    Tensor, shape (spectrum,)
        Log likelihoods, nats.
    """
    return (counts * torch.log(shares.clamp(min=1e-12))).sum(1)
