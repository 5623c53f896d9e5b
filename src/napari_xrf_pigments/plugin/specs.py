"""Which maps of a result are shown, and how: name, colour, limits (no Qt, no layers)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from napari.utils import Colormap
from numpy.typing import NDArray

from . import colours
from .results import Depth, ElementResults, PigmentResults

#: A map needs at least this share of the painting to get a layer.
MIN_SHARE = 0.002
DEPTH_TITLES: dict[Depth, str] = {
    "probability": "In any layer",
    "top": "In the top layer",
    "below": "Below the top layer",
}


@dataclass(frozen=True)
class MapSpec:
    """A map to be shown.

    Parameters
    ----------
    kind : str
        ``"element"``, ``"pigment"``, ``"group"`` or ``"unexplained"``.
    name : str
        Line family, pigment id or group.
    title : str
        Name of the layer.
    data : ndarray, shape (y, x)
        The map; NaN where not computed yet.
    colormap : Colormap
        From black or transparent to the map's own colour.
    limits : tuple of float
        Contrast limits.
    visible : bool
        Whether the layer is shown when it is new.
    """

    kind: str
    name: str
    title: str
    data: NDArray[np.float32]
    colormap: Colormap = field(compare=False)
    limits: tuple[float, float] = (0.0, 1.0)
    visible: bool = True


def limits_of(image: NDArray[np.float32], low: float | None = None) -> tuple[float, float]:
    """Contrast limits from the finite values: 0.5th to 99.5th percentile."""
    finite = image[np.isfinite(image)]
    if finite.size == 0:
        return 0.0, 1.0
    # A sample is enough and keeps large scans fluent.
    sample = finite[:: max(1, finite.size // 200_000)]
    bottom, top = np.percentile(sample, (0.5, 99.5))
    start = float(bottom) if low is None else low
    return start, max(float(top), start + 1e-6)


def element_specs(results: ElementResults) -> list[MapSpec]:
    """One map a line family; only the most varied is shown, the others wait in the list."""
    done = np.isfinite(results.counts[0]) if results.names else np.zeros(0, dtype=bool)
    spread = [float(image[done].std()) if done.any() else 0.0 for image in results.counts]
    return [
        MapSpec(
            "element",
            name,
            name,
            image,
            colours.black_to(colours.element_colour(name)),
            limits_of(image, low=0.0),
            visible=index == int(np.argmax(spread)),
        )
        for index, (name, image) in enumerate(zip(results.names, results.counts, strict=True))
    ]


def pigment_specs(results: PigmentResults, threshold: float, depth: Depth) -> list[MapSpec]:
    """Maps of what is found somewhere: ambiguous groups first, then pigments.

    A group has a map of its own where its members are not told apart.  Whites and
    greys start hidden: added to the others they would drown them.
    """
    shares = results.shares(threshold, depth)
    group_shares = results.group_shares(threshold) if depth == "probability" else {}
    specs = []
    stand_in: set[str] = set()
    for group, image in zip(results.groups, results.group_probability, strict=True):
        members = colours.group_members(group)
        if len(members) < 2 or group_shares.get(group, 0.0) < MIN_SHARE:
            continue
        told_apart = max((shares.get(name, 0.0) for name in members), default=0.0)
        if told_apart > 0.8 * group_shares[group]:
            continue
        colour = colours.group_colour(group)
        visible = not colours.is_pale(colour)
        # Added up, a group and its members would be twice as bright.
        stand_in.update(members if visible else ())
        title = colours.group_title(group)
        mapped = colours.over_threshold(colour, threshold)
        specs.append(MapSpec("group", group, title, image, mapped, visible=visible))
    for name, image in zip(results.names, results.at_depth(depth), strict=True):
        if shares[name] < MIN_SHARE:
            continue
        colour = colours.pigment_colour(name)
        mapped = colours.over_threshold(colour, threshold)
        title = colours.pigment_title(name)
        visible = not colours.is_pale(colour) and name not in stand_in
        specs.append(MapSpec("pigment", name, title, image, mapped, visible=visible))
    return specs


def unexplained_spec(results: PigmentResults) -> MapSpec:
    """The share of the spectrum that nothing accounts for."""
    grey = colours.black_to("#e8e8e8")
    image = results.unexplained
    return MapSpec("unexplained", "unexplained", "Unexplained", image, grey, visible=False)
