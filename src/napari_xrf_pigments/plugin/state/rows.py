"""Entries of the list of elements: found in a scan, added by the user, or mapped (no Qt)."""

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
        The families of the element to choose from, including this one.
    strength : float or None
        Its highest significance in the scan, sigma; None if it was not found by a search.
    """

    family: str
    families: tuple[str, ...] = ()
    strength: float | None = None


def added_rows(
    before: Sequence[ElementRow], current: Sequence[ElementRow]
) -> tuple[ElementRow, ...]:
    """Return earlier rows that the user added and that are not among the current ones."""
    symbols = {row.family.split()[0] for row in current}
    added = {row.family.split()[0]: row for row in before if row.strength is None}
    return tuple(row for symbol, row in added.items() if symbol not in symbols)


def with_mapped(rows: Sequence[ElementRow], names: Sequence[str]) -> list[ElementRow]:
    """Return rows with the mapped line families selected, and with rows for those not listed.

    Parameters
    ----------
    rows : sequence of ElementRow
        The listed elements.
    names : sequence of str
        The line families of the maps.
    """
    updated = []
    for row in rows:
        mapped = next((each for each in (row.family, *row.families) if each in names), row.family)
        updated.append(replace(row, family=mapped))
    listed = {row.family for row in updated}
    return updated + [ElementRow(name) for name in names if name not in listed]
