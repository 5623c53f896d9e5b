"""What was found, as rows for the list (no Qt)."""

from __future__ import annotations

from . import colours
from .results import Depth, PigmentResults
from .rows import FoundRow
from .specs import MIN_SHARE


def found_rows(results: PigmentResults, threshold: float, depth: Depth) -> list[FoundRow]:
    """Groups with their members, and single pigments, the most widespread first.

    Parameters
    ----------
    results : PigmentResults
        The maps.
    threshold : float
        Probability over which something counts as found, 0-1.
    depth : {"probability", "top", "below"}
        Which layers count.  Groups are only known for any layer.
    """
    shares = results.shares(threshold, depth)
    group_shares = results.group_shares(threshold)
    rows = []
    for group in results.groups:
        members = [name for name in colours.group_members(group) if name in shares]
        pigments = sorted(
            (_pigment_row(name, shares[name]) for name in members), key=lambda row: -row.share
        )
        if len(pigments) == 1:
            rows.append(pigments[0])
        elif pigments:
            inside = max(row.share for row in pigments)
            share = group_shares[group] if depth == "probability" else inside
            rows.append(
                FoundRow(
                    "group",
                    group,
                    colours.group_title(group),
                    colours.group_colour(group),
                    share,
                    share >= MIN_SHARE,
                    tuple(pigments),
                )
            )
    return sorted(rows, key=lambda row: -row.share)


def _pigment_row(name: str, share: float) -> FoundRow:
    title, colour = colours.pigment_title(name), colours.pigment_colour(name)
    return FoundRow("pigment", name, title, colour, share, share >= MIN_SHARE)
