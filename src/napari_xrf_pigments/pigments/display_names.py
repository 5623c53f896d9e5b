"""The names of the pigment table, for pictures and reports."""

from __future__ import annotations

from ._naming import Naming
from .catalogue import ambiguity_groups, pigment_catalogue


def catalogue_naming() -> Naming:
    """Names, colours and groups of all pigments of the table."""
    table = pigment_catalogue()
    return Naming(
        labels={entry.id: entry.name for entry in table},
        colours={entry.id: entry.hex for entry in table},
        members=ambiguity_groups(),
        lines={entry.id: entry.diagnostic for entry in table},
    )
