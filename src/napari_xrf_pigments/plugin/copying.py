"""Converted copies of scans that are slow to read, made in the background for the next time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._activity import Task, Watch
from .preferences import preferences
from .state.scan import Scan

if TYPE_CHECKING:
    from ..cube import XRFCube


class _Stopped(Exception):
    """The user cancelled; the scan stays open as it is."""


def wants_copy(cube: XRFCube) -> bool:
    """Whether a scan is read from a file that is slow to read, and not from a copy already."""
    from ..io._cache import FROM_CACHE
    from ..io._registry import readers

    source = cube.source
    if source is None or not source.path.exists() or FROM_CACHE in source.notes:
        return False
    reader = next((reader for reader in readers() if reader.matches(source.path)), None)
    return reader is not None and reader.slow


def keep_copy(scan: Scan) -> Task | None:
    """Make the copy of a scan, with progress and cancel; None where none is wanted."""
    settings, source = preferences().cache(), scan.cube.source
    if settings is None or source is None or not wants_copy(scan.cube):
        return None

    def work(watch: Watch) -> None:
        from ..io import open_cube

        def told(done: int, total: int) -> None:
            if watch(done, total):
                raise _Stopped

        try:
            open_cube(source.path, cache=settings, progress=told)
        except _Stopped:
            return

    return Task(f"Keeping a faster copy of {scan.name}", work, lambda result: None)
