"""Composites of elemental maps, from what the user chose to a picture (no Qt)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_xrf_pigments.mapping.analysis.map_algebra import Channel, composite
from napari_xrf_pigments.pigments import display

from ..layers.specs import MapSpec, limits_of
from ..state.results import ElementResults, ElementView


def composite_spec(
    results: ElementResults, view: ElementView, choices: Sequence[Any], number: int
) -> MapSpec:
    """Render maps in their colours as one image.

    Parameters
    ----------
    results : ElementResults
        The maps.
    view : ElementView
        What they are divided by; a composite shows counts whatever the quantity.
    choices : sequence
        One to four of name, colour, and low and high as shares of the map's range.
    number : int
        Which composite of the scan it is.

    Raises
    ------
    ValueError
        If a map is not there, or cannot be normalised.
    """
    counts = ElementView("counts", view.normalisation)
    monitor = results.monitor(view.normalisation)
    maps, channels = [], []
    for choice in choices:
        if choice.name not in results.names:
            raise ValueError(f"There is no map of {choice.name} yet.")
        image = np.asarray(results.image(choice.name, counts, monitor))
        _, top = limits_of(image, low=0.0)
        channels.append(
            Channel(
                choice.name, display.hex_to_rgb(choice.colour), choice.low * top, choice.high * top
            )
        )
        maps.append(image)
    part = results.part
    made: dict[str, Any] = {"composite": [channel.settings for channel in channels]}
    if monitor is not None:
        made["normalised_to"] = monitor.settings
    title = " + ".join(channel.name for channel in channels) + view.divided()
    return MapSpec(
        "composite",
        str(number),
        f"{title} ({part.title})" if part is not None else title,
        composite(maps, channels),
        None,
        step=1 if part is None else part.step,
        origin=(0.0, 0.0) if part is None else part.origin,
        made=made,
    )
