"""Display names and colours of pigments and groups, for figures and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .catalogue import ambiguity_groups, pigment_catalogue


@dataclass(frozen=True)
class Naming:
    """Display names and colours of pigments and groups.

    Parameters
    ----------
    labels : mapping of str to str
        Display name of each pigment id.
    colours : mapping of str to str
        ``"#rrggbb"`` of each pigment id.
    members : mapping of str to tuple of str
        Pigment ids of each ambiguity group.
    lines : mapping of str to tuple of str
        Line families that identify each pigment.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    colours: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def pigment(self, name: str) -> str:
        """Return the display name of a pigment, or its id where it has none."""
        return self.labels.get(name, name)

    def colour(self, name: str) -> str | None:
        """Return the colour ``"#rrggbb"`` of a pigment, or None."""
        return self.colours.get(name)

    def group(self, name: str) -> str:
        """Return the display name of a group, such as ``"Copper pigments"``."""
        return f"{name.replace('-', ' and ').capitalize()} pigments"

    def members_of(self, group: str) -> str:
        """Return the names of the members of a group, joined by slashes."""
        return " / ".join(self.pigment(member) for member in self.members.get(group, ()))


def catalogue_naming() -> Naming:
    """Return names, colours and groups of all pigments of the catalogue."""
    table = pigment_catalogue()
    return Naming(
        labels={entry.id: entry.name for entry in table},
        colours={entry.id: entry.hex for entry in table},
        members=ambiguity_groups(),
        lines={entry.id: entry.diagnostic for entry in table},
    )
