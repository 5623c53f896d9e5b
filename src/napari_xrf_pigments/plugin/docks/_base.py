"""napari's signals, connected and disconnected as those of the session are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Emitter:
    """A signal of a viewer or a layer for :meth:`ScanDock.listen`.

    Parameters
    ----------
    signal : EventEmitter
        Such as ``viewer.layers.events.inserted``.
    """

    def __init__(self, signal: Any) -> None:
        self._signal = signal

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Emitter) and other._signal is self._signal

    def __hash__(self) -> int:
        return id(self._signal)

    def connect(self, slot: Callable[..., None]) -> None:
        """Call a slot at every event."""
        self._signal.connect(slot)

    def disconnect(self, slot: Callable[..., None], missing_ok: bool = True) -> None:
        """Call it no more; napari does not mind a slot that is not connected."""
        self._signal.disconnect(slot)


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
