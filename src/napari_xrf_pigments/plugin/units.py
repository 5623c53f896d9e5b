"""Reads napari's table of units in a thread, before the first layer needs it.

pint reads it when the first unit is asked for, which is when the first layer is made: a quarter of
a second in which the window stands still.
"""

from __future__ import annotations

import threading
from typing import Any

_lock = threading.Lock()
_made: Any = None


def make_units() -> None:
    """Read the table, unless that was done; for any thread."""
    import pint

    global _made
    with _lock:
        if _made is None and _is_unread():
            # As pint makes its own; that one must not be half made when the window asks for it.
            _made = pint.UnitRegistry(on_redefinition="raise")


def use_units() -> None:
    """Let napari use the table that was read, unless it has read its own; for the main thread."""
    import pint

    if _made is not None and _is_unread():
        pint.set_application_registry(_made)


def _is_unread() -> bool:
    import pint
    from pint.registry import LazyRegistry

    return type(pint.get_application_registry().get()) is LazyRegistry
