"""Prior probabilities of pigments, fillers and grounds, for all times or for one year."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .._typing import FloatArray
from ..pigments.catalogue import pigment_catalogue
from ..pigments.selection import in_use

_COMMON = {
    "lead_white": 4.0, "chalk": 1.5, "gypsum": 1.2, "zinc_white": 1.5, "titanium_white": 1.5,
    "barium_sulfate": 1.2, "lithopone": 1.2, "vermilion": 2.0, "red_ochre": 1.8,
    "yellow_ochre": 1.8, "umber": 1.6, "bone_black": 1.3, "ultramarine": 1.2,
}  # fmt: skip
#: Pigments that are seldom found in paintings.
_RARE = dict.fromkeys(
    (
        "blue_bice", "brochantite", "han_blue", "han_purple", "massicot", "calomel", "jarosite",
        "vivianite", "cadmium_green", "bismuth_vanadate", "nickel_titanium_yellow",
        "chrome_titanium_yellow", "cobalt_titanate_green", "cobalt_chromite",
    ),
    0.3,
)  # fmt: skip
#: Metal leaves are applied without a binder.
LEAF = ("gold_leaf", "silver_leaf")
#: Fillers of paints.
EXTENDERS = ("barium_sulfate", "chalk", "gypsum", "zinc_white", "kaolin", "quartz")
#: Grounds: probability, pigments and fillers with parts by weight, binder.
GROUNDS: tuple[tuple[float, tuple[tuple[str, float], ...], str], ...] = (
    (3.0, (("chalk", 1.0),), "glue"),
    (2.0, (("gypsum", 1.0),), "glue"),
    (3.0, (("lead_white", 1.0),), "linseed_oil"),
    (2.0, (("lead_white", 0.5), ("chalk", 0.5)), "linseed_oil"),
    (1.0, (("lead_white", 0.5), ("barium_sulfate", 0.5)), "linseed_oil"),
    (1.0, (("zinc_white", 1.0),), "linseed_oil"),
    (1.0, (("zinc_white", 0.5), ("lead_white", 0.5)), "linseed_oil"),
    (1.2, (("lithopone", 1.0),), "linseed_oil"),
    (1.2, (("titanium_white", 0.4), ("chalk", 0.6)), "linseed_oil"),
    (0.6, (("titanium_white", 0.3), ("zinc_white", 0.2), ("barium_sulfate", 0.5)), "linseed_oil"),
    (1.0, (("red_ochre", 0.4), ("kaolin", 0.4), ("quartz", 0.2)), "linseed_oil"),
    (1.0, (("yellow_ochre", 0.5), ("chalk", 0.3), ("lead_white", 0.2)), "linseed_oil"),
    (0.7, (("umber", 0.3), ("lead_white", 0.7)), "linseed_oil"),
    (0.7, (("red_lead", 0.2), ("red_ochre", 0.4), ("chalk", 0.4)), "linseed_oil"),
)  # fmt: skip


@lru_cache(maxsize=1024)
def palette(year: int | None) -> tuple[tuple[str, ...], FloatArray]:
    """Return the pigments that were in use, and the probability of each."""
    catalogue = tuple(
        entry.id
        for entry in pigment_catalogue()
        if entry.id not in LEAF and in_use(entry.id, (year, year))
    )
    odds = _COMMON | _RARE
    weights = np.array([odds.get(name, 0.9) for name in catalogue])
    return catalogue, weights / weights.sum()


@lru_cache(maxsize=1024)
def ground_odds(year: int | None) -> FloatArray:
    """Return the probability of each ground."""
    weights = np.array(
        [odds * all(in_use(name, (year, year)) for name, _ in parts) for odds, parts, _ in GROUNDS]
    )
    return np.asarray(weights / weights.sum())
