"""Results of a test of claims by physics, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from .._typing import FloatArray
from .instrument import FittedInstrument

Verdict = Literal["needed", "not needed", "cannot tell"]


@dataclass(frozen=True)
class Interval:
    """A fitted value with its 16th to 84th percentile.

    Parameters
    ----------
    value, low, high : float
        Best value and the limits.
    constrained : bool
        Whether the spectrum, and not the prior alone, determines it.
    """

    value: float
    low: float
    high: float
    constrained: bool


@dataclass(frozen=True)
class ClaimTest:
    """Test of one claim.

    Parameters
    ----------
    group : str
        Ambiguity group.
    pigments : tuple of str
        Claimed pigments of the group.
    probability : float or None
        Probability of the group by the network; None if it was not computed.
    log_ratio : float or None
        Logarithm of the likelihood of the best paint with the group over that of the best paint
        without it, minus a penalty for its parameters, nats; None if a fit did not converge.
    verdict : {"needed", "not needed", "cannot tell"} or None
        None if a fit did not converge.
    alternatives : tuple of str
        Groups of pigments, or compounds, that replace the group when it is left out.
    missed_counts : float
        Counts that the best fit without the group misses around the diagnostic lines of the group.
    line : str
        Diagnostic line family with most of those counts; empty without one.
    """

    group: str
    pigments: tuple[str, ...]
    probability: float | None
    log_ratio: float | None
    verdict: Verdict | None
    alternatives: tuple[str, ...] = ()
    missed_counts: float = 0.0
    line: str = ""


@dataclass(frozen=True)
class FittedLayer:
    """A layer of the best section.

    Parameters
    ----------
    role : {"varnish", "paint", "ground", "support"}
        Role in the painting.
    pigments : tuple of (str, Interval)
        Pigments with their share of the weight of the layer, 0-1, the largest first.
    thickness_um : Interval
        Thickness, um.
    """

    role: str
    pigments: tuple[tuple[str, Interval], ...]
    thickness_um: Interval


@dataclass(frozen=True)
class Amount:
    """Mass per area in the paint layers.

    Parameters
    ----------
    name : str
        Pigment id or symbol of an element.
    kind : {"pigment", "element"}
        Kind of amount.
    ug_cm2 : Interval
        Mass per area, ug/cm2.
    """

    name: str
    kind: Literal["pigment", "element"]
    ug_cm2: Interval


@dataclass(frozen=True)
class Verification:
    """Claims about one spectrum, tested by physics.

    Parameters
    ----------
    claims : tuple of ClaimTest
        One per claimed group.
    layers : tuple of FittedLayer
        Best section, top first.
    order_constrained : bool
        Whether the spectrum determines the order of two paint layers.
    amounts : tuple of Amount
        Claimed pigments and elements.
    energies : ndarray, shape (bin,)
        Centres of the fitted bins, keV.
    counts, expected : ndarray, shape (bin,)
        Measured and expected counts.
    residual_sigma : ndarray, shape (bin,)
        Difference over its standard deviation, model error included.
    chi2_per_dof : float
        Of the counting statistics alone.
    converged : bool
        Whether the fit of the section converged; if not, no claim has a verdict.
    instrument : FittedInstrument
        The instrument.
    seed : int
        Seed of the starts.
    notes : tuple of str
        Assumptions and warnings, one sentence each.
    """

    claims: tuple[ClaimTest, ...]
    layers: tuple[FittedLayer, ...]
    order_constrained: bool
    amounts: tuple[Amount, ...]
    energies: FloatArray = field(repr=False)
    counts: FloatArray = field(repr=False)
    expected: FloatArray = field(repr=False)
    residual_sigma: FloatArray = field(repr=False)
    chi2_per_dof: float
    converged: bool
    instrument: FittedInstrument = field(repr=False)
    seed: int = 0
    notes: tuple[str, ...] = ()

    @property
    def settings(self) -> dict[str, Any]:
        """The result as plain values, for JSON and sessions."""
        values = {
            name: getattr(self, name)
            for name in ("order_constrained", "chi2_per_dof", "converged", "seed")
        }
        values["claims"] = [asdict(claim) for claim in self.claims]
        values["layers"] = [asdict(layer) for layer in self.layers]
        values["amounts"] = [asdict(amount) for amount in self.amounts]
        for name in ("energies", "counts", "expected", "residual_sigma"):
            values[name] = [round(float(value), 5) for value in getattr(self, name)]
        values["instrument"] = self.instrument.settings
        values["notes"] = list(self.notes)
        return values

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Verification:
        """Build a result from plain values, as :attr:`settings` returns.

        Raises
        ------
        ValueError
            If the values are not those of a result.
        """
        try:
            values = dict(settings)
            values["claims"] = tuple(
                ClaimTest(
                    **{
                        **claim,
                        "pigments": tuple(claim["pigments"]),
                        "alternatives": tuple(claim["alternatives"]),
                    }
                )
                for claim in values["claims"]
            )
            values["layers"] = tuple(
                FittedLayer(
                    layer["role"],
                    tuple((str(name), Interval(**share)) for name, share in layer["pigments"]),
                    Interval(**layer["thickness_um"]),
                )
                for layer in values["layers"]
            )
            values["amounts"] = tuple(
                Amount(each["name"], each["kind"], Interval(**each["ug_cm2"]))
                for each in values["amounts"]
            )
            for name in ("energies", "counts", "expected", "residual_sigma"):
                values[name] = np.array(values[name], dtype=np.float64)
            values["instrument"] = FittedInstrument.of(values["instrument"])
            values["notes"] = tuple(map(str, values["notes"]))
            return cls(**values)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError("These are not the values of a test of claims by physics.") from error

    def claim(self, group: str) -> ClaimTest | None:
        """Return the test of one group; None if it was not tested."""
        found: Mapping[str, ClaimTest] = {claim.group: claim for claim in self.claims}
        return found.get(group)
