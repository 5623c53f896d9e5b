"""What a dock is called without what napari adds to it (no Qt)."""

from __future__ import annotations

from typing import Any

#: napari puts the plugin's title behind a dock's name where a menu opened it, its name elsewhere.
_SUFFIXES = (" (XRF Pigments)", " (napari-xrf-pigments)")


def own_title(title: str) -> str | None:
    """The title of a dock without the plugin's; None where it has none."""
    for suffix in _SUFFIXES:
        if title.endswith(suffix):
            return title.removesuffix(suffix)
    return None


def shorten(widget: Any, get: str, put: str) -> bool:
    """Take the plugin's title off a text of a widget, read and set by these methods.

    Returns
    -------
    bool
        Whether it was there.
    """
    title = own_title(getattr(widget, get)())
    if title is None:
        return False
    getattr(widget, put)(title)
    return True
