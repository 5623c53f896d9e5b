"""Fine-tuned networks, and their weights in files of their own."""

from __future__ import annotations

from dataclasses import asdict, dataclass
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

from .annotations import AnnotatedSpectra
from .assessment import HeldOutScore, SimulatedScore


@dataclass(frozen=True)
class FineTunedNetwork:
    """A fine-tuned network with its scores.

    Parameters
    ----------
    net : PigmentNet
        The network.
    held_out : tuple of HeldOutScore
        Scores on held-out painted parts, one per pigment.
    simulated : tuple of SimulatedScore
        Scores on simulated scans, one per pigment.
    warnings : tuple of str
        Problems that a user must know; empty without any.
    provenance : dict
        Training settings and annotations, stored with the weights.
    """

    net: PigmentNet
    held_out: tuple[HeldOutScore, ...]
    simulated: tuple[SimulatedScore, ...]
    warnings: tuple[str, ...]
    provenance: dict[str, Any]


def save_fine_tuned(network: FineTunedNetwork, path: Path) -> str:
    """Write fine-tuned weights to a file of their own.

    Parameters
    ----------
    network : FineTunedNetwork
        The network.
    path : Path
        A ``.safetensors`` file; earlier fine-tuned weights are replaced.

    Returns
    -------
    str
        SHA-256 of the file.

    Raises
    ------
    ValueError
        If the path is that of the bundled weights, or does not end in ``.safetensors``.
    OSError
        If another kind of file has that name, or the disk fails.
    """
    bundled = bundled_weights()
    if path.resolve() == bundled.resolve() or (path.exists() and path.samefile(bundled)):
        raise ValueError(
            "The weights that come with the program are never overwritten; choose another name."
        )
    if path.suffix != ".safetensors":
        raise ValueError(f"{path.name} must end in .safetensors.")
    if path.exists() and not is_fine_tuned(path):
        raise FileExistsError(
            f"{path.name} exists and does not hold fine-tuned weights; choose another name."
        )
    save_weights(network.net, path, network.provenance)
    return weights_hash(path)


def is_fine_tuned(path: Path) -> bool:
    """Return whether a file holds fine-tuned weights."""
    try:
        return "taught" in read_training(path)
    except (ValueError, OSError):
        return False


def fine_tuning_provenance(
    spectra: AnnotatedSpectra,
    base: Path,
    strength: float,
    held_out: tuple[HeldOutScore, ...],
    simulated: tuple[SimulatedScore, ...],
) -> dict[str, Any]:
    """Extend the training settings of the base weights by the fine-tuning, as JSON types."""
    pairs = zip(spectra.annotations, spectra.pixels, strict=True)
    return {
        **read_training(base),
        "taught": {
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "from_weights": weights_hash(base),
            "scan": spectra.scan,
            "painted": [
                {"pigment": one.pigment, "present": one.present, "pixels": count}
                for one, count in pairs
            ],
            "strength": strength,
            "held_out": [asdict(score) for score in held_out],
            "elsewhere": [asdict(score) for score in simulated],
            "parts": len(np.unique(spectra.folds)),
        },
    }
