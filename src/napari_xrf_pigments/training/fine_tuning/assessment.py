"""Scores before and after fine-tuning: on held-out painted parts and on simulated scans."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from napari_xrf_pigments.network.model import probabilities_from_logits
from napari_xrf_pigments.network.outputs import MASKED, output_names
from napari_xrf_pigments.pigments.catalogue import pigment

from .annotations import AnnotatedSpectra

#: Probability from which a pigment is considered present.
THRESHOLD = 0.5
#: Limits of a warning about simulated scans: fall of F1, and rise of the loss relative to it,
#: beyond the noise of three thousand spectra.
_F1_FALL, _LOSS_RISE, _LOSS_NOISE = 0.02, 0.10, 0.002


@dataclass(frozen=True)
class HeldOutScore:
    """Scores of one pigment on painted pixels that were not fitted.

    Parameters
    ----------
    pigment : str
        Pigment id.
    found_before, found_after : float or None
        Share of the pixels painted as present in which the pigment is found, 0-1; None without
        such pixels.
    false_before, false_after : float or None
        Share of the pixels painted as absent in which the pigment is found, 0-1.
    loss_before, loss_after : float
        Mean cross-entropy, nats per pixel.
    """

    pigment: str
    found_before: float | None
    found_after: float | None
    false_before: float | None
    false_after: float | None
    loss_before: float
    loss_after: float


@dataclass(frozen=True)
class SimulatedScore:
    """Scores of one pigment on simulated scans of all kinds, none of which was fitted.

    Parameters
    ----------
    pigment : str
        Pigment id.
    f1_before, f1_after : float
        F1 at a probability of one half, 0-1.
    loss_before, loss_after : float
        Mean cross-entropy, nats per spectrum.
    """

    pigment: str
    f1_before: float
    f1_after: float
    loss_before: float
    loss_after: float

    @property
    def worse(self) -> bool:
        """Whether the score falls so far that a warning is due."""
        rise = self.loss_after - self.loss_before
        return (
            self.f1_after < self.f1_before - _F1_FALL
            or rise > _LOSS_RISE * self.loss_before + _LOSS_NOISE
        )


def score_held_out(
    spectra: AnnotatedSpectra, before: torch.Tensor, after: torch.Tensor
) -> tuple[HeldOutScore, ...]:
    """Score each annotated pigment on held-out spectra.

    Parameters
    ----------
    spectra : AnnotatedSpectra
        The held-out spectra.
    before, after : Tensor, shape (spectrum, output)
        Logits before and after fine-tuning.
    """
    names, _ = output_names()
    both = [probabilities_from_logits(logits).probability for logits in (before, after)]
    scores = []
    for name in spectra.pigments:
        index = names.index(name)
        target = spectra.targets[:, index]
        present, absent = target == 1, target == 0
        known = target != MASKED
        found, false = (
            [_share_found(probability[chosen, index]) for probability in both]
            for chosen in (present, absent)
        )
        losses = [_loss(probability[known, index], target[known]) for probability in both]
        scores.append(HeldOutScore(name, found[0], found[1], false[0], false[1], *losses))
    return tuple(scores)


def score_on_simulated(
    pigments: tuple[str, ...], targets: torch.Tensor, before: torch.Tensor, after: torch.Tensor
) -> tuple[SimulatedScore, ...]:
    """Score pigments on simulated spectra.

    Parameters
    ----------
    pigments : tuple of str
        Pigment ids.
    targets : Tensor, shape (spectrum, output)
        Targets of the spectra.
    before, after : Tensor, shape (spectrum, output)
        Logits before and after fine-tuning.
    """
    names, _ = output_names()
    both = [probabilities_from_logits(logits).probability for logits in (before, after)]
    scores = []
    for name in pigments:
        index = names.index(name)
        target = targets[:, index]
        known = target != MASKED
        f1 = [_f1(probability[known, index], target[known]) for probability in both]
        losses = [_loss(probability[known, index], target[known]) for probability in both]
        scores.append(SimulatedScore(name, *f1, *losses))
    return tuple(scores)


def make_warnings(
    spectra: AnnotatedSpectra,
    held_out: tuple[HeldOutScore, ...],
    simulated: tuple[SimulatedScore, ...],
) -> tuple[str, ...]:
    """Describe the problems that a user must know before using fine-tuned weights.

    Parameters
    ----------
    spectra : AnnotatedSpectra
        The annotated spectra.
    held_out, simulated : tuple
        Scores of each pigment; `held_out` is empty where no part could be held out.

    Returns
    -------
    tuple of str
        One sentence per problem.
    """
    warnings = []
    for score in simulated:
        if score.worse:
            warnings.append(
                f"{pigment(score.pigment).name} gets worse on other paintings: on simulated "
                f"scans F1 changes from {score.f1_before:.2f} to {score.f1_after:.2f} and the "
                f"cross-entropy from {score.loss_before:.3f} to {score.loss_after:.3f}. Use these "
                "weights for this painting only."
            )
    for own in held_out:
        if own.loss_after > own.loss_before:
            warnings.append(
                f"{pigment(own.pigment).name} is not recognised better in the held-out parts: "
                "the painted areas may contradict each other."
            )
    for name in spectra.pigments:
        kinds = {each.present for each in spectra.annotations if each.pigment == name}
        if len(kinds) == 1:
            missing = "absent" if kinds == {True} else "present"
            errors = "false alarms" if kinds == {True} else "misses"
            warnings.append(
                f"{pigment(name).name} was never painted as {missing}: {errors} cannot be judged."
            )
    if not held_out:
        warnings.append("Too little is painted to hold a part of it out; paint more for a test.")
    elif not spectra.spatially_separated:
        warnings.append(
            "A label was painted in one small area only: paint a larger or a second area for a "
            "fair test."
        )
    return tuple(warnings)


def _share_found(probability: torch.Tensor) -> float | None:
    return float((probability > THRESHOLD).float().mean()) if len(probability) else None


def _loss(probability: torch.Tensor, target: torch.Tensor) -> float:
    clipped = probability.clamp(1e-6, 1 - 1e-6)
    entropy = torch.nn.functional.binary_cross_entropy(clipped, target.to(clipped.dtype))
    return float(entropy)


def _f1(probability: torch.Tensor, target: torch.Tensor) -> float:
    found, present = probability > THRESHOLD, target == 1
    hits = float((found & present).sum())
    errors = float((found != present).sum())
    return 2 * hits / (2 * hits + errors) if hits + errors else 1.0
