"""Scores that are ratios of sums over stacks, and their bootstrap over the stacks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._typing import BoolArray, FloatArray, IntArray

#: Groups with fewer detectable spectra are left out of means over groups.
MIN_SPECTRA = 10


@dataclass(frozen=True)
class StackSums:
    """Sums per stack, so that resampling the stacks is one matrix product.

    Parameters
    ----------
    stacks : int
        Number of stacks.
    true_positive, false_positive, present : ndarray, shape (stack, group)
        Numbers of spectra.
    scalars : ndarray, shape (stack, 6)
        False calls, absent groups, covered groups that are called, covered groups, spectra with
        every group right, spectra.
    """

    stacks: int
    true_positive: FloatArray
    false_positive: FloatArray
    present: FloatArray
    scalars: FloatArray

    @classmethod
    def from_calls(
        cls,
        stack: IntArray,
        called: BoolArray,
        present: BoolArray,
        counted: BoolArray,
        covered_only: BoolArray,
    ) -> StackSums:
        """Sum over the spectra of each stack.

        Parameters
        ----------
        stack : ndarray of int, shape (spectrum,)
            Stack of each spectrum.
        called, present, counted, covered_only : ndarray of bool, shape (spectrum, group)
            Whether a group is called and present, whether the pair counts, and whether the group
            is in a covered paint layer only.
        """
        names, index = np.unique(stack, return_inverse=True)
        yes = present & counted
        no = ~present & counted
        covered = yes & covered_only
        wrong = np.asarray(((called & no) | (~called & yes)).any(axis=1))
        columns = [
            (called & no).sum(1), no.sum(1), (called & covered).sum(1), covered.sum(1),
            ~wrong, np.ones(len(wrong)),
        ]  # fmt: skip

        def by_stack(values: NDArray[np.generic]) -> FloatArray:
            total = np.zeros((len(names), values.shape[1]))
            np.add.at(total, index, values.astype(np.float64))
            return total

        return cls(
            len(names), by_stack(called & yes), by_stack(called & no), by_stack(yes),
            by_stack(np.stack(columns, axis=1)),
        )  # fmt: skip

    def scores(self, weights: FloatArray) -> dict[str, FloatArray]:
        """Compute the scores of resamplings, given the weights (sample, stack)."""
        tp, fp, n = (weights @ part for part in (
            self.true_positive, self.false_positive, self.present
        ))  # fmt: skip
        enough = self.present.sum(0) >= MIN_SPECTRA
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

    def intervals(self, samples: int, seed: int = 0) -> dict[str, tuple[float, float]]:
        """Compute 95 % intervals by resampling whole stacks."""
        rng = np.random.default_rng(seed)
        weights = rng.multinomial(self.stacks, np.full(self.stacks, 1 / self.stacks), samples)
        intervals = {}
        for name, values in self.scores(weights.astype(np.float64)).items():
            finite = values[np.isfinite(values)]
            low, high = np.percentile(finite, [2.5, 97.5]) if finite.size else (np.nan, np.nan)
            intervals[name] = (float(low), float(high))
        return intervals
