"""The maps of a result as pictures: which, in which order, with which limits (no drawing)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cube import ElementMaps, PigmentMaps
from ..pigments.display_names import Naming
from ._map_picture import MapPicture
from .overview import found_elements, found_pigments, undecided_groups

DEPTHS = {
    "probability": "probability of being in any layer, the ground included",
    "top": "probability of being in the top paint layer",
    "below": "probability of being below the top paint layer",
}


def element_pictures(
    maps: ElementMaps, only_found: bool = True
) -> Iterator[tuple[str, MapPicture]]:
    """Pictures of elemental maps with a name for a file each.

    Parameters
    ----------
    maps : ElementMaps
        The maps.
    only_found : bool
        Whether to leave out what is nowhere over its noise.
    """
    found = {entry.name for entry in found_elements(maps)} if only_found else set(maps.names)
    for index, name in enumerate(maps.names):
        if name not in found:
            continue
        image = np.asarray(maps.counts[index])
        note = "deconvolved net counts; the brightest is the 99.5th percentile"
        picture = MapPicture(
            name, note, image, (0.0, brightest(image)), maps.pixel_mm, "net counts"
        )
        yield f"element {name}", picture


def pigment_pictures(
    maps: PigmentMaps,
    naming: Naming,
    threshold: float = 0.5,
    depths: tuple[str, ...] = ("probability",),
) -> Iterator[tuple[str, MapPicture]]:
    """Pictures of what was found: pigments, undecided groups, the unexplained share.

    Parameters
    ----------
    maps : PigmentMaps
        The maps.
    naming : Naming
        Names for people.
    threshold : float
        Probability over which a pixel counts, 0-1.
    depths : tuple of str
        Some of ``"probability"``, ``"top"``, ``"below"``.
    """
    for entry in found_pigments(maps, threshold):
        index = maps.names.index(entry.name)
        for depth in depths:
            image = np.asarray(getattr(maps, depth)[index])
            if depth != "probability" and not (image > threshold).any():
                continue
            file = f"pigment {entry.name}" if depth == "probability" else f"{depth} {entry.name}"
            title, chip = naming.pigment(entry.name), naming.colour(entry.name)
            yield file, _probability(title, DEPTHS[depth], image, maps, threshold, chip)
    for entry in undecided_groups(maps, naming.members):
        image = np.asarray(maps.group_probability[maps.groups.index(entry.name)])
        members = naming.members_of(entry.name)
        note = f"probability that at least one is there, not told apart everywhere: {members}"
        title = naming.group(entry.name)
        yield f"group {entry.name}", _probability(title, note, image, maps, threshold, None)
    image = np.asarray(maps.unexplained)
    note = "share of the counts above background that no line, scatter or artefact accounts for"
    top = max(0.05, brightest(image))
    yield (
        "unexplained",
        MapPicture("Unexplained", note, image, (0.0, top), maps.pixel_mm, "share of the counts"),
    )


def _probability(
    title: str,
    note: str,
    image: NDArray[Any],
    maps: PigmentMaps,
    threshold: float,
    chip: str | None,
) -> MapPicture:
    value = f"probability (line: threshold {threshold:g})"
    limits = (0.0, 1.0)
    return MapPicture(title, note, image, limits, maps.pixel_mm, value, "magma", chip, threshold)


def brightest(image: NDArray[Any]) -> float:
    """The 99.5th percentile of the measured values, or what is over it where that is nothing."""
    measured = image[np.isfinite(image)]
    if not measured.size:
        return 1.0
    top = float(np.percentile(measured, 99.5))
    return max(top if top > 0 else float(measured.max()), 1e-6)
