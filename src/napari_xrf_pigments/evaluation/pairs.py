"""Pairs of a spectrum and a group that count in a figure, and the truth about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from .._typing import BoolArray
from .test_sets.truth import COVERED, Truth


@dataclass(frozen=True)
class Pairs:
    """Which pairs of spectra and groups (or pigments) count, and what is true.

    Parameters
    ----------
    present, counted : ndarray of bool, shape (spectrum, class)
        Whether it is there at enough sigma; whether the pair counts.
    """

    present: BoolArray
    counted: BoolArray


def group_pairs(
    truth: Truth,
    *,
    sigma: float = 5.0,
    elements_decide: bool = False,
    detectability: Literal["layer", "own"] = "layer",
) -> Pairs:
    """Truth by ambiguity group.

    Parameters
    ----------
    truth : Truth
        Labels.
    sigma : float
        Detectability from which a pigment counts.
    elements_decide : bool
        Leave out groups whose diagnostic elements are all supplied by others in the pixel.
    detectability : {"layer", "own"}
        Emission of the element by the layer, or the share that the pigment brings to it.
    """
    seen = truth.sigma if detectability == "layer" else truth.own_sigma
    pigment_present = truth.present
    sure = pigment_present & (seen >= sigma)
    n = len(truth.groups)
    onehot = (truth.member[:, None] == np.arange(n)[None, :]).astype(np.int32)
    member_there = (pigment_present.astype(np.int32) @ onehot) > 0
    present = (sure.astype(np.int32) @ onehot) > 0
    counted = (present | ~member_there) & ~truth.blind
    if elements_decide:
        counted &= ~truth.shared
    return Pairs(present, counted)


def pigment_pairs(truth: Truth, *, sigma: float = 5.0) -> Pairs:
    """Truth by pigment; within an ambiguity group it says how well members are told apart."""
    present = truth.present & (truth.sigma >= sigma)
    counted = (present | ~truth.present) & ~truth.blind[:, truth.member]
    return Pairs(present, counted)


def only_covered(truth: Truth) -> BoolArray:
    """Groups all of whose members in the pixel are in a covered paint layer and nowhere else."""
    n = len(truth.groups)
    onehot = (truth.member[:, None] == np.arange(n)[None, :]).astype(np.int32)
    elsewhere = ((truth.present & (truth.where != COVERED)).astype(np.int32) @ onehot) > 0
    there = ((truth.where == COVERED).astype(np.int32) @ onehot) > 0
    return np.asarray(there & ~elsewhere)
