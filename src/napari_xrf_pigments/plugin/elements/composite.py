"""Composite images of several elemental maps (no Qt)."""

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
    """Combine maps, each in its colour, into one image.

    Parameters
    ----------
    results : ElementResults
        The maps.
    view : ElementView
        The normalisation; a composite shows counts, whichever quantity is selected.
    choices : sequence of ChannelChoice
        One to four channels.
    number : int
        Number of the composite among those of the scan.

    Raises
    ------
    ValueError
        If a map does not exist, or cannot be normalised.
    """
    counts = ElementView("counts", view.normalisation)
    monitor = results.monitor(view.normalisation)
    maps, channels = [], []
    for choice in choices:
        if choice.name not in results.names:
            raise ValueError(f"There is no map of {choice.name} yet; map this element first.")
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
