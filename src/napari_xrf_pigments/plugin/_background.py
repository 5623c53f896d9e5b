"""Short work in a thread of which only the last answer counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .tasks import in_thread


class Latest:
    """Computes in a thread; while it does, later wishes replace one another.

    Parameters
    ----------
    take : callable
        Gets each answer in the main thread, unless a later wish waits.
    complain : callable, optional
        Gets the sentence of a ``ValueError``, ``OSError`` or ``ImportError``.
    """

    def __init__(
        self, take: Callable[[Any], None], complain: Callable[[str], None] = lambda text: None
    ) -> None:
        self._take, self._complain = take, complain
        self._waiting: Callable[[], Any] | None = None
        self._working = False

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._working

    def ask(self, compute: Callable[[], Any]) -> None:
        """Compute something, after what is being computed."""
        self._waiting = compute
        if not self._working:
            self._begin()

    def forget(self) -> None:
        """No answer is wanted any more."""
        self._waiting = None
        self._take = self._complain = lambda answer: None

    def _begin(self) -> None:
        compute, self._waiting = self._waiting, None
        if compute is None:
            return
        self._working = True

        def work() -> tuple[str, Any]:
            try:
                return "answer", compute()
            except (ValueError, OSError, ImportError) as error:
                return "sentence", str(error)

        worker = in_thread(work)
        worker.returned.connect(self._done)
        worker.errored.connect(lambda error: self._done(("", None)))
        worker.start()

    def _done(self, result: tuple[str, Any]) -> None:
        self._working = False
        kind, value = result
        if self._waiting is not None:
            self._begin()
        elif kind == "answer":
            self._take(value)
        elif kind == "sentence":
            self._complain(value)
