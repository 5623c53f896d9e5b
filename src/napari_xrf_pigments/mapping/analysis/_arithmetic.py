"""Sums, differences and ratios of elemental maps, with their uncertainty.

The maps are taken as independent. Families that overlap in the spectrum, such as Pb L and As K,
are not: the sum of such two is then surer than said here, their difference less sure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Operation = Literal["ratio", "sum", "difference"]
OPERATIONS: dict[Operation, str] = {"ratio": "/", "sum": "+", "difference": "-"}
#: A ratio has a value only where its divisor stands so many sigma over nothing.
MIN_SIGMAS = 3.0


@dataclass(frozen=True)
class Combined:
    """A map made of two others.

    Parameters
    ----------
    name : str
        Such as ``"Pb M / Pb L"``.
    values, sigma : ndarray, shape (y, x), float32
        Result and standard deviation; NaN where there is none.
    """

    name: str
    values: Floats
    sigma: Floats


def combined(
    operation: Operation,
    first: str,
    second: str,
    maps: dict[str, tuple[Floats, Floats]],
    *,
    min_sigmas: float = MIN_SIGMAS,
) -> Combined:
    """Combine two maps.

    Parameters
    ----------
    operation : {"ratio", "sum", "difference"}
        What to do.
    first, second : str
        Names of the maps; the second is the divisor or is taken away.
    maps : dict of str to (ndarray, ndarray)
        Counts and standard deviation by name, each (y, x).
    min_sigmas : float
        For a ratio: where the divisor is less sure, the result is NaN.

    Raises
    ------
    ValueError
        If a map is not there, or the operation is unknown.
    """
    for name in (first, second):
        if name not in maps:
            raise ValueError(f"There is no map of {name} yet.")
    if operation not in OPERATIONS:
        raise ValueError(f"{operation!r} is none of {', '.join(OPERATIONS)}.")
    (a, sigma_a), (b, sigma_b) = maps[first], maps[second]
    name = f"{first} {OPERATIONS[operation]} {second}"
    if operation != "ratio":
        values = a + b if operation == "sum" else a - b
        return Combined(name, values.astype(np.float32), np.hypot(sigma_a, sigma_b))
    with np.errstate(divide="ignore", invalid="ignore"):
        sure = b > min_sigmas * sigma_b
        values = np.where(sure, a / b, np.nan)
        sigma = np.where(sure, np.hypot(sigma_a, values * sigma_b) / b, np.nan)
    return Combined(name, values.astype(np.float32), sigma.astype(np.float32))
