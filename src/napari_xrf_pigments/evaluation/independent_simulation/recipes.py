"""Tables of the independent stratigraphies: binders, grounds, supports, impurities."""

from __future__ import annotations

from dataclasses import dataclass

#: Binders: formulas with parts by weight, density in g/cm3.
BINDERS: dict[str, tuple[dict[str, float], float]] = {
    "oil": ({"C57H98O6": 1.0}, 0.93),
    "egg": ({"C57H98O6": 0.6, "C4H6NO": 0.36, "S": 0.005, "P": 0.012, "CaO": 0.003}, 1.05),
    "glue": ({"C4H6NO": 0.995, "S": 0.004, "CaO": 0.003}, 1.27),
}

#: Oil for one part of pigment by weight (Church, The Chemistry of Paints and Painting).
OIL_PARTS = {
    "lead_white": 0.15,
    "red_lead": 0.15,
    "zinc_white": 0.21,
    "titanium_white": 0.22,
    "lithopone": 0.20,
    "barium_sulfate": 0.15,
    "chrome_yellow": 0.45,
    "chrome_orange": 0.35,
    "cadmium_yellow": 0.47,
    "cadmium_red": 0.40,
    "yellow_ochre": 0.61,
    "red_ochre": 0.50,
    "green_earth": 0.80,
    "vermilion": 0.23,
    "viridian": 0.54,
    "prussian_blue": 0.75,
    "cobalt_blue": 0.70,
    "ultramarine": 0.38,
    "umber": 0.96,
    "bone_black": 1.00,
    "lead_tin_yellow": 0.18,
    "naples_yellow": 0.20,
    "smalt": 0.45,
}

WHITES = ("lead_white", "zinc_white", "titanium_white", "lithopone")

#: Impurities of any layer: element, range in parts per million (log-uniform), chance.
TRACES = (
    ("Fe", 30.0, 1500.0, 0.35),
    ("Zn", 30.0, 800.0, 0.25),
    ("K", 100.0, 3000.0, 0.20),
    ("Ti", 30.0, 800.0, 0.12),
    ("Mn", 20.0, 300.0, 0.12),
    ("Cu", 20.0, 400.0, 0.12),
    ("Ni", 10.0, 200.0, 0.06),
    ("Cl", 200.0, 5000.0, 0.15),
    ("Pb", 50.0, 1500.0, 0.10),
    ("Br", 20.0, 500.0, 0.03),
)


@dataclass(frozen=True)
class Ground:
    """Recipe of a ground: parts of pigments, binder, and range of its weight relative to them."""

    weights: tuple[tuple[str, float], ...]
    binder: str
    binder_share: tuple[float, float]


GROUNDS = (
    Ground((("chalk", 1.0),), "glue", (0.05, 0.15)),
    Ground((("gypsum", 1.0),), "glue", (0.05, 0.15)),
    Ground((("lead_white", 1.0),), "oil", (0.10, 0.20)),
    Ground((("lead_white", 0.6), ("chalk", 0.4)), "oil", (0.12, 0.30)),
    Ground((("zinc_white", 1.0),), "oil", (0.15, 0.30)),
    Ground((("lithopone", 1.0),), "oil", (0.15, 0.30)),
    Ground((("titanium_white", 0.4), ("barium_sulfate", 0.6)), "oil", (0.15, 0.30)),
    Ground((("red_ochre", 0.6), ("chalk", 0.3), ("lead_white", 0.1)), "oil", (0.30, 0.70)),
    Ground((("yellow_ochre", 0.85), ("lead_white", 0.15)), "oil", (0.30, 0.70)),
)


@dataclass(frozen=True)
class Support:
    """A support: material, density in g/cm3, thickness in mm, chance, and pigments in it."""

    name: str
    material: str
    density: float
    mm: tuple[float, float]
    chance: float
    weights: tuple[tuple[str, float], ...] = ()


_SAND = "SiO2 90 Al2O3 6 K2O 2 Fe2O3 1"

SUPPORTS = (
    Support("canvas", "C6H10O5", 0.75, (0.3, 1.2), 0.42),
    Support("wood", "C6H10O5 95 CaO 0.15 K2O 0.1 H2O 5", 0.6, (5.0, 25.0), 0.24),
    Support("lime plaster", _SAND, 2.0, (8.0, 15.0), 0.07, (("chalk", 0.35),)),
    Support("gypsum plaster", "SiO2", 1.4, (8.0, 15.0), 0.06, (("gypsum", 0.9),)),
    Support("copper", "Cu", 8.9, (0.6, 1.5), 0.04),
    Support("paper", "C6H10O5 90 Al2Si2O9H4 9 TiO2 0.05", 0.85, (0.1, 0.4), 0.10),
    Support("parchment", "C4H6NO 92 CaCO3 5 S 0.5", 1.1, (0.15, 0.4), 0.07),
)
