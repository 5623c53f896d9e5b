"""Weighting of the network's probabilities on spectra outside its training distribution.

A spectrum is outside the simulated distribution with a chance `w`; nothing but the frequency of
each pigment is then known. Probabilities become ``(1 - w) p + w b`` with the base rates `b`: they
shrink towards "unknown", never towards a confident yes or no.

`w` rises with the unexplained share, from 0 at the value that two in a thousand simulated spectra
exceed to 1 at the value that one in a thousand exceeds (30,720 spectra of the training stream with
all its worn instruments and foreign elements: 0.20 and 0.32). Up to the lower value the network is
as accurate on simulated spectra as elsewhere. Independent simulated spectra and a real scan stay
under 0.09. These numbers do not depend on the network's weights.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._typing import Float32Array
from .outputs import FIELDS, group_of_pigment, output_names

#: Unexplained share from which the weight of the base rates rises, and at which it reaches 1.
UNEXPLAINED_FROM, UNEXPLAINED_FULL = 0.20, 0.32
#: Counts from which the weight of the base rates is 0; it is 1 without counts. In independent
#: spectra thinned to 20 counts, 93 % of the pigments found are also found at all counts.
FEW_COUNTS = 20
#: Largest numbers that analogue-to-digital converters and files can hold.
_CEILINGS = tuple(2**bits - 1 for bits in (8, 10, 12, 14, 15, 16))
#: Ceiling from which two channels at it are no coincidence.
_HIGH_CEILING = 2**12 - 1
#: Neighbouring channels of one value, at the top of a spectrum, that show a ceiling of any value.
_FLAT = 5
#: Upper limit of a base rate: an output without evidence must stay clear of even odds.
MAX_RATE = 1 / 3
#: Base rate of a pigment that was never counted.
_MIN_RATE = 0.001


def ood_weight(unexplained: Float32Array, totals: NDArray[Any]) -> Float32Array:
    """Compute the weight of the base rates.

    Parameters
    ----------
    unexplained : ndarray, shape (spectrum,)
        Unexplained share of the counts, 0-1.
    totals : ndarray, shape (spectrum,)
        Counts of each spectrum.

    Returns
    -------
    ndarray, shape (spectrum,), float32
        Between 0 and 1.
    """
    foreign = (unexplained - UNEXPLAINED_FROM) / (UNEXPLAINED_FULL - UNEXPLAINED_FROM)
    empty = 1 - np.asarray(totals, np.float64) / FEW_COUNTS
    weight: Float32Array = np.clip(np.maximum(foreign, empty), 0, 1).astype(np.float32)
    return weight


def shrink_to_base_rate(
    probability: Float32Array, base: Float32Array, weight: Float32Array
) -> Float32Array:
    """Mix probabilities with base rates.

    Parameters
    ----------
    probability : ndarray, shape (output, spectrum)
        Probabilities of the network.
    base : ndarray, shape (output,)
        Base rates.
    weight : ndarray, shape (spectrum,)
        Weight of the base rates, from :func:`ood_weight`.

    Returns
    -------
    ndarray, shape (output, spectrum), float32
        The mixture; `probability` itself where all weights are zero.
    """
    if not weight.any():
        return probability
    mixed: Float32Array = probability + weight * (base[:, None] - probability)
    return mixed


def saturated_share(counts: NDArray[Any]) -> Float32Array:
    """Compute the share of the counts that lie in saturated channels.

    A channel is saturated where it holds the largest number of an integer type of up to 16 bits,
    or where several channels of a spectrum pile up at its largest value: five neighbours at any
    value from 255, four at the largest number of a converter of 8 to 11 bits, or two at that of a
    converter of 12 to 16 bits, which no two channels reach by chance. The number of counts lost
    there is unknown.

    Parameters
    ----------
    counts : ndarray, shape (spectrum, channel)
        Counts.

    Returns
    -------
    ndarray, shape (spectrum,), float32
        Between 0 and 1; 0 for nearly all spectra.
    """
    if counts.size == 0:
        return np.zeros(len(counts), np.float32)
    share = np.zeros(len(counts), np.float32)
    rows, first = np.arange(len(counts)), counts.argmax(axis=1)
    largest = counts[rows, first]
    last = np.minimum(first + _FLAT - 1, counts.shape[1] - 1)
    flat = (largest >= _CEILINGS[0]) & (last - first == _FLAT - 1)
    for step in range(1, _FLAT):
        flat &= counts[rows, np.minimum(first + step, last)] == largest
    kind = counts.dtype
    if kind.kind in "ui" and kind.itemsize <= 2:
        flat |= largest == np.iinfo(kind).max
    for index in np.flatnonzero(flat | np.isin(largest, _CEILINGS)):
        at_top = int((counts[index] == largest[index]).sum())
        if flat[index] or at_top >= (2 if largest[index] >= _HIGH_CEILING else 4):
            total = float(counts[index].sum(dtype=np.float64))
            share[index] = min(1.0, at_top * float(largest[index]) / max(total, 1.0))
    return share


@dataclass(frozen=True)
class BaseRates:
    """Rates between 0 and :data:`MAX_RATE`, shapes (pigment,) and (group,), float32."""

    probability: Float32Array
    top: Float32Array
    below: Float32Array
    group_probability: Float32Array


@lru_cache(maxsize=1)
def base_rates() -> BaseRates:
    """Read the rates that come with the package, in the order of the outputs."""
    resource = files(__package__).joinpath("data/base_rates.json")
    stored = json.loads(resource.read_text(encoding="utf-8"))
    pigments, groups = output_names()
    rates = []
    for field in FIELDS:
        names = groups if field == "group_probability" else pigments
        known = [float(stored[field].get(name, _MIN_RATE)) for name in names]
        rates.append(np.clip(np.array(known, np.float32), _MIN_RATE, MAX_RATE))
    anywhere, top, below, group = rates
    # As for probabilities: anywhere includes top and below, a group includes its members.
    anywhere = np.maximum(anywhere, np.maximum(top, below))
    np.maximum.at(group, group_of_pigment().numpy(), anywhere)
    return BaseRates(anywhere, top, below, group)
