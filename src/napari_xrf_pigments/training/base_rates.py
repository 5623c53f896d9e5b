"""Base rates: the frequency of each pigment in the training stream.

``python -m napari_xrf_pigments.training.base_rates [JSON]`` counts them again; run it
when the pigment table or the priors of the simulation change.
"""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..network.outputs import FIELDS, output_names
from .spectra_stream import StreamSettings, training_stream

_SEED, _CHUNKS = (2, 4242), 12


def count_rates(targets: NDArray[np.int8]) -> dict[str, dict[str, float]]:
    """Compute the rate of each output from targets (spectrum, output), by field and name."""
    pigments, groups = output_names()
    rate = (targets == 1).sum(0) / np.maximum(1, (targets >= 0).sum(0))
    names = (pigments, pigments, pigments, groups)
    parts = np.split(rate, np.cumsum([len(part) for part in names])[:-1])
    return {
        field: {name: round(float(value), 4) for name, value in zip(own, part, strict=True)}
        for field, own, part in zip(FIELDS, names, parts, strict=True)
    }


def write_rates(path: Path) -> None:
    """Count base rates in the training stream and write them as JSON."""
    stream = training_stream(_SEED, StreamSettings(2.5, traces=0.5, wear=0.1, contaminated=0.4))
    targets = [next(stream).targets.numpy() for _ in range(_CHUNKS)]
    path.write_text(json.dumps(count_rates(np.concatenate(targets)), indent=1), encoding="utf-8")


if __name__ == "__main__":
    bundled = files("napari_xrf_pigments.network").joinpath("data/base_rates.json")
    write_rates(Path(sys.argv[1]) if sys.argv[1:] else Path(str(bundled)))
