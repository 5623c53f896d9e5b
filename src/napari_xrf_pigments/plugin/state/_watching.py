"""Follows a scan that was just opened: counts fill in, then its energy axis is checked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QThreadPool

from ..copying import keep_copy
from ..giving_way import wait_for_window
from ..tasks import in_thread
from .scan import Scan
from .services import Services

if TYPE_CHECKING:
    from .session import Session

#: The axis of a large scan is checked before all of it is summed.
CHECK_AFTER_S = 20.0
_END = object()


def follow(scan: Scan, services: Services) -> Iterator[Any]:
    """Yield the share summed so far (float) and, once, the calibration (else None)."""
    begun = time.monotonic()
    checked = False
    for fraction in scan.totals.watch():
        yield fraction
        if not checked and (fraction >= 1 or time.monotonic() - begun > CHECK_AFTER_S):
            checked = True
            yield _check(scan, services)
    if not checked:
        yield _check(scan, services)


def _check(scan: Scan, services: Services) -> Any:
    wait_for_window()
    try:
        return services.calibrate(scan.cube, scan.totals.spectrum.copy())
    except (ValueError, OSError, ImportError):
        # A scan whose axis cannot be checked is used as it is.
        return None


def watch(session: Session, scan: Scan) -> None:
    """Follow a scan in a thread and keep its layer up to date."""

    def take(told: tuple[Scan, Any]) -> None:
        # Each item brings the scan along: who listens is kept longer than the scan shall be.
        scan, update = told
        if not session.alive:
            scan.totals.stop()
        elif update is _END:
            _copy(session, scan)
        elif isinstance(update, float):
            session.refresh_totals(scan)
            if scan.totals.error:
                session.tell(scan.totals.error)
        else:
            scan.set_calibration(update)

    # On a machine with two cores the pool has two threads: following and mapping would
    # leave none to answer a click.
    pool = QThreadPool.globalInstance()
    pool.setMaxThreadCount(max(pool.maxThreadCount(), 8))
    worker = in_thread(_followed, scan, session.services)
    worker.yielded.connect(take)
    worker.start()


def _followed(scan: Scan, services: Services) -> Iterator[tuple[Scan, Any]]:
    for update in follow(scan, services):
        yield scan, update
    yield scan, _END


def _copy(session: Session, scan: Scan) -> None:
    """Once a scan is open and checked, keep a copy that is read faster."""
    if session.alive and scan in session.scans and not scan.totals.error:
        keep_copy(scan)
