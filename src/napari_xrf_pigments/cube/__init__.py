"""The data model: a scan (:class:`XRFCube`) and the maps made from it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .acquisition import Acquisition, Detector
from .chunks import choose_chunks, choose_pieces
from .energy import EnergyAxis
from .maps import ElementMaps, PigmentMaps

if TYPE_CHECKING:
    from .cube import Source, XRFCube

__all__ = [
    "Acquisition",
    "Detector",
    "ElementMaps",
    "EnergyAxis",
    "PigmentMaps",
    "Source",
    "XRFCube",
    "choose_chunks",
    "choose_pieces",
]


def __getattr__(name: str) -> Any:
    # The scan needs dask.array, which takes a third of a second: who reads maps shall not wait.
    if name in ("Source", "XRFCube"):
        value = getattr(importlib.import_module(".cube", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
