"""Work whose answer somebody waits for, in a thread, while the window goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def aside(work: Callable[[], T]) -> T:
    """Do some work in a thread and return its result when it is there.

    napari's readers and samples must give their layers back from the call. In the meantime
    the window draws, and takes clicks, in an event loop of its own. Without a window the work
    is simply done.

    Raises
    ------
    Exception
        What the work raises.
    OSError
        If the window was closed in the meantime.
    """
    from qtpy.QtCore import QEventLoop, QThread
    from qtpy.QtWidgets import QApplication

    app = QApplication.instance()
    if app is None or QThread.currentThread() is not app.thread():
        return work()
    from .tasks import in_thread

    answer: dict[str, Any] = {}

    def run() -> None:
        try:
            answer["result"] = work()
        except Exception as error:
            answer["error"] = error

    loop = QEventLoop()
    worker = in_thread(run)
    worker.finished.connect(loop.quit)
    worker.start()
    loop.exec()
    if "error" in answer:
        raise answer["error"]
    if "result" not in answer:
        raise OSError("The window was closed before all was read.")
    result: T = answer["result"]
    return result
