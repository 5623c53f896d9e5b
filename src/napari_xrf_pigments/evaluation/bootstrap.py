"""Figures that are ratios of sums over stacks, and their bootstrap over the stacks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._typing import BoolArray, FloatArray
from .pairs import Pairs, only_covered
from .test_sets.truth import Truth

#: Groups with fewer detectable spectra do not count in a mean over groups.
FEWEST = 10


@dataclass(frozen=True)
class Hits:
    """Sums by stack, so that resampling the stacks is one matrix product."""

    stacks: int
    true_positive: FloatArray  # (stack, group)
    false_positive: FloatArray
    present: FloatArray
    scalars: FloatArray  # (stack, 6): false, absent, covered hit, covered, exact, spectra

    @classmethod
    def of(cls, truth: Truth, pairs: Pairs, called: BoolArray) -> Hits:
        """Count the hits of some calls, shape (spectrum, group)."""
        stack, index = np.unique(truth.stack, return_inverse=True)
        yes = pairs.present & pairs.counted
        no = ~pairs.present & pairs.counted
        covered = yes & only_covered(truth)
        wrong = np.asarray(((called & no) | (~called & yes)).any(axis=1))
        columns = [
            (called & no).sum(1), no.sum(1), (called & covered).sum(1), covered.sum(1),
            ~wrong, np.ones(len(wrong)),
        ]  # fmt: skip

        def by_stack(values: NDArray[np.generic]) -> FloatArray:
            total = np.zeros((len(stack), values.shape[1]))
            np.add.at(total, index, values.astype(np.float64))
            return total

        return cls(
            len(stack), by_stack(called & yes), by_stack(called & no), by_stack(yes),
            by_stack(np.stack(columns, axis=1)),
        )  # fmt: skip

    def figures(self, weights: FloatArray) -> dict[str, FloatArray]:
        """Figures of resamplings; weights (sample, stack)."""
        tp, fp, n = (weights @ part for part in (
            self.true_positive, self.false_positive, self.present
        ))  # fmt: skip
        enough = self.present.sum(0) >= FEWEST
        with np.errstate(invalid="ignore", divide="ignore"):
            f1 = np.where((n > 0) & enough, 2 * tp / (tp + fp + n), np.nan)
            some = (n > 0) & enough
            macro = np.nansum(f1, axis=1) / some.sum(1)
            false, absent, hit, covered, exact, spectra = (weights @ self.scalars).T
            return {
                "macro_f1": macro,
                "false_positives": false / absent,
                "covered_recall": hit / covered,
                "exact": exact / spectra,
            }

    def intervals(self, samples: int, seed: int) -> dict[str, tuple[float, float]]:
        """95 % intervals; the spectra of one stack stay together."""
        rng = np.random.default_rng(seed)
        weights = rng.multinomial(self.stacks, np.full(self.stacks, 1 / self.stacks), samples)
        found = {}
        for name, values in self.figures(weights.astype(np.float64)).items():
            finite = values[np.isfinite(values)]
            low, high = np.percentile(finite, [2.5, 97.5]) if finite.size else (np.nan, np.nan)
            found[name] = (float(low), float(high))
        return found
