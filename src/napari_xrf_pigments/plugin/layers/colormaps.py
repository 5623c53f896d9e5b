"""Colormaps of elemental and pigment maps."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from napari.utils import Colormap

from napari_xrf_pigments.pigments.display import hex_to_rgb


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
    """Return the colormap that is black up to a threshold, then dim to full colour.

    Parameters
    ----------
    hex_colour : str
        ``"#rrggbb"``, one that shows on black.
    threshold : float
        Probability, 0-1.
    title : str
        Name that napari shows.
    """
    full = np.array(hex_to_rgb(hex_colour))
    low = float(np.clip(threshold, 0.002, 0.99))
    colours = [[0, 0, 0, 1], [0, 0, 0, 1], [*(0.45 * full), 1], [*full, 1]]
    return Colormap(
        colours,
        controls=[0.0, low - 0.001, low, 1.0],
        name=f"{title} {hex_colour} over {threshold:.2f}",
        display_name=title,
    )
