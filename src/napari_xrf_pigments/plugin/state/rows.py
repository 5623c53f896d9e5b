"""What views are given to show: plain rows (no Qt)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class ElementRow:
    """A line of the list of elements.

    Parameters
    ----------
    family : str
        The line family to be mapped, such as ``"Pb L"``.
    families : tuple of str
        The families of the element that can be chosen, this one among them.
    strength : float or None
        How many sigma it stands out, at the place where it does most; None where it was named.
    """

    family: str
    families: tuple[str, ...] = ()
    strength: float | None = None


def added_rows(before: Sequence[ElementRow], found: Sequence[ElementRow]) -> tuple[ElementRow, ...]:
    """Rows of elements that the user named and that were not found: they stay in the list."""
    symbols = {row.family.split()[0] for row in found}
    named = {row.family.split()[0]: row for row in before if row.strength is None}
    return tuple(row for symbol, row in named.items() if symbol not in symbols)


def with_mapped(rows: Sequence[ElementRow], names: Sequence[str]) -> list[ElementRow]:
    """Rows whose line families are those that were mapped, where some were, and those mapped only.

    Parameters
    ----------
    rows : sequence of ElementRow
        What was found or named.
    names : sequence of str
        The line families of the maps.
    """
    found = []
    for row in rows:
        mapped = next((each for each in (row.family, *row.families) if each in names), row.family)
        found.append(replace(row, family=mapped))
    there = {row.family for row in found}
    return found + [ElementRow(name) for name in names if name not in there]
