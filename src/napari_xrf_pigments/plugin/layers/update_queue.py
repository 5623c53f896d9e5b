"""Add, update and remove layers in small steps, so that the window stays responsive.

napari needs up to a tenth of a second to add a layer. Work on many layers is therefore a generator
of steps, of which one is done per turn of the event loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from qtpy.QtCore import QObject, QTimer

#: Shortest time between the starts of two passes over all layers.
INTERVAL_S = 0.25

Steps = Callable[[], Iterator[None]]


class LayerUpdateQueue(QObject):
    """A queue of passes over layers that does one step per turn of the event loop.

    A throttle of superqt cannot replace it, because a pass takes many turns of the event loop, and
    short work requested by a click is done between its steps.

    Parameters
    ----------
    parent : QObject
        Owner, with which the queue is deleted.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._step)
        self._scheduled: Steps | None = None
        self._prioritised: list[Steps] = []
        self._short: Iterator[None] | None = None
        self._pass: Iterator[None] | None = None
        self._started = -INTERVAL_S

    @property
    def busy(self) -> bool:
        """Whether steps are still to be done."""
        passes = self._pass is not None or self._scheduled is not None
        return passes or self._short is not None or bool(self._prioritised)

    def schedule(self, steps: Steps, restart: bool = False) -> None:
        """Schedule a pass; it replaces another one that has not started.

        Parameters
        ----------
        steps : callable
            Returns the steps, each the work on one layer.
        restart : bool
            Whether to abandon the pass under way.
        """
        self._scheduled = steps
        if restart:
            self._pass = None
        if self._pass is None:
            rest = INTERVAL_S - (time.monotonic() - self._started)
            self._timer.start(max(0, round(1000 * rest)))

    def prioritise(self, steps: Steps) -> None:
        """Do short work before the rest of a pass.

        Parameters
        ----------
        steps : callable
            As in :meth:`schedule`.
        """
        self._prioritised.append(steps)
        self._timer.start(0)

    def stop(self) -> None:
        """Discard all steps that are still to be done."""
        self._prioritised.clear()
        self._scheduled = self._pass = self._short = None
        self._timer.stop()

    def _step(self) -> None:
        try:
            self._work()
        finally:
            # After an error, the other work continues.
            if self._short is not None or self._prioritised or self._pass is not None:
                self._timer.start(0)
            elif self._scheduled is not None:
                self.schedule(self._scheduled)

    def _work(self) -> None:
        if self._short is None and self._prioritised:
            self._short = self._prioritised.pop(0)()
        if self._short is not None:
            self._advance(self._short)
        elif self._pass is not None:
            self._advance(self._pass)
        elif self._scheduled is not None:
            steps, self._scheduled = self._scheduled, None
            self._started = time.monotonic()
            self._pass = steps()
            self._advance(self._pass)

    def _advance(self, steps: Iterator[None]) -> None:
        """Do one step, which may schedule or prioritise further work."""
        ended = True
        try:
            next(steps)
            ended = False
        except StopIteration:
            pass
        finally:
            if ended and steps is self._short:
                self._short = None
            elif ended and steps is self._pass:
                self._pass = None


def run_incrementally(parent: QObject, steps: Iterator[None]) -> None:
    """Do steps, one per turn of the event loop, in a queue that is deleted after the last.

    Parameters
    ----------
    parent : QObject
        Owner, with which the queue is deleted.
    steps : iterator
        Each step is the work on one dock or layer.
    """
    queue = LayerUpdateQueue(parent)

    def all_steps() -> Iterator[None]:
        try:
            yield from steps
        finally:
            # Qt may have deleted it together with its window.
            with suppress(RuntimeError):
                queue.deleteLater()

    queue.schedule(all_steps)
