"""Colours of the maps of one scan, distinct for normal and for dichromatic vision."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .display import hex_to_rgb, rgb_to_hex

#: Smallest CIEDE2000 difference between any two colours.
MIN_DIFFERENCE = 12.0
#: Number of colours that are distinct for all observers; further ones may be alike.
AT_MOST = 12
#: Range of CIELAB lightness: darker colours do not show on black.
_LIGHTNESS = (42.0, 95.0)
#: Values of each channel among which colours are chosen.
_LEVELS = 16
_ROUNDS = 8
#: Linear RGB as seen by observers without L or M cones: G. M. Machado, M. M. Oliveira and
#: L. A. F. Fernandes, IEEE Trans. Vis. Comput. Graph. 15 (2009) 1291, severity 1.
_DICHROMATS = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}
#: Kinds of colour vision for which colours are kept distinct.
VISIONS = ("normal", *_DICHROMATS)


def perceived(rgb: NDArray[np.float64], vision: str = "normal") -> NDArray[np.float64]:
    """Return the colours that an observer perceives, in CIELAB.

    Parameters
    ----------
    rgb : ndarray, shape (..., 3)
        sRGB, 0-1.
    vision : str
        One of :data:`VISIONS`.

    Returns
    -------
    ndarray, shape (..., 3)
        L*, a*, b* under D65.
    """
    from skimage.color import rgb2lab

    if vision != "normal":
        linear = to_linear(rgb) @ np.array(_DICHROMATS[vision]).T
        rgb = from_linear(np.clip(linear, 0, 1))
    return np.asarray(rgb2lab(rgb), dtype=np.float64)


def difference(first: str, second: str, vision: str = "normal") -> float:
    """Return the CIEDE2000 difference of two colours ``"#rrggbb"`` to an observer."""
    from skimage.color import deltaE_ciede2000

    pair = (perceived(np.array(hex_to_rgb(colour)), vision) for colour in (first, second))
    return float(deltaE_ciede2000(*pair))


@lru_cache(maxsize=256)
def distinct_colours(preferred: Sequence[str], taken: Sequence[str] = ()) -> tuple[str, ...]:
    """Return a colour near each preferred one, so that any two differ clearly.

    Up to :data:`AT_MOST` colours differ by at least :data:`MIN_DIFFERENCE` for normal vision,
    protanopes and deuteranopes. Of more colours, the first ones do.

    Parameters
    ----------
    preferred : tuple of str
        Colours ``"#rrggbb"`` by decreasing importance: earlier ones change less.
    taken : tuple of str
        Further colours to differ from, which do not change.

    Returns
    -------
    tuple of str
        ``"#rrggbb"`` of each.
    """
    wished = np.array([hex_to_rgb(colour) for colour in preferred]).reshape(-1, 3)
    candidates = _candidates()
    lab = {vision: perceived(candidates, vision) for vision in VISIONS}
    distance = _differences(lab["normal"], perceived(wished))
    fixed = [_conflicts(lab, np.array(hex_to_rgb(colour))) for colour in taken]
    count = min(len(wished), AT_MOST)
    # Distances (candidate, colour) to the colours chosen so far, the least over all observers.
    chosen: list[int | None] = [None] * len(wished)
    conflicts: list[NDArray[np.float64] | None] = [None] * len(wished)
    for _ in range(_ROUNDS):
        before = list(chosen)
        for index in range(count):
            others = [each for i, each in enumerate(conflicts) if i != index and each is not None]
            lacking = np.zeros(len(candidates))
            for each in (*fixed, *others):
                lacking += np.maximum(MIN_DIFFERENCE - each, 0)
            chosen[index] = int(np.argmin(distance[:, index] + 1000 * lacking))
            conflicts[index] = _conflicts(lab, candidates[chosen[index]])
        if chosen == before:
            break
    for index in range(count, len(wished)):
        chosen[index] = int(np.argmin(distance[:, index]))
    return tuple(rgb_to_hex(tuple(candidates[index])) for index in chosen)


@lru_cache
def _candidates() -> NDArray[np.float64]:
    """Return the colours of a regular lattice in sRGB that show on black, shape (n, 3)."""
    levels = np.linspace(0, 1, _LEVELS)
    rgb = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    lightness = perceived(rgb)[:, 0]
    return rgb[(lightness > _LIGHTNESS[0]) & (lightness < _LIGHTNESS[1])]


def _conflicts(
    lab: dict[str, NDArray[np.float64]], rgb: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the least difference over all observers between candidates and one colour."""
    seen = [_differences(lab[vision], perceived(rgb[None], vision))[:, 0] for vision in VISIONS]
    return np.asarray(np.min(seen, axis=0))


def _differences(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return CIEDE2000 differences, shape (first, second)."""
    from skimage.color import deltaE_ciede2000

    return np.asarray(deltaE_ciede2000(first[:, None], second[None]))


def to_linear(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the linear intensities, 0-1, of sRGB colours (IEC 61966-2-1)."""
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def from_linear(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sRGB colours of linear intensities, 0-1."""
    return np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)
