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
