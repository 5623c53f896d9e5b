"""Weights that a user taught: what they are, and a file of their own for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from napari_xrf_pigments.network.model import PigmentNet
from napari_xrf_pigments.network.weights import (
    bundled_weights,
    read_training,
    save_weights,
    weights_hash,
)

from .annotations import Lesson
from .assessment import Elsewhere, HeldOut


@dataclass(frozen=True)
class Taught:
    """A taught network and what can be said of it.

    Parameters
    ----------
    net : PigmentNet
        The network.
    held_out : tuple of HeldOut
        Before and after on painted parts that were held out, a pigment each.
    elsewhere : tuple of Elsewhere
        Before and after on simulated scans of any kind, a pigment each.
    warnings : tuple of str
        Sentences a user must read; empty when all is well.
    provenance : dict
        What it was taught from.
    """

    net: PigmentNet
    held_out: tuple[HeldOut, ...]
    elsewhere: tuple[Elsewhere, ...]
    warnings: tuple[str, ...]
    provenance: dict[str, Any]


def save_taught(taught: Taught, path: Path) -> str:
    """Write taught weights to a file of their own.

    Parameters
    ----------
    taught : Taught
        The network.
    path : Path
        A ``.safetensors`` file; an earlier file of taught weights is replaced.

    Returns
    -------
    str
        Hash of the file, SHA-256.

    Raises
    ------
    ValueError
        If the path is that of the bundled weights, or does not end in ``.safetensors``.
    OSError
        If the file in the way holds something else, or the disk fails.
    """
    bundled = bundled_weights()
    if path.resolve() == bundled.resolve() or (path.exists() and path.samefile(bundled)):
        raise ValueError("The weights that come with the program are never overwritten.")
    if path.suffix != ".safetensors":
        raise ValueError(f"{path.name} must end in .safetensors.")
    if path.exists() and not is_taught(path):
        raise FileExistsError(f"{path.name} holds something else; choose another name.")
    save_weights(taught.net, path, taught.provenance)
    return weights_hash(path)


def is_taught(path: Path) -> bool:
    """Whether a file holds weights that a user taught."""
    try:
        return "taught" in read_training(path)
    except (ValueError, OSError):
        return False


def lesson_provenance(
    lesson: Lesson,
    base: Path,
    strength: float,
    proved: tuple[HeldOut, ...],
    worse: tuple[Elsewhere, ...],
) -> dict[str, Any]:
    """What the weights were taught from, as plain values beside those of their training."""
    said = zip(lesson.statements, lesson.pixels, strict=True)
    return {
        **read_training(base),
        "taught": {
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "from_weights": weights_hash(base),
            "scan": lesson.scan,
            "painted": [
                {"pigment": one.pigment, "present": one.present, "pixels": count}
                for one, count in said
            ],
            "strength": strength,
            "held_out": [one.values() for one in proved],
            "elsewhere": [one.values() for one in worse],
            "parts": len(np.unique(lesson.folds)),
        },
    }
