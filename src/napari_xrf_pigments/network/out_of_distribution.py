"""What becomes of an answer to a spectrum that the network has no experience of.

With a chance `w` the spectrum is of another world than the simulated one; then nothing is
known but how often a pigment is used. So probabilities become ``(1 - w) p + w b`` with the
base rates `b`: pulled to "unknown", never to a confident yes or no.

`w` rises with `unexplained`, from 0 at the value that two in a thousand simulated spectra
exceed to 1 at the value that one in a thousand exceeds (30,720 spectra of the training's stream
with all its tired instruments and foreign elements: 0.20 and 0.32). Up to the lower of them the
network is as right about simulated spectra as elsewhere. Independent simulated spectra and a real
scan stay under 0.09. These figures do not depend on the network's weights.
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
from .outputs import group_of_pigment, output_names

#: Unexplained share at which doubt begins, and at which it is complete.
UNEXPLAINED_FROM, UNEXPLAINED_FULL = 0.20, 0.32
#: With no counts doubt is complete; from so many on there is none. In independent spectra
#: thinned to 20 counts 93 % of what the network says is what it says at all counts.
FEW_COUNTS = 20
#: Largest numbers that analogue-to-digital converters and files can hold.
_CEILINGS = tuple(2**bits - 1 for bits in (8, 10, 12, 14, 15, 16))


def doubt(unexplained: Float32Array, totals: NDArray[Any]) -> Float32Array:
    """Weight of the base rates.

    Parameters
    ----------
    unexplained : ndarray, shape (spectrum,)
        Share that nothing accounts for.
    totals : ndarray, shape (spectrum,)
        Counts of each spectrum.

    Returns
    -------
    ndarray, shape (spectrum,), float32
        Between 0 and 1.
    """
    strange = (unexplained - UNEXPLAINED_FROM) / (UNEXPLAINED_FULL - UNEXPLAINED_FROM)
    empty = 1 - np.asarray(totals, np.float64) / FEW_COUNTS
    weight: Float32Array = np.clip(np.maximum(strange, empty), 0, 1).astype(np.float32)
    return weight


def pulled(probability: Float32Array, base: Float32Array, weight: Float32Array) -> Float32Array:
    """Probabilities (output, spectrum), pulled to base rates (output,)."""
    if not weight.any():
        return probability
    mixed: Float32Array = probability + weight * (base[:, None] - probability)
    return mixed


def saturated_share(counts: NDArray[Any]) -> Float32Array:
    """Share of the counts in channels that stand at a ceiling: how many are missing is unknown.

    A channel stands at a ceiling where it holds the largest number of an integer type of up to
    16 bits, or where two or more channels of a spectrum share its largest value and that value is
    the largest of a converter of 8 to 16 bits.

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
    largest = counts.max(axis=1)
    kind = counts.dtype
    full = largest == np.iinfo(kind).max if kind.kind in "ui" and kind.itemsize <= 2 else None
    suspect = np.isin(largest, _CEILINGS) if full is None else np.isin(largest, _CEILINGS) | full
    for index in np.flatnonzero(suspect):
        at_top = int((counts[index] == largest[index]).sum())
        if at_top >= 2 or (full is not None and full[index]):
            total = float(counts[index].sum(dtype=np.float64))
            share[index] = min(1.0, at_top * float(largest[index]) / max(total, 1.0))
    return share


#: A rate is never told larger: what rests on no evidence must not come near even odds.
MOST = 1 / 3
#: For a pigment that was never counted.
_LEAST = 0.001
#: The fields of a table of base rates.
FIELDS = ("probability", "top", "below", "group_probability")


@dataclass(frozen=True)
class BaseRates:
    """Rates between 0 and :data:`MOST`, shapes (pigment,) and (group,), float32."""

    probability: Float32Array
    top: Float32Array
    below: Float32Array
    group_probability: Float32Array


@lru_cache(maxsize=1)
def base_rates() -> BaseRates:
    """The rates that come with the package, in the order of the outputs."""
    resource = files(__package__).joinpath("data/base_rates.json")
    stored = json.loads(resource.read_text(encoding="utf-8"))
    pigments, groups = output_names()
    rates = []
    for field in FIELDS:
        names = groups if field == "group_probability" else pigments
        known = [float(stored[field].get(name, _LEAST)) for name in names]
        rates.append(np.clip(np.array(known, np.float32), _LEAST, MOST))
    anywhere, top, below, group = rates
    # As for probabilities: anywhere includes top and below, a group includes its members.
    anywhere = np.maximum(anywhere, np.maximum(top, below))
    np.maximum.at(group, group_of_pigment().numpy(), anywhere)
    return BaseRates(anywhere, top, below, group)
