"""Brings layers up to date one an event-loop turn, so that the window never stands still."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from qtpy.QtCore import QObject, QTimer

#: Passes over all layers begin at most four times a second.
INTERVAL_S = 0.25

Steps = Callable[[], Iterator[None]]


class LayerFeed(QObject):
    """Works through passes, one step an event-loop turn.

    Parameters
    ----------
    parent : QObject
        With it the feed ends.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._step)
        self._wanted: Steps | None = None
        self._between: list[Steps] = []
        self._short: Iterator[None] | None = None
        self._under_way: Iterator[None] | None = None
        self._begun = -INTERVAL_S

    @property
    def busy(self) -> bool:
        """Whether steps are still to be done."""
        passes = self._under_way is not None or self._wanted is not None
        return passes or self._short is not None or bool(self._between)

    def show(self, steps: Steps, anew: bool = False) -> None:
        """Ask for a pass; of several that wait only the last is done.

        Parameters
        ----------
        steps : callable
            Gives the steps, one layer's work between two ``yield``.
        anew : bool
            Whether the pass under way is pointless now.
        """
        self._wanted = steps
        if anew:
            self._under_way = None
        if self._under_way is None:
            rest = INTERVAL_S - (time.monotonic() - self._begun)
            self._timer.start(max(0, round(1000 * rest)))

    def soon(self, steps: Steps) -> None:
        """Ask for something short that a click wants: done next, before the rest of a pass.

        Parameters
        ----------
        steps : callable
            As for :meth:`show`.
        """
        self._between.append(steps)
        self._timer.start(0)

    def stop(self) -> None:
        """Forget what is still to be done."""
        self._between.clear()
        self._wanted = self._under_way = self._short = None
        self._timer.stop()

    def _step(self) -> None:
        try:
            self._work()
        finally:
            # What raises ends alone: the rest goes on.
            if self._short is not None or self._between or self._under_way is not None:
                self._timer.start(0)
            elif self._wanted is not None:
                self.show(self._wanted)

    def _work(self) -> None:
        if self._short is None and self._between:
            self._short = self._between.pop(0)()
        if self._short is not None:
            self._advance(self._short)
        elif self._under_way is not None:
            self._advance(self._under_way)
        elif self._wanted is not None:
            steps, self._wanted = self._wanted, None
            self._begun = time.monotonic()
            self._under_way = steps()
            self._advance(self._under_way)

    def _advance(self, steps: Iterator[None]) -> None:
        """Do one step, in which others may ask for anything."""
        ended = True
        try:
            next(steps)
            ended = False
        except StopIteration:
            pass
        finally:
            if ended and steps is self._short:
                self._short = None
            elif ended and steps is self._under_way:
                self._under_way = None


def feed_once(parent: QObject, steps: Iterator[None]) -> None:
    """Work through some steps, one an event-loop turn, by a feed that goes with the last.

    Parameters
    ----------
    parent : QObject
        With it the feed ends.
    steps : iterator
        One step's work between two ``yield``.
    """
    feed = LayerFeed(parent)

    def all_of_them() -> Iterator[None]:
        try:
            yield from steps
        finally:
            # With its window it is gone before its end.
            with suppress(RuntimeError):
                feed.deleteLater()

    feed.show(all_of_them)
