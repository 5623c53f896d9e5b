"""Labelled spectra and sample scans from random paintings and instruments."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .scan import ScanTruth, simulate_scan

__all__ = ["ScanTruth", "simulate_scan"]


def __getattr__(name: str) -> Any:
    # The scan needs torch: importing the package shall not wait for it.
    if name in ("ScanTruth", "simulate_scan"):
        return getattr(importlib.import_module(".scan", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
