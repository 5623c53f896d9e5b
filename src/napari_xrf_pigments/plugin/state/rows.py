"""The list of elements: found in a scan, named by the user, mapped (no Qt)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class ElementRow:
    """An entry of the list of elements.

    Parameters
    ----------
    family : str
        The line family to map, such as ``"Pb L"``.
    families : tuple of str
        The families of the element to choose from, this one among them.
    strength : float or None
        Its highest significance in the scan, sigma; None where the user named it.
    """

    family: str
    families: tuple[str, ...] = ()
    strength: float | None = None


def added_rows(before: Sequence[ElementRow], found: Sequence[ElementRow]) -> tuple[ElementRow, ...]:
    """Return the rows that the user named and that a search did not find: they stay."""
    symbols = {row.family.split()[0] for row in found}
    named = {row.family.split()[0]: row for row in before if row.strength is None}
    return tuple(row for symbol, row in named.items() if symbol not in symbols)


def with_mapped(rows: Sequence[ElementRow], names: Sequence[str]) -> list[ElementRow]:
    """Return rows with the line families that were mapped, and rows of those mapped alone.

    Parameters
    ----------
    rows : sequence of ElementRow
        The elements found or named.
    names : sequence of str
        The line families of the maps.
    """
    updated = []
    for row in rows:
        mapped = next((each for each in (row.family, *row.families) if each in names), row.family)
        updated.append(replace(row, family=mapped))
    listed = {row.family for row in updated}
    return updated + [ElementRow(name) for name in names if name not in listed]
