"""The findings of a scan in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cube import PigmentMaps
from ..pigments import display
from ..pigments.selection import Palette
from .composite import Item
from .legend import format_share

#: Share of the area of an item in which another one must be present to be named with it.
_TOGETHER = 0.8
#: Greatest number of items of which the companions are named.
_MOST = 4


def summary(maps: PigmentMaps, items: Sequence[Item], palette: Palette) -> str:
    """Describe the pigments of a scan: whites and grounds, colours, and those found together.

    Parameters
    ----------
    maps : PigmentMaps
        Pigment maps.
    items : sequence of Item
        The pigments and groups that are present, the most widespread first.
    palette : Palette
        The thresholds.

    Returns
    -------
    str
        One paragraph; empty if nothing is present.
    """
    grounds = [item for item in items if item.is_ground]
    colours = [item for item in items if not item.is_ground]
    sentences = []
    if grounds:
        sentences.append(f"Whites and grounds: {_listed(grounds)}.")
    if colours:
        sentences.append(f"Colours: {_listed(colours)}.")
    sentences += _companions(maps, colours, palette)
    if any(item.members for item in items):
        sentences.append(
            "Pigments joined by “or” have the same elements; XRF does not tell them apart."
        )
    return " ".join(sentences)


def _listed(items: Sequence[Item]) -> str:
    parts = []
    for item in items:
        members = f"; {display.one_of(item.members)}" if item.members else ""
        parts.append(f"{_noun(item)} ({format_share(item.share)} of the area{members})")
    return _joined(parts)


def _noun(item: Item) -> str:
    """Return an item within a sentence, such as ``"a copper pigment"``."""
    if item.kind == "pigment":
        return display.within_sentence(item.title)
    name = display.within_sentence(item.title).removesuffix("s")
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _joined(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def _companions(maps: PigmentMaps, items: Sequence[Item], palette: Palette) -> list[str]:
    """Return a sentence for each item in whose area another one is usually present."""
    sentences = []
    present = {item.name: _present(maps, item, palette) for item in items}
    for item in items[:_MOST]:
        here = present[item.name]
        others = [
            other
            for other in items
            if other is not item and (present[other.name] & here).sum() >= _TOGETHER * here.sum()
        ]
        if others:
            names = _joined([_noun(other) for other in others])
            verb = "is" if len(others) == 1 else "are"
            sentences.append(f"Where {_noun(item)} is found, {names} usually {verb}, too.")
    return sentences


def _present(maps: PigmentMaps, item: Item, palette: Palette) -> NDArray[np.bool_]:
    images: Any
    if item.kind == "group":
        images, index, limit = (
            maps.group_probability,
            maps.groups.index(item.name),
            palette.threshold,
        )
    else:
        images, index = maps.probability, maps.names.index(item.name)
        limit = palette.threshold_of(item.name)
    return np.asarray(images[index]) > limit
