"""Work in threads whose errors are told and whose generators are closed, however it ends."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from typing import Any

from napari.qt.threading import GeneratorWorker, create_worker
from napari.utils.notifications import notification_manager


def in_thread(work: Callable[..., Any], *args: Any, progress: Any = None) -> Any:
    """napari's worker for a function or a generator; it is not started yet.

    An error that the work did not turn into a sentence is shown with the place where it
    happened; then comes ``finished``, as after any other end. What listens to its signals is
    kept until the window closes: nothing that holds a scan should, but by a method.

    Parameters
    ----------
    work : callable
        A function, or a generator function.
    *args
        Handed to it.
    progress : dict, optional
        Shows a generator in napari's activity dock.
    """
    generates = inspect.isgeneratorfunction(work)
    # napari keeps the worker, and the function that it was given, until its window closes: what
    # those hold, scans among it, shall not stay as long.
    held = [work, *args]
    worker = create_worker(
        _items if generates else _result,
        held,
        _start_thread=False,
        _ignore_errors=True,
        _worker_class=ClosingWorker if generates else None,
        _progress=progress,
    )
    worker.errored.connect(_tell)
    worker.finished.connect(lambda: held.clear())
    return worker


def _result(held: list[Any]) -> Any:
    work, *args = held
    return work(*args)


def _items(held: list[Any]) -> Generator[Any, Any, Any]:
    work, *args = held
    return (yield from work(*args))


def _tell(error: Exception) -> None:
    notification_manager.receive_error(type(error), error, error.__traceback__)


class ClosingWorker(GeneratorWorker):
    """Like napari's worker, which forgets a generator that it stops between two items.

    When a viewer closes, napari asks its workers to stop; what the generator holds (files, a
    network, threads of its own) would stay until Python collects it. And napari takes any
    ``RuntimeError`` for a sign that the window is gone and says nothing of it, though PyTorch
    raises it for its own errors, lack of memory among them.
    """

    def work(self) -> Any:
        """Run the generator; called in the thread."""
        try:
            result = super().work()
            ended_itself = inspect.getgeneratorstate(self._gen) == inspect.GEN_CLOSED
        finally:
            self._gen.close()
        if ended_itself and isinstance(result, RuntimeError):
            raise result
        return result
