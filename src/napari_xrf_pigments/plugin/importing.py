"""What threads import takes turns with the window, module by module.

Of the threads that import while docks or layers are made, the one that does so beforehand waits for
the window. And none loads a library while another loads PyTorch's (`preloading`): the system loads
one at a time, and an import that waits for its turn holds Python's lock for as long.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder

from .giving_way import wait_for_window
from .preloading import preload_torch


class _Turns(MetaPathFinder):
    """Finds nothing: an import passes here before each module, and waits.

    Parameters
    ----------
    stopped : callable
        Whether nothing is to be waited for any more.
    """

    def __init__(self, stopped: Callable[[], bool]) -> None:
        self._own, self._stopped = threading.get_ident(), stopped
        self._loading = threading.Lock()
        self._loader: int | None = None

    def find_spec(self, name: str, *asked: object) -> None:
        """Wait, but not where the window itself waits for an import."""
        me = threading.get_ident()
        if me == threading.main_thread().ident or me == self._loader:
            return
        if me == self._own:
            wait_for_window(lambda: self._stopped() or window_imports())
        with self._loading:
            if name == "torch":
                self._loader = me  # it looks for where PyTorch is
                try:
                    preload_torch()
                finally:
                    self._loader = None


@contextmanager
def taking_turns(stopped: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Let imports of threads take turns until the end of the block.

    Parameters
    ----------
    stopped : callable
        Whether this thread's imports wait for the window no more.
    """
    turns = _Turns(stopped)
    sys.meta_path.insert(0, turns)
    try:
        yield
    finally:
        sys.meta_path.remove(turns)


def window_imports() -> bool:
    """Whether the main thread is within an import, which may be one that is under way elsewhere."""
    # The collector must not begin in that call: Python up to 3.11 could hang then (gh-106883).
    collects = gc.isenabled()
    gc.disable()
    try:
        frame = sys._current_frames().get(threading.main_thread().ident or 0)
    finally:
        if collects:
            gc.enable()
    return frame is not None and frame.f_code.co_filename.startswith("<frozen importlib")
