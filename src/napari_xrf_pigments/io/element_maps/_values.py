"""Numbers of element maps in the dtype of our maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_map(values: NDArray[Any] | Sequence[Any]) -> NDArray[np.float32]:
    """Numbers as float32; NaN, which is a missing pixel, for those that it cannot hold."""
    numbers = values if isinstance(values, np.ndarray) else np.array(values, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        found = numbers.astype(np.float32)
    found[np.isinf(found)] = np.nan
    return found
