"""From a scan to its maps, tile by tile; loaded on first use: a palette needs no network."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._element_plan import ElementPlan, plan_elements
    from .elements import ElementTile, iter_element_tiles, map_elements
    from .pigments import PigmentTile, iter_pigment_tiles, map_pigments

__all__ = [
    "ElementPlan",
    "ElementTile",
    "PigmentTile",
    "iter_element_tiles",
    "iter_pigment_tiles",
    "map_elements",
    "map_pigments",
    "plan_elements",
]

_HOME = {
    "ElementPlan": "._element_plan",
    "ElementTile": ".elements",
    "PigmentTile": ".pigments",
    "iter_element_tiles": ".elements",
    "iter_pigment_tiles": ".pigments",
    "map_elements": ".elements",
    "map_pigments": ".pigments",
    "plan_elements": "._element_plan",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
