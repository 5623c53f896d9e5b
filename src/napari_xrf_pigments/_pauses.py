"""Long work in Python can be paused, between two small pieces, by whoever has begun it.

A window has one thread, and Python one lock: what computes in Python in another thread takes the
window's turns. The core knows nothing of windows; its longest computations ask here between two
pieces, a few milliseconds apart, and whoever begins one in a thread says what that does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_wait: ContextVar[Callable[[], None] | None] = ContextVar("wait", default=None)


def pause() -> None:
    """Let others go first, where whoever has begun this work wants that."""
    wait = _wait.get()
    if wait is not None:
        wait()


@contextmanager
def paused_by(wait: Callable[[], None]) -> Iterator[None]:
    """Let work in this thread be paused until the end of the block.

    Parameters
    ----------
    wait : callable
        Called between two pieces of work; it returns when the work may go on.
    """
    token = _wait.set(wait)
    try:
        yield
    finally:
        _wait.reset(token)
