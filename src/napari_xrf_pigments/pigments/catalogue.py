"""The catalogue of pigments (``data/pigments.csv``)."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from ..physics.composition import mixture_fractions, parse_composition


@dataclass(frozen=True)
class Pigment:
    """A pigment.

    Parameters
    ----------
    id, name, formula : str
        Identifier used everywhere, display name, formula for display.
    parts : dict of str to float
        Composition: formulas with parts by weight.
    density_g_cm3 : float
        Density, g/cm3.
    diagnostic : tuple of str
        Line families that identify it, such as ``("Pb L", "Cr K")``.
    group : str
        Ambiguity group: pigments with the same diagnostic elements.
    hex : str
        Colour for display, ``"#rrggbb"``.
    in_use : tuple of (int or None)
        First and last year of use; None means open.
    """

    id: str
    name: str
    formula: str
    parts: dict[str, float]
    density_g_cm3: float
    diagnostic: tuple[str, ...]
    group: str
    hex: str
    in_use: tuple[int | None, int | None]

    @property
    def fractions(self) -> dict[int, float]:
        """Mass fractions by atomic number."""
        return mixture_fractions(self.parts)


@lru_cache
def pigment_catalogue() -> tuple[Pigment, ...]:
    """Read all pigments, in the order of the table."""
    return parse_pigments(
        files(__package__).joinpath("data/pigments.csv").read_text(encoding="utf-8")
    )


def parse_pigments(text: str) -> tuple[Pigment, ...]:
    """Parse a table of pigments in the format of ``data/pigments.csv``."""
    return tuple(
        Pigment(
            id=row["id"],
            name=row["name"],
            formula=row["formula"],
            parts=parse_composition(row["composition"]),
            density_g_cm3=float(row["density_g_cm3"]),
            diagnostic=tuple(row["diagnostic"].split(";")),
            group=row["ambiguity_group"],
            hex=row["hex"],
            in_use=(_year(row["in_use_from"]), _year(row["in_use_to"])),
        )
        for row in csv.DictReader(text.splitlines())
    )


@lru_cache
def pigment(pigment_id: str) -> Pigment:
    """Return the pigment with an id.

    Raises
    ------
    ValueError
        If the table has no such id.
    """
    return find_pigment(pigment_catalogue(), pigment_id)


def find_pigment(entries: Iterable[Pigment], pigment_id: str) -> Pigment:
    """Return the pigment of a table with an id.

    Raises
    ------
    ValueError
        If the table has no such id.
    """
    for entry in entries:
        if entry.id == pigment_id:
            return entry
    raise ValueError(f"There is no pigment {pigment_id!r} in the table.")


@lru_cache
def ambiguity_groups() -> dict[str, tuple[str, ...]]:
    """Return the pigment ids of every ambiguity group, in the order of the table."""
    return members_by_group(pigment_catalogue())


def members_by_group(entries: Iterable[Pigment]) -> dict[str, tuple[str, ...]]:
    """Return the ids of the members of every ambiguity group of a table, in its order."""
    members: dict[str, list[str]] = {}
    for entry in entries:
        members.setdefault(entry.group, []).append(entry.id)
    return {group: tuple(ids) for group, ids in members.items()}


def certain_families(pigments: Iterable[str], groups: Iterable[str]) -> tuple[str, ...]:
    """Return the line families that show where pigments and groups are present.

    Of a pigment these are all diagnostic ones, of a group those that all its members share:
    which member is present stays open.

    Parameters
    ----------
    pigments, groups : iterable of str
        Ids; unknown ones are ignored.
    """
    diagnostic = {entry.id: entry.diagnostic for entry in pigment_catalogue()}
    families: dict[str, None] = {}
    for name in pigments:
        families.update(dict.fromkeys(diagnostic.get(name, ())))
    for group in groups:
        members = [diagnostic[name] for name in ambiguity_groups().get(group, ())]
        shared = set(members[0]).intersection(*members) if members else set()
        families.update(dict.fromkeys(name for name in (members or [()])[0] if name in shared))
    return tuple(families)


def _year(text: str) -> int | None:
    return int(text) if text else None
