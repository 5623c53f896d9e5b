"""Colours and colormaps of elements, pigments and groups."""

from __future__ import annotations

import colorsys
from functools import lru_cache

import numpy as np
from napari.utils import Colormap

from napari_xrf_pigments.physics.lines import atomic_number
from napari_xrf_pigments.pigments.catalogue import ambiguity_groups, pigment

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
_DIMMEST = 0.42


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


def is_pale(hex_colour: str) -> bool:
    """Return whether additive blending with the colour, white or light grey, hides others."""
    _, lightness, saturation = colorsys.rgb_to_hls(*hex_to_rgb(hex_colour))
    return lightness > 0.88 or (lightness > 0.5 and saturation < 0.2)


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


def group_colour(group: str) -> str:
    """Return the mean colour of the members of a group."""
    members = [hex_to_rgb(pigment_colour(name)) for name in group_members(group)]
    if not members:
        return "#b0b0b0"
    red, green, blue = np.mean(members, axis=0)
    return rgb_to_hex((float(red), float(green), float(blue)))


@lru_cache(maxsize=512)
def black_to_colour(hex_colour: str, title: str) -> Colormap:
    """Return the colormap from black to a colour, for counts.

    Parameters
    ----------
    hex_colour : str
        ``"#rrggbb"``.
    title : str
        Name that napari shows.
    """
    colours = [[0, 0, 0, 1], [*hex_to_rgb(hex_colour), 1]]
    # napari tells colormaps apart by name.
    return Colormap(colours, name=f"{title} {hex_colour}", display_name=title)


@lru_cache(maxsize=2048)
def threshold_colormap(hex_colour: str, threshold: float, title: str) -> Colormap:
    """Return the colormap that is transparent up to a threshold, then dim to full colour.

    Parameters
    ----------
    hex_colour : str
        ``"#rrggbb"``.
    threshold : float
        Probability, 0-1.
    title : str
        Name that napari shows.
    """
    full = np.array(hex_to_rgb(visible_colour(hex_colour)))
    low = float(np.clip(threshold, 0.002, 0.99))
    colours = [[0, 0, 0, 0], [0, 0, 0, 0], [*(0.45 * full), 1], [*full, 1]]
    return Colormap(
        colours,
        controls=[0.0, low - 0.001, low, 1.0],
        name=f"{title} {hex_colour} over {threshold:.2f}",
        display_name=title,
    )
