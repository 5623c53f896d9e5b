"""Before and after a teaching: on painted parts held out, and on simulated scans."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch

from napari_xrf_pigments.network.model import probabilities_from_logits
from napari_xrf_pigments.network.outputs import MASKED, output_names

from .annotations import Lesson

#: From this probability on a pigment counts as found.
THRESHOLD = 0.5
#: Harm elsewhere that is worth a warning: fall of F1, and rise of the loss (a share of
#: it, over what three thousand spectra tell by chance).
_F1_FALL, _LOSS_RISE, _LOSS_NOISE = 0.02, 0.10, 0.002


@dataclass(frozen=True)
class HeldOut:
    """Figures for one pigment on painted pixels that were held out of the learning.

    Parameters
    ----------
    pigment : str
        Pigment id.
    found_before, found_after : float or None
        Share of the pixels painted as present in which it is found, 0-1; None where no
        pixel was painted so.
    false_before, false_after : float or None
        Share of the pixels painted as absent in which it is found all the same.
    loss_before, loss_after : float
        Mean cross-entropy, nats a pixel.
    """

    pigment: str
    found_before: float | None
    found_after: float | None
    false_before: float | None
    false_after: float | None
    loss_before: float
    loss_after: float

    def values(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Elsewhere:
    """Figures for one pigment on simulated scans of all kinds, none of them learned from.

    Parameters
    ----------
    pigment : str
        Pigment id.
    f1_before, f1_after : float
        F1 at a probability of one half, 0-1.
    loss_before, loss_after : float
        Mean cross-entropy, nats a spectrum.
    """

    pigment: str
    f1_before: float
    f1_after: float
    loss_before: float
    loss_after: float

    @property
    def worse(self) -> bool:
        """Whether the teaching does harm that is worth a warning."""
        rise = self.loss_after - self.loss_before
        return (
            self.f1_after < self.f1_before - _F1_FALL
            or rise > _LOSS_RISE * self.loss_before + _LOSS_NOISE
        )

    def values(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def held_out(lesson: Lesson, before: torch.Tensor, after: torch.Tensor) -> tuple[HeldOut, ...]:
    """Figures of each taught pigment from logits (spectrum, output) of held-out spectra."""
    names, _ = output_names()
    chances = [probabilities_from_logits(logits).probability for logits in (before, after)]
    result = []
    for pigment in lesson.pigments:
        index = names.index(pigment)
        wanted = lesson.answers[:, index]
        present, absent = wanted == 1, wanted == 0
        known = wanted != MASKED
        found, false = (
            [_share(chance[chosen, index]) for chance in chances] for chosen in (present, absent)
        )
        losses = [_loss(chance[known, index], wanted[known]) for chance in chances]
        result.append(HeldOut(pigment, found[0], found[1], false[0], false[1], *losses))
    return tuple(result)


def elsewhere(
    lesson: Lesson, answers: torch.Tensor, before: torch.Tensor, after: torch.Tensor
) -> tuple[Elsewhere, ...]:
    """Figures of each taught pigment from answers and logits (spectrum, output)."""
    names, _ = output_names()
    chances = [probabilities_from_logits(logits).probability for logits in (before, after)]
    result = []
    for pigment in lesson.pigments:
        index = names.index(pigment)
        wanted = answers[:, index]
        known = wanted != MASKED
        scores = [_f1(chance[known, index], wanted[known]) for chance in chances]
        losses = [_loss(chance[known, index], wanted[known]) for chance in chances]
        result.append(Elsewhere(pigment, *scores, *losses))
    return tuple(result)


def warnings_of(
    lesson: Lesson, proved: tuple[HeldOut, ...], worse: tuple[Elsewhere, ...]
) -> tuple[str, ...]:
    """What a user must know before using taught weights, a sentence each."""
    from napari_xrf_pigments.pigments.catalogue import pigment

    said = []
    for figures in worse:
        if figures.worse:
            said.append(
                f"{pigment(figures.pigment).name} gets worse on other paintings: on simulated "
                f"scans F1 was {figures.f1_before:.2f} and is {figures.f1_after:.2f}, the error "
                f"(cross-entropy) was {figures.loss_before:.3f} and is {figures.loss_after:.3f}."
            )
    for score in proved:
        if score.loss_after > score.loss_before:
            said.append(
                f"{pigment(score.pigment).name} is not recognised better in the parts held out: "
                "the painted places may not agree with each other."
            )
    for name in lesson.pigments:
        told = {statement.present for statement in lesson.statements if statement.pigment == name}
        if len(told) == 1:
            missing = "absent" if told == {True} else "present"
            kind = "false alarms" if told == {True} else "misses"
            said.append(
                f"{pigment(name).name} was never painted as {missing}: {kind} cannot be judged."
            )
    if not proved:
        said.append("Too little is painted to hold a part of it out.")
    elif not lesson.apart:
        said.append(
            "Something was painted in one small place only: paint more of it, or a second place, "
            "for a fair test."
        )
    return tuple(said)


def _share(chance: torch.Tensor) -> float | None:
    return float((chance > THRESHOLD).float().mean()) if len(chance) else None


def _loss(chance: torch.Tensor, wanted: torch.Tensor) -> float:
    clipped = chance.clamp(1e-6, 1 - 1e-6)
    entropy = torch.nn.functional.binary_cross_entropy(clipped, wanted.to(clipped.dtype))
    return float(entropy)


def _f1(chance: torch.Tensor, wanted: torch.Tensor) -> float:
    found, there = chance > THRESHOLD, wanted == 1
    hits = float((found & there).sum())
    missed = float((found != there).sum())
    return 2 * hits / (2 * hits + missed) if hits + missed else 1.0
