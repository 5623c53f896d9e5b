"""Run work in threads and receive items, results and errors in the main thread.

Three kinds of work build on :func:`start_worker`: a :class:`Run` over a generator, such as the
tiles of a scan; a :class:`Task`, a function with progress in the activity dock; and
:class:`LatestOnly`, short work of which only the latest request counts.
"""

from __future__ import annotations

import atexit
import inspect
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from napari.qt.threading import create_worker
from napari.utils.notifications import notification_manager
from napari.utils.progress import cancelable_progress
from qtpy.QtCore import QObject, QThreadPool, Signal

from . import dialogs

#: Shortest time between two updates of progress.
INTERVAL_S = 0.25
#: Longest time for which the end of the process waits for workers.
EXIT_MS = 20_000
#: Errors of the core whose text is a sentence for the user.
EXPECTED_ERRORS = (ValueError, OSError, ImportError)
#: Called by work with the steps done and the number of steps; returns True to stop it.
ProgressCallback = Callable[[int, int], bool]


class _Relay(QObject):
    """Signals that pass items, result, error and end of a worker to the main thread."""

    item = Signal(object)
    returned = Signal(object)
    failed = Signal(object)
    ended = Signal()


def start_worker(
    work: Callable[..., Any], *args: Any, progress: dict[str, Any] | None = None, **slots: Any
) -> Any:
    """Start a function or a generator function in a thread.

    A generator is closed when it ends and when napari stops its workers, because it may hold
    files or a network. An error is shown with its traceback.

    Parameters
    ----------
    work : callable
        A function or a generator function.
    *args
        Its arguments.
    progress : dict, optional
        Show a bar in napari's activity dock: see :func:`napari.qt.threading.create_worker`.
    **slots
        Called in the main thread: ``item`` with each item of a generator, ``returned`` with the
        value returned, ``failed`` with an exception, and last ``ended`` without an argument.

    Returns
    -------
    napari.qt.threading.FunctionWorker
        The worker; its ``quit`` stops a generator after the present item.
    """
    _end_workers_at_exit()
    relay = _Relay()
    relay.failed.connect(report_exception)
    for name, slot in slots.items():
        getattr(relay, name).connect(slot)
    # napari keeps every worker until its window closes. The slots and the arguments, scans among
    # them, must not stay in memory as long.
    relay.ended.connect(relay.deleteLater)
    call = [partial(work, *args)]

    def run() -> None:
        with _extra_thread(), ExitStack() as stack:
            stack.callback(relay.ended.emit)
            try:
                result = call.pop()()
                if inspect.isgenerator(result):
                    result = _emit_items(result, relay.item.emit, worker)
            except Exception as error:
                relay.failed.emit(error)
                raise  # for napari's record of its workers
            if not worker.abort_requested:
                relay.returned.emit(result)

    worker = create_worker(run, _start_thread=False, _ignore_errors=True, _progress=progress)
    worker.start()
    return worker


@cache
def _end_workers_at_exit() -> None:
    """Let workers end before Python removes Qt: one that emitted later would crash."""
    pool: Any = QThreadPool.globalInstance()
    atexit.register(pool.waitForDone, EXIT_MS)


def _emit_items(items: Any, emit: Callable[[Any], None], worker: Any) -> Any:
    """Emit the items of a generator until it ends or its worker is stopped, and close it."""
    with closing(items):
        while not worker.abort_requested:
            try:
                emit(next(items))
            except StopIteration as end:
                return end.value
    return None


@contextmanager
def _extra_thread() -> Iterator[None]:
    """Let Qt's pool start one more thread for as long as this block lasts.

    On a computer with two cores the pool has two threads: the sum over a scan and a run would
    leave none to answer a click.
    """
    pool: Any = QThreadPool.globalInstance()
    pool.releaseThread()
    try:
        yield
    finally:
        pool.reserveThread()


def report_exception(error: Exception) -> None:
    """Show an unexpected error in napari's notifications, with its traceback."""
    notification_manager.receive_error(type(error), error, error.__traceback__)


