"""Long work besides mapping: in a thread, with progress and cancel in napari's activity dock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from napari.utils.progress import cancelable_progress
from qtpy.QtCore import QObject, QTimer

from . import dialogs as notices
from .tasks import in_thread

#: Handed to the work: called with what is done and what is to be done; True: stop.
Watch = Callable[[int, int], bool]
_TASKS: set[Task] = set()


class Activity(cancelable_progress):
    """A bar in the activity dock whose cancel button calls something at once.

    Parameters
    ----------
    title : str
        What is being done.
    total : int
        Steps in all.
    on_cancel : callable
        Called when the user cancels.
    """

    def __init__(self, title: str, total: int, on_cancel: Callable[[], None]) -> None:
        super().__init__(total=total, desc=title, cancel_callback=on_cancel)

    def cancel(self) -> None:
        """Cancel: napari itself would wait for an iteration to end."""
        super().cancel()
        self.cancel_callback()

    def show(self, done: int) -> None:
        """Set how far it is."""
        self.update(max(0, min(done, self.total) - self.n))


class Task(QObject):
    """One piece of work in a thread.

    Parameters
    ----------
    title : str
        For the activity dock.
    work : callable
        Gets a :data:`Watch`; what it returns is handed on. A ``ValueError``, ``OSError`` or
        ``ModuleNotFoundError`` is told to the user.
    done : callable
        Gets the result in the main thread.
    failed : callable
        Gets a sentence in the main thread.
    """

    def __init__(
        self,
        title: str,
        work: Callable[[Watch], Any],
        done: Callable[[Any], None],
        failed: Callable[[str], None] = notices.error,
    ) -> None:
        super().__init__()
        self.title = title
        self._done, self._failed = done, failed
        self._state = (0, 1)
        self._cancelled = threading.Event()
        self._bar = Activity(title, 1000, self.cancel)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._show)
        self._timer.start(250)
        self._sentence: str | None = None
        self._result: Any = None
        self._ended_well = False

        def run() -> None:
            try:
                self._result = work(self._watch)
                self._ended_well = True
            except ModuleNotFoundError as error:
                self._sentence = f"This needs the package {error.name}, which is not installed."
            except (ValueError, OSError) as error:
                self._sentence = " ".join(str(error).split()) or type(error).__name__

        worker = in_thread(run)
        worker.finished.connect(self._end)
        # The thread must not outlive what it reports to.
        _TASKS.add(self)
        worker.start()

    @property
    def cancelled(self) -> bool:
        """Whether the user asked to stop."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask the work to stop."""
        self._cancelled.set()

    def _watch(self, done: int, total: int) -> bool:
        self._state = done, max(1, total)
        return self.cancelled

    def _show(self) -> None:
        done, total = self._state
        self._bar.show(round(1000 * done / total))

    def _end(self) -> None:
        self._timer.stop()
        self._bar.close()
        _TASKS.discard(self)
        if self._sentence is not None:
            self._failed(self._sentence)
        elif self._ended_well:
            self._done(self._result)


def running() -> tuple[Task, ...]:
    """The tasks under way."""
    return tuple(_TASKS)
