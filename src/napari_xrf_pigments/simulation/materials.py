"""Materials of paintings other than pigments, and impurities of pigments."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from ..physics.composition import parse_composition


@dataclass(frozen=True)
class Material:
    """Binder, varnish, filler or support.

    Parameters
    ----------
    id, kind : str
        Identifier and use.
    parts : dict of str to float
        Formulas with parts by weight.
    density_g_cm3 : float
        Density.
    """

    id: str
    kind: str
    parts: dict[str, float]
    density_g_cm3: float


@dataclass(frozen=True)
class Impurity:
    """A minor compound of a pigment (``host``; ``*`` is any paint).

    Parameters
    ----------
    host, formula : str
        Pigment id and formula of the compound.
    low_percent, high_percent : float
        Range of its weight, per cent of the host.
    chance : float
        Probability of its presence.
    source : str
        Where the compound is described; the limits are wider than the analyses there.
    """

    host: str
    formula: str
    low_percent: float
    high_percent: float
    chance: float
    source: str


def _rows(name: str) -> list[dict[str, str]]:
    text = files(__package__).joinpath(f"data/{name}").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@lru_cache
def materials() -> dict[str, Material]:
    """Read all materials by id (``data/materials.csv``)."""
    return {
        row["id"]: Material(
            row["id"],
            row["kind"],
            parse_composition(row["composition"]),
            float(row["density_g_cm3"]),
        )
        for row in _rows("materials.csv")
    }


@lru_cache
def impurities(host: str) -> tuple[Impurity, ...]:
    """Return the impurities of a pigment, or of any paint for ``"*"``."""
    return tuple(
        Impurity(
            row["host"],
            row["formula"],
            float(row["low_percent"]),
            float(row["high_percent"]),
            float(row["chance"]),
            row["source"],
        )
        for row in _rows("impurities.csv")
        if row["host"] == host
    )


@lru_cache
def oil_per_100() -> dict[str, float]:
    """Read the parts of oil per 100 parts of each pigment by weight (Church)."""
    return {row["id"]: float(row["oil_per_100"]) for row in _rows("binder_parts.csv")}


#: Atomic numbers of all elements in simulated stratigraphies: the columns of every batch.
ELEMENTS = (
    1, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 19, 20, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,
    33, 34, 35, 37, 38, 39, 40, 41, 42, 47, 48, 49, 50, 51, 53, 56, 57, 58, 73, 74, 78, 79, 80,
    81, 82, 83, 90, 92,
)  # fmt: skip