def error_message(error: Exception) -> str:
    """Return the text of an expected error, on one line."""
    if isinstance(error, ModuleNotFoundError):
        return f"This needs the package {error.name}, which is not installed."
    return " ".join(str(error).split()) or type(error).__name__


@dataclass(frozen=True)
class Progress:
    """Progress of a run, in pixels."""

    done: int
    total: int


@dataclass(frozen=True)
class Failure:
    """Reason why a run ended early; empty for an error that was shown with its traceback."""

    message: str


def iterate_until_cancelled(items: Iterable[Any], cancelled: Callable[[], bool]) -> Iterator[Any]:
    """Yield items until ``cancelled`` returns True; close them in the end."""
    with ExitStack() as stack:
        if hasattr(items, "close"):
            stack.callback(items.close)
        for item in items:
            yield item
            if cancelled():
                return


def consume_tiles(
    tiles: Iterable[Any],
    add: Callable[[Any], None],
    total: int,
    done: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Progress]:
    """Add tiles to the results and yield the progress, at most once per interval.

    Parameters
    ----------
    tiles : iterable
        Tiles, with slices ``rows`` and ``columns``.
    add : callable
        Called with each tile.
    total, done : int
        Pixels of the map, and those that an earlier run finished.
    cancelled : callable
        Called after each tile; True ends the run.
    """
    updated = time.monotonic()
    for tile in iterate_until_cancelled(tiles, cancelled):
        add(tile)
        done += (tile.rows.stop - tile.rows.start) * (tile.columns.stop - tile.columns.start)
        if time.monotonic() - updated >= INTERVAL_S:
            updated = time.monotonic()
            yield Progress(done, total)
    yield Progress(done, total)


class Run:
    """A generator that runs in a thread until it ends, fails or is cancelled.

    Parameters
    ----------
    begin : callable
        Called in the thread with a function that returns whether the run was cancelled; returns
        the items.
    on_item : callable
        Called with each item in the main thread.
    on_end : callable
        Called once in the main thread with ``"finished"``, ``"cancelled"`` or a
        :class:`Failure`.
    title : str
        Shown in the activity dock; without one, nothing is shown there.
    """

    def __init__(
        self,
        begin: Callable[[Callable[[], bool]], Iterable[Any]],
        on_item: Callable[[Any], None],
        on_end: Callable[[str | Failure], None],
        title: str = "",
    ) -> None:
        self._begin, self._on_item = begin, on_item
        self._on_end: Callable[[str | Failure], object] = on_end
        self._outcome: str | Failure = "finished"
        self._cancelled = threading.Event()
        start_worker(
            self._iterate,
            item=self._receive,
            failed=self._fail,
            ended=self._finish,
            progress={"desc": title, "total": 0} if title else None,
        )

    def cancel(self) -> None:
        """Stop after the current item; finished work stays."""
        self._outcome = "cancelled"
        self._cancelled.set()

    def detach(self, then: Callable[[], object] = lambda: None) -> None:
        """Cancel without further calls, because the receiver was deleted.

        Parameters
        ----------
        then : callable
            Called in the main thread when the work has stopped.
        """
        self._on_item = lambda item: None
        self._on_end = lambda outcome: then()
        self.cancel()

    def _iterate(self) -> Iterator[Any]:
        try:
            items = self._begin(self._cancelled.is_set)
            yield from iterate_until_cancelled(items, self._cancelled.is_set)
        except EXPECTED_ERRORS as error:
            self._outcome = Failure(error_message(error))

    def _receive(self, item: Any) -> None:
        if not self._cancelled.is_set():
            self._on_item(item)

    def _fail(self, error: Exception) -> None:
        self._outcome = Failure("")

    def _finish(self) -> None:
        self._on_end(self._outcome)


