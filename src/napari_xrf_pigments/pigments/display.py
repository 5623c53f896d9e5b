"""Names, colours and probabilities as they are displayed, in the viewer, figures and reports."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..physics.lines import atomic_number
from .catalogue import ambiguity_groups, pigment, pigment_catalogue

#: Colours that are customary in elemental maps; other elements get a hue of their own.
_ELEMENTS = {
    "Hg": "#ff3b30",
    "Pb": "#d8d8e8",
    "Cu": "#2fb8a0",
    "Fe": "#ff8a3c",
    "Mn": "#b07cff",
    "Ca": "#f2efdc",
    "Zn": "#6fd3ff",
    "Co": "#4f7dff",
    "Cr": "#5fd35f",
    "Ti": "#9fb8ff",
    "Ba": "#ff9fd0",
    "Sn": "#f2e24a",
    "Sb": "#e0c040",
    "Cd": "#ffc400",
    "As": "#b6e34a",
    "Au": "#ffd45a",
    "K": "#a0e0a0",
    "S": "#f4f07a",
    "Sr": "#ff7f7f",
}
#: Least lightness of a colour that shows on black.
_DIMMEST = 0.42


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
        return group_title(name)

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


def hex_to_rgb(hex_colour: str) -> tuple[float, float, float]:
    """Return red, green and blue, 0-1, of ``"#rrggbb"``."""
    red, green, blue = (int(hex_colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def rgb_to_hex(colour: tuple[float, float, float]) -> str:
    """Return ``"#rrggbb"`` of red, green and blue, 0-1."""
    return "#" + "".join(f"{round(value * 255):02x}" for value in colour)


def visible_colour(hex_colour: str) -> str:
    """Return a colour, made lighter where it would not show on black (Prussian blue, blacks)."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*hex_to_rgb(hex_colour))
    return rgb_to_hex(colorsys.hls_to_rgb(hue, max(lightness, _DIMMEST), saturation))


def lighter(hex_colour: str) -> str:
    """Return the colour half way between a colour and white."""
    red, green, blue = hex_to_rgb(visible_colour(hex_colour))
    return rgb_to_hex(((1 + red) / 2, (1 + green) / 2, (1 + blue) / 2))


def is_white(hex_colour: str) -> bool:
    """Return whether a colour is a white: that of a white pigment or of a ground."""
    return colorsys.rgb_to_hls(*hex_to_rgb(hex_colour))[1] > 0.88


def element_colour(line_family: str) -> str:
    """Return the colour of an elemental map such as ``"Fe K"``, grey if unknown."""
    symbol = line_family.partition(" ")[0]
    if symbol in _ELEMENTS:
        return _ELEMENTS[symbol]
    try:
        number = atomic_number(symbol)
    except ValueError:
        return "#b0b0b0"
    # The golden angle gives neighbours in the periodic table distinct hues.
    hue = (number * 0.381966) % 1.0
    return rgb_to_hex(colorsys.hls_to_rgb(hue, 0.62, 0.75))


def pigment_colour(pigment_id: str) -> str:
    """Return the colour of a pigment in the table; grey for an unknown one."""
    try:
        return pigment(pigment_id).hex
    except ValueError:
        return "#b0b0b0"


def pigment_title(pigment_id: str) -> str:
    """Return the display name of a pigment; its id for an unknown one."""
    try:
        return pigment(pigment_id).name
    except ValueError:
        return pigment_id


def group_members(group: str) -> tuple[str, ...]:
    """Return the ids of the members of an ambiguity group."""
    return ambiguity_groups().get(group, ())


def group_title(group: str) -> str:
    """Return the name of a group, such as ``"Copper pigments"``."""
    return f"{group.replace('-', ' and ').capitalize()} pigments"


#: First words of names that keep their capital within a sentence.
_PROPER = ("Naples", "Prussian", "Egyptian", "Scheele's")


def within_sentence(title: str) -> str:
    """Return a name as it is written within a sentence: ``"lead white"``, ``"Naples yellow"``."""
    return title if title.startswith(_PROPER) else title[:1].lower() + title[1:]


def one_of(pigment_ids: Sequence[str]) -> str:
    """Return alternatives as words, such as ``"azurite, malachite or verdigris"``."""
    names = [within_sentence(pigment_title(name).split(" (")[0]) for name in pigment_ids]
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def group_colour(group: str) -> str:
    """Return the mean colour of the members of a group."""
    members = [hex_to_rgb(pigment_colour(name)) for name in group_members(group)]
    if not members:
        return "#b0b0b0"
    red, green, blue = np.mean(members, axis=0)
    return rgb_to_hex((float(red), float(green), float(blue)))


def format_probability(value: float) -> str:
    """Format a probability (0-1) in per cent; never 100 % where it is not certain."""
    if 0.995 <= value < 0.99995:
        return "over 99 %"
    if 0 < value < 0.005:
        return "under 1 %"
    return f"{100 * value:.0f} %"
