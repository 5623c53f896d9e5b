"""Drives something long that is not a map: steps, cancel, a result or a sentence."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ._running import Failure
from .tasks import in_thread


def steps(
    begin: Callable[[], Iterable[Any]], cancelled: Callable[[], bool] = lambda: False
) -> Iterator[Any]:
    """Take items as they come until told to stop; what goes wrong is a :class:`Failure`."""
    try:
        items = iter(begin())
        for item in items:
            if cancelled():
                break
            yield item
        if hasattr(items, "close"):
            items.close()
    except (ValueError, OSError) as error:
        yield Failure(str(error))


class Job:
    """A generator in the background, shown in the activity dock.

    Parameters
    ----------
    title : str
        What is being done, for people.
    begin : callable
        Gives the items; called in the thread.
    on_item : callable
        Called with each item in the main thread.
    on_end : callable
        Called once in the main thread with ``"finished"``, ``"cancelled"`` or a
        :class:`Failure`.
    """

    def __init__(
        self,
        title: str,
        begin: Callable[[], Iterable[Any]],
        on_item: Callable[[Any], None],
        on_end: Callable[[str | Failure], None],
    ) -> None:
        self._on_item = on_item
        self._on_end = on_end
        self._end: str | Failure = "finished"
        self._cancelled = threading.Event()
        self._worker = in_thread(
            steps, begin, self._cancelled.is_set, progress={"desc": title, "total": 0}
        )
        self._worker.yielded.connect(self._take)
        self._worker.errored.connect(self._fail)
        self._worker.finished.connect(self._finish)
        self._worker.start()

    def cancel(self) -> None:
        """Stop after the current step."""
        self._end = "cancelled"
        self._cancelled.set()

    def abandon(self) -> None:
        """Stop, and tell nobody any more."""
        self._on_item = lambda item: None
        self._on_end = lambda end: None
        self.cancel()

    def _take(self, item: Any) -> None:
        if isinstance(item, Failure):
            self._end = item
        elif not self._cancelled.is_set():
            self._on_item(item)

    def _fail(self, error: Exception) -> None:
        # It was shown with the place where it happened.
        self._end = Failure("")

    def _finish(self) -> None:
        self._on_end(self._end)