class ActivityBar(cancelable_progress):  # type: ignore[misc]
    """A bar in the activity dock whose cancel button calls ``on_cancel`` at once."""

    def __init__(self, title: str, total: int, on_cancel: Callable[[], None]) -> None:
        super().__init__(total=total, desc=title, cancel_callback=on_cancel)

    def cancel(self) -> None:
        """Cancel at once; napari itself would wait until an iteration ends."""
        super().cancel()
        self.cancel_callback()

    def set_done(self, done: int) -> None:
        """Set the number of steps done."""
        self.update(max(0, min(done, self.total) - self.n))


_running_tasks: set[Task] = set()


class Task(QObject):
    """A function in a thread, with progress and cancel in the activity dock.

    Parameters
    ----------
    title : str
        Description of the work.
    work : callable
        Called with a :data:`ProgressCallback` in the thread.
    on_result : callable
        Called with the result in the main thread.
    on_failure : callable
        Called with the message of an expected error in the main thread.
    """

    progressed = Signal(int)

    def __init__(
        self,
        title: str,
        work: Callable[[ProgressCallback], Any],
        on_result: Callable[[Any], None],
        on_failure: Callable[[str], None] = dialogs.error,
    ) -> None:
        super().__init__()
        self.title = title
        self._updated = 0.0
        self._cancelled = threading.Event()
        self._bar = ActivityBar(title, 1000, self.cancel)
        self.progressed.connect(self._bar.set_done)
        self._on_result, self._on_failure = on_result, on_failure
        # The thread must not outlive the object that it reports to.
        _running_tasks.add(self)
        compute = partial(_result_or_message, lambda: work(self._on_progress))
        start_worker(compute, returned=self._receive, ended=self._finish)

    @property
    def cancelled(self) -> bool:
        """Whether the user cancelled."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Stop when the work next reports its progress."""
        self._cancelled.set()

    def _on_progress(self, done: int, total: int) -> bool:
        if time.monotonic() - self._updated >= INTERVAL_S:
            self._updated = time.monotonic()
            self.progressed.emit(round(1000 * done / max(1, total)))
        return self.cancelled

    def _receive(self, outcome: tuple[Any, str | None]) -> None:
        self._finish()
        result, message = outcome
        if message is None:
            self._on_result(result)
        else:
            self._on_failure(message)

    def _finish(self) -> None:
        self._bar.close()
        _running_tasks.discard(self)


def running_tasks() -> tuple[Task, ...]:
    """Return the tasks under way."""
    return tuple(_running_tasks)


class LatestOnly:
    """Run short work in a thread; a pending request is replaced by the next one.

    Parameters
    ----------
    on_result : callable
        Called with each result in the main thread, unless a later request is pending.
    on_failure : callable
        Called with the message of an expected error.
    """

    def __init__(
        self,
        on_result: Callable[[Any], None],
        on_failure: Callable[[str], None] = lambda message: None,
    ) -> None:
        self._on_result, self._on_failure = on_result, on_failure
        self._pending: Callable[[], Any] | None = None
        self._busy = False

    @property
    def busy(self) -> bool:
        """Whether a computation is under way."""
        return self._busy

    def submit(self, compute: Callable[[], Any]) -> None:
        """Compute after the present computation has ended."""
        self._pending = compute
        if not self._busy:
            self._start()

    def cancel(self) -> None:
        """Discard all further results, because the receiver was deleted."""
        self._pending = None
        self._on_result = self._on_failure = lambda value: None

    def _start(self) -> None:
        compute, self._pending = self._pending, None
        if compute is None:
            return
        self._busy = True
        start_worker(
            partial(_result_or_message, compute),
            returned=self._receive,
            failed=lambda error: self._receive((None, "")),
        )

    def _receive(self, outcome: tuple[Any, str | None]) -> None:
        self._busy = False
        result, message = outcome
        if self._pending is not None:
            self._start()
        elif message is None:
            self._on_result(result)
        elif message:
            self._on_failure(message)


def _result_or_message(compute: Callable[[], Any]) -> tuple[Any, str | None]:
    """Return a result and None, or None and the message of an expected error."""
    try:
        return compute(), None
    except EXPECTED_ERRORS as error:
        return None, error_message(error)
