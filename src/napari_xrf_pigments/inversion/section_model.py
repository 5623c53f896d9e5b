"""Expected spectra of sections in front of a fitted instrument, with their derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ..physics.layered_samples import Stacks
from ..physics.lines import atomic_number
from ..physics.secondary import COARSE, exciter_table, secondary_share
from .detection import Detection
from .emission import PaintEmission
from .layout import ROLES, Layout

#: Uncertainty of rates (natural logarithm) by the shell: those of L3 are in that of all L lines.
_RATE_SPREAD = {"Kb": 0.03, "L": 0.05, "L1": 0.2, "L2": 0.03, "M": 0.15}
#: Mean of the factor on the rates: xraylib's L1 is 1.4 times that of fisx.
_RATE_BIAS = {"L1": -0.15, "M": -0.05}
#: Uncertainty of the terms of the scatter, of its Rayleigh part, and of the instrument's spectra.
_SCATTER_SPREAD, _RAYLEIGH_SPREAD, _OWN_SPREAD = 0.12, 0.15, 0.5


@dataclass(frozen=True)
class Nuisance:
    """Parameters of a spectrum beside the masses.

    Parameters
    ----------
    names : tuple of str
        Scale, shells of rates, terms of scatter, Rayleigh, and the instrument's own spectra.
    mean, spread : Tensor, shape (parameter,)
        Prior; the scale has none (infinite spread).
    """

    names: tuple[str, ...]
    mean: torch.Tensor
    spread: torch.Tensor


class SectionModel:
    """Model of the spectra of sections.

    Parameters
    ----------
    layout : Layout
        The unknown masses.
    emission : PaintEmission
        Emission of its elements under the beam.
    detection : Detection
        The instrument.
    """

    def __init__(self, layout: Layout, emission: PaintEmission, detection: Detection) -> None:
        self.layout, self.emission, self.detection = layout, emission, detection
        self.parts = layout.fractions(emission.z)
        where = torch.tensor(layout.unknowns)
        self._layer, self._component = where[:, 0], where[:, 1]
        self._secondary: torch.Tensor | None = None
        shells = emission.lines.shells
        self._shells = _uncertain_shells(shells)
        self._member = torch.tensor(
            [[float(_belongs(line, shell)) for line in shells] for shell in self._shells],
            dtype=torch.float64,
        ).reshape(len(self._shells), len(shells))
        self.nuisance = self._nuisance()
        self._above, self._below = (
            _factors([getattr(p, side) for p in layout.priors], len(layout.unknowns))
            for side in ("above", "below")
        )
        self._expected = torch.tensor([p.ratio for p in layout.priors], dtype=torch.float64).log()
        self._spread = torch.tensor([p.spread for p in layout.priors], dtype=torch.float64)
        self._limit = torch.tensor([p.limit for p in layout.priors])

    def with_detection(self, detection: Detection) -> SectionModel:
        """Return the same model with another detector."""
        model = SectionModel(self.layout, self.emission, detection)
        model._secondary = self._secondary
        return model

    @property
    def masses(self) -> int:
        """Number of unknown masses, the first parameters."""
        return len(self.layout.unknowns)

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return self.masses + len(self.nuisance.names)

    def _nuisance(self) -> Nuisance:
        terms = len(self.detection.knots)
        own = len(self.detection.own)
        kinds = [shell.split()[1] for shell in self._shells]
        mean = [0.0, *(_RATE_BIAS.get(k, 0.0) for k in kinds), *[0.0] * (terms + 1 + own)]
        spread = [
            float("inf"), *(_RATE_SPREAD[k] for k in kinds), *[_SCATTER_SPREAD] * terms,
            _RAYLEIGH_SPREAD, *[_OWN_SPREAD] * own,
        ]  # fmt: skip
        names = (
            "scale", *self._shells, *(f"scatter {i}" for i in range(terms)), "Rayleigh",
            *(f"own {i}" for i in range(own)),
        )  # fmt: skip
        return Nuisance(
            names,
            torch.tensor(mean, dtype=torch.float64),
            torch.tensor(spread, dtype=torch.float64),
        )

    def mass(self, theta: torch.Tensor, active: torch.Tensor) -> torch.Tensor:
        """Return masses in g/cm2, shape (stack, layer, component)."""
        value = torch.where(active, theta[:, : self.masses].exp(), 0.0)
        mass = torch.zeros(len(theta), len(ROLES), len(self.parts), dtype=torch.float64)
        mass[:, self._layer, self._component] = value
        return mass

    def update_secondary(self, theta: torch.Tensor, active: torch.Tensor) -> None:
        """Compute secondary excitation for given sections; it is constant until the next call."""
        mass = self.mass(theta, active)
        areal = mass.sum(2)
        fractions = (mass @ self.parts) / areal.clamp(min=1e-12)[..., None]
        stacks = Stacks(self.emission.z, fractions, areal)
        lines = self.emission.lines
        exciters = exciter_table(self.emission.z, lines.table, lines.beam, lines.data)
        share = secondary_share(
            stacks, lines.beam, self.emission.geometry, lines.table, exciters, COARSE
        )
        self._secondary = 1 + share.clamp(0, 2)

    def share_secondary(self, other: SectionModel) -> None:
        """Take the secondary excitation of another model of the same stacks."""
        self._secondary = other._secondary

    def take(self, rows: Sequence[int]) -> SectionModel:
        """Return the model with the secondary excitation of some of its stacks."""
        model = self.with_detection(self.detection)
        if self._secondary is not None:
            model._secondary = self._secondary[list(rows)]
        return model

    def expected(
        self, theta: torch.Tensor, active: torch.Tensor, total: torch.Tensor, pairs: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute expected counts and their derivatives by all parameters.

        Parameters
        ----------
        theta : Tensor, shape (stack, parameter)
            Logarithms of masses (g/cm2), then the nuisance parameters.
        active : Tensor of bool, shape (stack, mass)
            Masses that are not zero.
        total : Tensor, shape (stack,)
            Counts of the whole spectrum.
        pairs : Tensor, shape (stack, bin)
            Spectrum of pairs.

        Returns
        -------
        expected : Tensor, shape (stack, bin)
        derivative : Tensor, shape (stack, parameter, bin)
        """
        seen, masses = self.detection, self.masses
        mass = self.mass(theta, active)
        rest = theta[:, masses:]
        shells, terms = len(self._shells), len(seen.knots)
        scale = rest[:, 0].exp() * total * (1 - 2 * seen.pile_up)
        rate, by_mass = self.emission.fluorescence(self.parts, mass)
        factor = (rest[:, 1 : 1 + shells] @ self._member).exp()
        by_mass = by_mass * factor[:, None, None, :]
        if self._secondary is not None:
            boost = self._secondary
            by_mass = by_mass * _overall(boost, rate)[:, None, None, :]
            rate = rate * boost
        emitted = rate.sum(1) * factor
        rayleigh, compton, by_rayleigh, by_compton = self.emission.scattering(self.parts, mass)
        coherent = rest[:, 1 + shells + terms].exp()[:, None]
        shape = (rest[:, 1 + shells : 1 + shells + terms] @ seen.knots).exp()
        elastic = (rayleigh @ seen.rayleigh) * coherent * shape
        scattered = elastic + (compton @ seen.compton) * shape
        own = rest[:, 2 + shells + terms :].exp()[:, :, None] * seen.own * total[:, None, None]
        counted = emitted @ seen.lines
        s = scale[:, None]
        expected = s * (counted + scattered) + own.sum(1) + seen.pile_up * pairs

        chosen = (slice(None), self._layer, self._component)
        d_mass = by_mass[chosen] @ seen.lines
        d_scatter = by_rayleigh[chosen] @ seen.rayleigh * coherent[:, None]
        d_scatter = (d_scatter + by_compton[chosen] @ seen.compton) * shape[:, None]
        value = mass[chosen]
        per_shell = (emitted[:, None, :] * self._member) @ seen.lines
        derivative = torch.cat(
            [
                s[:, None] * value[..., None] * (d_mass + d_scatter),
                (s * (counted + scattered))[:, None],
                s[:, None] * per_shell,
                s[:, None] * scattered[:, None] * seen.knots,
                (s * elastic)[:, None],
                own,
            ],
            dim=1,
        )
        return expected, derivative

    def prior(self, theta: torch.Tensor, active: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute the residuals of the priors and their derivatives.

        Returns
        -------
        residual : Tensor, shape (stack, prior)
        derivative : Tensor, shape (stack, prior, parameter)
        """
        value = torch.where(active, theta[:, : self.masses].exp(), 0.0)
        above, below = value @ self._above.T, value @ self._below.T
        empty = (self._below.sum(1) == 0).double()
        usable = (above > 0) & (below + empty > 0)
        log_ratio = (above.clamp(min=1e-30) / (below + empty).clamp(min=1e-30)).log()
        residual = (log_ratio - self._expected) / self._spread
        usable = usable & ~(self._limit & (residual < 0))
        residual = torch.where(usable, residual, 0.0)
        slope = value[:, None] * (
            self._above / above.clamp(min=1e-30)[..., None]
            - self._below / below.clamp(min=1e-30)[..., None]
        )
        slope = torch.where(usable[..., None], slope / self._spread[:, None], 0.0)
        rest = theta[:, self.masses + 1 :]
        own = (rest - self.nuisance.mean[1:]) / self.nuisance.spread[1:]
        size = len(self.nuisance.names) - 1
        derivative = torch.zeros(
            len(theta), residual.shape[1] + size, self.parameters, dtype=torch.float64
        )
        derivative[:, : residual.shape[1], : self.masses] = slope
        rows = torch.arange(size)
        derivative[:, residual.shape[1] + rows, self.masses + 1 + rows] = (
            1 / self.nuisance.spread[1:]
        )
        return torch.cat([residual, own], 1), derivative


def _uncertain_shells(lines: Sequence[str]) -> tuple[str, ...]:
    """Name the groups of lines whose rates are uncertain."""
    found: dict[str, None] = {}
    for line in lines:
        symbol, shell = line.split()
        if shell in ("L1", "L2", "L3"):
            found[f"{symbol} L"] = None
            if shell != "L3" and atomic_number(symbol) > 50:
                found[line] = None
        elif shell in _RATE_SPREAD:
            found[line] = None
    return tuple(found)


def _belongs(line: str, shell: str) -> bool:
    symbol, kind = shell.split()
    own, exact = line.split()
    return own == symbol and (exact == kind or (kind == "L" and exact in ("L1", "L2", "L3")))


def _factors(rows: Sequence[dict[int, float]], size: int) -> torch.Tensor:
    table = torch.zeros(len(rows), size, dtype=torch.float64)
    for number, row in enumerate(rows):
        for column, factor in row.items():
            table[number, column] = factor
    return table


def _overall(boost: torch.Tensor, rate: torch.Tensor) -> torch.Tensor:
    """Return the factor by which secondary excitation raises the sum over layers."""
    total = rate.sum(1)
    return torch.where(total > 0, (rate * boost).sum(1) / total.clamp(min=1e-300), 1.0)
