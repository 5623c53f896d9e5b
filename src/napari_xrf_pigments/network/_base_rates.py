"""How often each pigment is there before a spectrum was looked at.

``python -m napari_xrf_pigments.network._base_rates`` counts them anew in the stream of spectra
that probabilities are calibrated on, and writes ``data/base_rates.json``.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .outputs import group_of_pigment, output_names

#: A rate is never told larger: what rests on no evidence must not come near even odds.
MOST = 1 / 3
#: For a pigment that was never counted.
_LEAST = 0.001
_SEED, _CHUNKS = (2, 4242), 12
_FIELDS = ("probability", "top", "below", "group_probability")


@dataclass(frozen=True)
class BaseRates:
    """Rates between 0 and :data:`MOST`, shapes (pigment,) and (group,), float32."""

    probability: NDArray[np.float32]
    top: NDArray[np.float32]
    below: NDArray[np.float32]
    group_probability: NDArray[np.float32]


@lru_cache(maxsize=1)
def base_rates() -> BaseRates:
    """The rates that come with the package, in the order of the outputs."""
    resource = files(__package__).joinpath("data/base_rates.json")
    stored = json.loads(resource.read_text(encoding="utf-8"))
    pigments, groups = output_names()
    rates = []
    for field in _FIELDS:
        names = groups if field == "group_probability" else pigments
        known = [float(stored[field].get(name, _LEAST)) for name in names]
        rates.append(np.clip(np.array(known, np.float32), _LEAST, MOST))
    anywhere, top, below, group = rates
    # As for probabilities: anywhere includes top and below, a group includes its members.
    anywhere = np.maximum(anywhere, np.maximum(top, below))
    np.maximum.at(group, group_of_pigment().numpy(), anywhere)
    return BaseRates(anywhere, top, below, group)


def count_rates(answers: NDArray[np.int8]) -> dict[str, dict[str, float]]:
    """Rates of answers (spectrum, output), by field and name; see :func:`.labels.targets`."""
    pigments, groups = output_names()
    rate = (answers == 1).sum(0) / np.maximum(1, (answers >= 0).sum(0))
    names = (pigments, pigments, pigments, groups)
    parts = np.split(rate, np.cumsum([len(part) for part in names])[:-1])
    return {
        field: {name: round(float(value), 4) for name, value in zip(given, part, strict=True)}
        for field, given, part in zip(_FIELDS, names, parts, strict=True)
    }


def main(path: Path) -> None:
    """Count and write."""
    from ..training.spectra_stream import Draws, training_stream

    stream = training_stream(_SEED, Draws(2.5, traces=0.5, wear=0.1, contaminated=0.4))
    answers = [next(stream).answers.numpy() for _ in range(_CHUNKS)]
    path.write_text(json.dumps(count_rates(np.concatenate(answers)), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(
        Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("data") / "base_rates.json"
    )
