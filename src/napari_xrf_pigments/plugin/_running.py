"""Drives a generator of finished tiles in a thread: progress, cancel, four updates a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from .tasks import in_thread

INTERVAL_S = 0.25


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Parameters
    ----------
    done, total : int
        Pixels.
    """

    done: int
    total: int


@dataclass(frozen=True)
class Failure:
    """Why a run ended early.

    Parameters
    ----------
    sentence : str
        For the user; empty where it was told already.
    """

    sentence: str


def drain(
    begin: Callable[[], Iterable[Any]],
    add: Callable[[Any], None],
    total: int,
    cancelled: Callable[[], bool] = lambda: False,
    done: int = 0,
) -> Iterator[Progress | Failure]:
    """Take tiles as they come; yield the state at most once an interval.

    Parameters
    ----------
    begin : callable
        Gives the tiles (with ``rows`` and ``columns``); called in the thread, since it may
        load a network.
    add : callable
        Takes a tile.
    total : int
        Number of pixels in all.
    cancelled : callable
        Asked after every tile; the tiles are closed as soon as it says yes.
    done : int
        Pixels that an earlier run has done.
    """
    told = time.monotonic()
    yield Progress(done, total)
    try:
        tiles = iter(begin())
        with closing(tiles) if hasattr(tiles, "close") else _nothing():
            for tile in tiles:
                add(tile)
                height = tile.rows.stop - tile.rows.start
                done += height * (tile.columns.stop - tile.columns.start)
                if cancelled():
                    break
                if time.monotonic() - told >= INTERVAL_S:
                    told = time.monotonic()
                    yield Progress(done, total)
    except (ValueError, OSError) as error:
        yield Failure(str(error))
        return
    yield Progress(done, total)


class TileRun:
    """A run in the background.

    Parameters
    ----------
    begin, add, total
        As for :func:`drain`.
    on_progress : callable
        Called with :class:`Progress` in the main thread.
    on_end : callable
        Called once in the main thread with ``"finished"``, ``"cancelled"`` or a
        :class:`Failure`.
    done : int
        Pixels that an earlier run has done.
    """

    def __init__(
        self,
        begin: Callable[[], Iterable[Any]],
        add: Callable[[Any], None],
        total: int,
        on_progress: Callable[[Progress], None],
        on_end: Callable[[str | Failure], None],
        done: int = 0,
    ) -> None:
        self._on_progress = on_progress
        self._on_end = on_end
        self._end: str | Failure = "finished"
        self._cancelled = threading.Event()
        self._worker = in_thread(drain, begin, add, total, self._cancelled.is_set, done)
        self._worker.yielded.connect(self._take)
        self._worker.errored.connect(self._fail)
        self._worker.finished.connect(self._finish)
        self._worker.start()

    def cancel(self) -> None:
        """Stop after the current tile; what is done stays."""
        self._end = "cancelled"
        self._cancelled.set()

    def abandon(self) -> None:
        """Stop, and tell nobody any more."""
        self._on_progress = lambda progress: None
        self._on_end = lambda end: None
        self.cancel()

    def _take(self, update: Progress | Failure) -> None:
        if isinstance(update, Failure):
            self._end = update
        else:
            self._on_progress(update)

    def _fail(self, error: Exception) -> None:
        # It was shown with the place where it happened.
        self._end = Failure("")

    def _finish(self) -> None:
        self._on_end(self._end)


class _nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...
