"""Reading scans (one module a format, a registry that sniffs content) and saving results."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .describe import describe
    from .registry import can_open, open_cube, scan_path
    from .save import is_results, load_results, save_results
    from .save_scan import save_cube

__all__ = [
    "can_open",
    "describe",
    "is_results",
    "load_results",
    "open_cube",
    "save_cube",
    "save_results",
    "scan_path",
]

_HOME = {
    "can_open": ".registry",
    "describe": ".describe",
    "is_results": ".save",
    "load_results": ".save",
    "open_cube": ".registry",
    "save_cube": ".save_scan",
    "save_results": ".save",
    "scan_path": ".registry",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
