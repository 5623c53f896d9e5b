"""Compositions: formulas and oxide analyses to mass fractions of elements."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache

import xraylib

from .lines import atomic_number

_TOKEN = re.compile(r"([A-Z][a-z]?)((?:\d+(?:\.\d+)?)?)")


def formula_fractions(formula: str) -> dict[int, float]:
    """Return mass fractions by atomic number of a flat formula such as ``"Pb3C2H2O8"``.

    Raises
    ------
    ValueError
        If the text is not a flat chemical formula.
    """
    return dict(_fractions(formula))


@lru_cache(maxsize=4096)
def _fractions(formula: str) -> dict[int, float]:
    tokens = _TOKEN.findall(formula)
    if not tokens or "".join(symbol + count for symbol, count in tokens) != formula:
        raise ValueError(f"{formula!r} is not a flat chemical formula.")
    masses: dict[int, float] = {}
    for symbol, count in tokens:
        z = atomic_number(symbol)
        masses[z] = masses.get(z, 0.0) + xraylib.AtomicWeight(z) * float(count or 1)
    return _normalised(masses)


def mixture_fractions(parts: Mapping[str, float]) -> dict[int, float]:
    """Return mass fractions by atomic number of a mixture of formulas by weight."""
    masses: dict[int, float] = {}
    for formula, weight in parts.items():
        for z, fraction in formula_fractions(formula).items():
            masses[z] = masses.get(z, 0.0) + weight * fraction
    return _normalised(masses)


def parse_composition(text: str) -> dict[str, float]:
    """Parse a composition, a flat formula or ``"oxides: Fe2O3 50 SiO2 30"``, to parts by weight.

    Raises
    ------
    ValueError
        If the text is neither.
    """
    if not text.startswith("oxides:"):
        formula_fractions(text)
        return {text: 1.0}
    words = text.removeprefix("oxides:").split()
    try:
        weights = [float(word) for word in words[1::2]]
        listed = list(zip(words[::2], weights, strict=True))
    except ValueError as error:
        raise ValueError(f"{text!r} is not a list of oxides with weights.") from error
    if not all(0 < weight < math.inf for weight in weights):
        raise ValueError(f"The weights in {text!r} must be positive numbers.")
    parts: dict[str, float] = {}
    for formula, weight in listed:
        parts[formula] = parts.get(formula, 0.0) + weight
    mixture_fractions(parts)  # raises for an invalid formula
    return parts


def _normalised(masses: dict[int, float]) -> dict[int, float]:
    total = sum(masses.values())
    if not total > 0:
        raise ValueError("A composition needs a positive weight.")
    return {z: mass / total for z, mass in masses.items()}
