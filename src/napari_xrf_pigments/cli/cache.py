"""``xrf-pigments cache``: the converted copies of scans that are slow to read."""

from __future__ import annotations

import argparse
from datetime import datetime

from ._console import say


def run(options: argparse.Namespace) -> None:
    """Show the cache, remove what is beyond its limit, or all of it."""
    from ..io import cache_entries, cache_settings, clear_cache, trim_cache

    settings = cache_settings(options.place, options.limit)
    if options.action == "clear":
        say(f"{_gb(clear_cache(settings))} removed from {settings.folder}.")
        return
    if options.action == "trim":
        for entry in trim_cache(settings):
            say(f"Removed: {entry.source} ({_gb(entry.size)}).")
    entries = cache_entries(settings)
    taken = _gb(sum(entry.size for entry in entries))
    say(f"{settings.folder}: {taken} of {settings.limit_gb:g} GB.")
    for entry in entries:
        used = datetime.fromtimestamp(entry.used).isoformat(" ", "minutes")
        say(f"  {_gb(entry.size)}  last used {used}  {entry.source}")


def _gb(size: int) -> str:
    return f"{size / 1e9:.3g} GB" if size >= 1e9 else f"{size / 1e6:.3g} MB"
