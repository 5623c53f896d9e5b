"""Share and mean certainty of maps over any threshold, counted as tiles come (no Qt)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Thresholds are told apart to a thousandth.
_STEPS = 1000


class Tally:
    """A histogram of the probabilities of each map.

    Parameters
    ----------
    n_maps : int
        Number of maps.
    """

    def __init__(self, n_maps: int) -> None:
        self.pixels = 0
        self._counts = np.zeros((n_maps, _STEPS + 1), np.int64)
        self._sums = np.zeros((n_maps, _STEPS + 1))

    def add(self, maps: NDArray[np.float32]) -> None:
        """Count the finite pixels of a tile, shape (map, row, column)."""
        if not len(maps):
            return
        finite = np.isfinite(maps[0])
        self.pixels += int(finite.sum())
        for counts, sums, image in zip(self._counts, self._sums, maps, strict=True):
            values = np.asarray(image)[finite]
            # A step holds what is over the one before, up to its own value.
            steps = np.clip(np.ceil(values * _STEPS), 0, _STEPS).astype(np.intp)
            counts += np.bincount(steps, minlength=_STEPS + 1)
            sums += np.bincount(steps, weights=values, minlength=_STEPS + 1)

    def share(self, index: int, threshold: float) -> float:
        """Share of the pixels over a threshold, 0-1."""
        return int(self._counts[index, _over(threshold)].sum()) / max(1, self.pixels)

    def certainty(self, index: int, threshold: float) -> float | None:
        """Mean probability of the pixels over a threshold; None where there are none."""
        over = _over(threshold)
        counts = int(self._counts[index, over].sum())
        return float(self._sums[index, over].sum()) / counts if counts else None


def _over(threshold: float) -> slice:
    """The steps over a threshold."""
    return slice(int(np.clip(round(threshold * _STEPS), 0, _STEPS)) + 1, None)
