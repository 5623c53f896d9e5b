"""What pigments and groups are called on pictures and in reports.

Results know ids alone; whoever knows the table of pigments hands their names in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Naming:
    """Names for people.

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
        """Display name of a pigment; its id where it has none."""
        return self.labels.get(name, name)

    def colour(self, name: str) -> str | None:
        """``"#rrggbb"`` of a pigment, where it is known."""
        return self.colours.get(name)

    def group(self, name: str) -> str:
        """Display name of a group, such as ``"Copper pigments"``."""
        return f"{name.replace('-', ' and ').capitalize()} pigments"

    def members_of(self, group: str) -> str:
        """The names of the members of a group."""
        return " / ".join(self.pigment(member) for member in self.members.get(group, ()))
