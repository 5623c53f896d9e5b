"""Reading scans (one module a format, a registry that sniffs content) and saving results."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cache_place import CacheSettings, cache_settings
    from .cache_store import CacheEntry, cache_entries, clear_cache, trim_cache
    from .describe import describe
    from .element_maps import is_maps, load_maps
    from .registry import can_open, open_cube, scan_path
    from .save import is_results, load_results, save_results
    from .save_scan import save_cube

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
    "CacheEntry": ".cache_store",
    "CacheSettings": ".cache_place",
    "cache_entries": ".cache_store",
    "cache_settings": ".cache_place",
    "can_open": ".registry",
    "clear_cache": ".cache_store",
    "describe": ".describe",
    "is_maps": ".element_maps",
    "is_results": ".save",
    "load_maps": ".element_maps",
    "load_results": ".save",
    "open_cube": ".registry",
    "save_cube": ".save_scan",
    "save_results": ".save",
    "scan_path": ".registry",
    "trim_cache": ".cache_store",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
