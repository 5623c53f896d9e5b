"""Reading scans (one module a format, a registry that sniffs content) and saving results."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._cache_place import CacheSettings, cache_settings
    from ._cache_store import CacheEntry, cache_entries, clear_cache, trim_cache
    from ._registry import can_open, open_cube, scan_path
    from .describe import describe
    from .element_maps import is_maps, load_maps
    from .results import is_results, load_results, save_results
    from .scans import save_cube

__all__ = [
    "CacheEntry",
    "CacheSettings",
    "cache_entries",
    "cache_settings",
    "can_open",
    "clear_cache",
    "describe",
    "is_maps",
    "is_results",
    "load_maps",
    "load_results",
    "open_cube",
    "save_cube",
    "save_results",
    "scan_path",
    "trim_cache",
]

_HOME = {
    "CacheEntry": "._cache_store",
    "CacheSettings": "._cache_place",
    "cache_entries": "._cache_store",
    "cache_settings": "._cache_place",
    "can_open": "._registry",
    "clear_cache": "._cache_store",
    "describe": ".describe",
    "is_maps": ".element_maps",
    "is_results": ".results",
    "load_maps": ".element_maps",
    "load_results": ".results",
    "open_cube": "._registry",
    "save_cube": ".scans",
    "save_results": ".results",
    "scan_path": "._registry",
    "trim_cache": "._cache_store",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
