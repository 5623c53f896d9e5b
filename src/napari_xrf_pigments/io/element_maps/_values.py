"""Conversion of numbers to the type of our maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_map(values: NDArray[Any] | Sequence[Any]) -> NDArray[np.float32]:
    """Convert numbers to float32; NaN, a missing pixel, replaces those out of its range."""
    numbers = values if isinstance(values, np.ndarray) else np.array(values, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        found = numbers.astype(np.float32)
    found[np.isinf(found)] = np.nan
    return found
